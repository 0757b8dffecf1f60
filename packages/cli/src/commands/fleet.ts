import { watchfulSeconds } from "@steward/contracts/defaults";
import { type BulkResult, flowStages, historyHours, maxBulk, type NodeFilter } from "@steward/contracts/fleet";
import { healthLevels } from "@steward/contracts/heartbeat";
import { nodeKinds } from "@steward/contracts/node";
import { type Command, Option } from "commander";
import type { Context, Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { findNode, listUpTo } from "../list-all.ts";
import { countsText, paintHealth } from "../text/health.ts";
import { sparkline } from "../text/sparkline.ts";
import { table } from "../text/table.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { collect, examples, wholeNumber } from "./shared.ts";

type Call = Awaited<ReturnType<Context["connect"]>>["call"];

/** Which machines, as options say it. */
export interface NodeChoice {
  kind?: NodeFilter["kind"];
  health?: NodeFilter["health"];
  tag?: string;
  agent?: string;
  q?: string;
}

export function filterOf({ kind, health, tag, agent, q }: NodeChoice): NodeFilter {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(health === undefined ? {} : { health }),
    ...(tag === undefined ? {} : { tag }),
    ...(agent === undefined ? {} : { version: agent }),
    ...(q === undefined ? {} : { q }),
  };
}

const plotWidth = 60;
const plotHours = () =>
  new Option("--hours <number>", "how far back").argParser(wholeNumber(1, historyHours)).default(24);

/** Of all machines together, and of one. */
export function addFleetViews(nodes: Command, run: Runner): void {
  const history = nodes
    .command("history")
    .description("How a machine's metrics were over the last hours; without one, how many machines were well.")
    .argument("[node]", "id or name")
    .addOption(plotHours())
    .action(async (given: string | undefined, options: { hours: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const query = { hours: options.hours };
        const span = { fromMs: nowMs() - options.hours * 3_600_000, toMs: nowMs(), width: plotWidth };
        if (given === undefined) {
          const answer = await call("fleetHistory", { query });
          ui.data(answer);
          const most = Math.max(1, ...answer.points.map((point) => point.healthy));
          type Step = (typeof answer.points)[number];
          plot(
            ui,
            answer.points,
            span,
            healthLevels.map((level) => [level, most, (point: Step) => point[level]] as const),
          );
          return;
        }
        const node = await findNode(call, given);
        const answer = await call("nodeHistory", { params: { nodeId: node.id }, query });
        ui.data(answer);
        const load = Math.max(1, ...answer.points.map((point) => point.loadAverage1m));
        type Point = (typeof answer.points)[number];
        plot(ui, answer.points, span, [
          ["cpu %", 100, (point: Point) => point.cpuPercent],
          ["memory %", 100, (point: Point) => point.memoryPercent],
          ["disk %", 100, (point: Point) => point.diskPercent],
          ["load", load, (point: Point) => point.loadAverage1m],
        ]);
      }),
    );
  examples(history, "steward nodes history --hours 168", "steward nodes history bert");

  nodes
    .command("topology")
    .description("Sites, gateways and workers, and how they are.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const answer = await call("topology", {});
        ui.data(answer);
        const { paint, width } = ui;
        const rows = [
          ...answer.sites.map((site) => ({ what: `site ${site.name}`, node: undefined, ...site })),
          ...answer.gateways.map((gateway) => ({ what: `behind ${gateway.name}`, node: gateway.node, ...gateway })),
        ];
        if (rows.length === 0) ui.say("No machine has a tag site:… or gateway:….");
        else {
          ui.say(
            table(
              rows,
              [
                { head: "WHERE", cell: (row) => visible(row.what), flexible: true },
                { head: "MACHINES", cell: (row) => String(row.nodes) },
                { head: "", cell: (row) => countsText(row.counts, paint) },
                { head: "GATEWAY", cell: (row) => (row.node === undefined ? "" : paintHealth(row.node.health, paint)) },
              ],
              width,
              paint,
            ),
          );
        }
        ui.say(`elsewhere: ${countsText(answer.elsewhere, paint)}`);
        for (const worker of answer.workers) {
          ui.say(`${visible(worker.name)}: ${paintHealth(worker.health, paint)}, ${worker.used}/${worker.slots} slots`);
        }
      }),
    );

  nodes
    .command("flow")
    .description("How many requests are in each stage just now.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const answer = await call("flow", {});
        ui.data(answer);
        const width = Math.max(...flowStages.map((stage) => stage.length));
        for (const { stage, count, more } of answer.stages) {
          ui.say(`${stage.replaceAll("_", " ").padEnd(width)}  ${count}${more ? "+" : ""}`);
        }
        for (const { lane, queued, inFlight } of answer.lanes) {
          ui.say(ui.paint.dim(`lane ${lane}: ${queued} queued, ${inFlight} in flight`));
        }
        ui.say(ui.paint.dim(`slots: ${answer.slots.used} of ${answer.slots.total} at work`));
      }),
    );

  nodes
    .command("stats")
    .description("Counts and means over all machines.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const answer = await call("clusterStats", {});
        ui.data(answer);
        for (const kind of nodeKinds) {
          const counts = answer.nodes[kind];
          if (counts !== undefined) ui.say(`${`${kind}s`.padEnd(11)} ${countsText(counts, ui.paint)}`);
        }
        const { means, workers } = answer;
        if (means !== undefined) {
          ui.say(`means       cpu ${means.cpuPercent} %, memory ${means.memoryPercent} %, disk ${means.diskPercent} %`);
        }
        ui.say(`heartbeats  ${answer.heartbeatsPerMinute} a minute`);
        ui.say(`slots       ${workers.used} of ${workers.slots} at work, on ${workers.ready} workers that are ready`);
      }),
    );
}

function plot<Point extends { at: string }>(
  ui: Ui,
  points: readonly Point[],
  span: { fromMs: number; toMs: number; width: number },
  lines: readonly (readonly [label: string, top: number, valueOf: (point: Point) => number])[],
): void {
  if (points.length === 0) {
    ui.say("Nothing is known of that time. A step is kept every five minutes.");
    return;
  }
  for (const [label, top, valueOf] of lines) {
    const values = points.map((point) => ({ atMs: Date.parse(point.at), value: valueOf(point) }));
    const most = Math.max(...values.map(({ value }) => value));
    const last = values.at(-1)?.value ?? 0;
    const round = (value: number) => String(Math.round(value * 10) / 10);
    ui.say(
      `${label.padEnd(9)} ${sparkline(values, { ...span, top })} ${ui.paint.dim(`now ${round(last)}, most ${round(most)}`)}`,
    );
  }
}

/** What is done to many machines at once. */
export function addFleetChanges(nodes: Command, run: Runner): void {
  const tag = choosing(nodes.command("tag"))
    .description("Add and remove tags. Rules, windows and targets go by them.")
    .option("--add <key:value>", "a tag; more than once", collect)
    .option("--remove <key:value>", "a tag; more than once", collect)
    .action(
      async (given: string[], options: Chosen & { add?: string[]; remove?: string[] }, self: Command): Promise<void> =>
        run(self, async (context): Promise<ExitCode> => {
          const { add = [], remove = [], ...chosen } = options;
          if (add.length + remove.length === 0) throw usageError("No tag was named", "Use --add or --remove.");
          return change(context, { given, chosen, change: { kind: "tags", add, remove }, verb: "tag" });
        }),
    );
  examples(
    tag,
    "steward nodes tag bert --add ring:canary",
    "steward nodes tag --tag site:bonn --remove site:bonn --add site:koeln",
  );

  const interval = choosing(nodes.command("interval"))
    .description("How often appliances beat. It is a part of their configuration, and the gate is asked.")
    .requiredOption("--seconds <number>", "15 to 300", wholeNumber(15, 300))
    .action(async (given: string[], options: Chosen & { seconds: number }, self: Command) =>
      run(self, async (context): Promise<ExitCode> => {
        const { seconds, ...chosen } = options;
        return change(context, { given, chosen, change: { kind: "interval", seconds }, verb: "set the interval of" });
      }),
    );
  examples(interval, "steward nodes interval --tag site:berlin --seconds 300");

  const remove = choosing(nodes.command("remove"))
    .description("Take machines off the list, and shut them out.")
    .action(async (given: string[], options: Chosen, self: Command) =>
      run(
        self,
        async (context): Promise<ExitCode> =>
          change(context, { given, chosen: options, change: { kind: "remove" }, verb: "remove" }),
      ),
    );
  examples(remove, "steward nodes remove --health offline --tag site:closed");
}

interface Chosen extends NodeChoice {
  yes?: boolean;
}

function choosing(command: Command): Command {
  return command
    .argument("[node...]", "ids or names; or choose by the options")
    .addOption(new Option("--kind <kind>", "all of this kind").choices([...nodeKinds]))
    .addOption(new Option("--health <level>", "all at this level").choices([...healthLevels]))
    .option("--tag <key:value>", "all with this tag")
    .option("--agent <version>", "all with this build of the agent")
    .option("--q <text>", "all with this in the name, the host's name, the id or a tag")
    .option("--yes", "without being asked");
}

/** Lists first, shows how many are meant, and sends them in parts: each machine has its own outcome. */
async function change(
  { connect, ui }: Context,
  input: {
    given: readonly string[];
    chosen: Chosen;
    change: BulkChange;
    verb: string;
  },
): Promise<ExitCode> {
  const { call } = await connect();
  const { yes, ...choice } = input.chosen;
  const named = await chosenNodes(call, input.given, choice);
  if (named.length === 0) {
    ui.data({ changed: 0, items: [] });
    ui.say("No machine is like that.");
    return exitCodes.ok;
  }
  const isSafe = input.given.length > 0 && !takesAYes(input.change);
  if (yes !== true && !isSafe) {
    if (!ui.canAsk) throw usageError("Nobody is there to ask", "Use --yes if you mean it.");
    const shown = named.slice(0, 5).map(({ name }) => visible(name));
    const rest = named.length > shown.length ? ` and ${named.length - shown.length} more` : "";
    if ((await ui.confirm(`${input.verb} ${shown.join(", ")}${rest}?`)) !== true) {
      ui.say("Nothing was done.");
      return exitCodes.failed;
    }
  }
  // Whoever got here past the question has said yes, also to what the gate wants one for.
  const change: BulkChange =
    input.change.kind === "interval" && (yes === true || !isSafe) ? { ...input.change, confirm: true } : input.change;
  const total: BulkResult = { changed: 0, items: [] };
  const done = ui.progress(() => `${total.items.length} of ${named.length}`);
  try {
    for (let at = 0; at < named.length; at += maxBulk) {
      const part = named.slice(at, at + maxBulk).map(({ id }) => id);
      const answer = await call("bulkNodes", { body: { nodes: part, change } });
      total.changed += answer.changed;
      total.items.push(...answer.items);
    }
  } finally {
    done();
  }
  ui.data(total);
  const failed = total.items.filter(({ outcome }) => outcome === "failed");
  const nameOf = new Map(named.map(({ id, name }) => [id, name]));
  ui.say(
    `${ui.paint.green("✔")} ${total.changed} changed, ${total.items.length - total.changed - failed.length} were so already.`,
  );
  for (const { id, problem = "" } of failed) {
    ui.say(`${ui.paint.red("✘")} ${visible(nameOf.get(id) ?? id)}: ${visible(problem)}`);
  }
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

type BulkChange =
  | { kind: "tags"; add: string[]; remove: string[] }
  | { kind: "interval"; seconds: number; confirm?: boolean }
  | { kind: "remove" };

/** Also of machines that were named one by one. */
function takesAYes(change: BulkChange): boolean {
  return change.kind === "remove" || (change.kind === "interval" && change.seconds > watchfulSeconds);
}

async function chosenNodes(
  call: Call,
  given: readonly string[],
  choice: NodeChoice,
): Promise<{ id: string; name: string }[]> {
  const filter = filterOf(choice);
  const filters = Object.keys(filter).length;
  if (given.length > 0 && filters > 0) throw usageError("Machines are named and chosen at once", "Do one of the two.");
  if (given.length > 0) {
    const found = [];
    for (const one of given) found.push(await findNode(call, one));
    return found;
  }
  if (filters === 0)
    throw usageError("No machine was named", "Name some, or choose by --tag, --health, --kind or --q.");
  const { items, more } = await listUpTo(100_000, (query) => call("listNodes", { query: { ...query, ...filter } }));
  if (more) throw new CliError(exitCodes.failed, "More than 100,000 machines are like that");
  return items;
}
