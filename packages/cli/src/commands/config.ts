import { readFileSync } from "node:fs";
import { type ApplianceConfig, type ConfigView, noConfig } from "@steward/contracts/appliance-config";
import { changedFields } from "@steward/contracts/changed-fields";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { GateResult } from "@steward/contracts/task";
import type { Command } from "commander";
import { configFields, parseConfig, withFields } from "../config-fields.ts";
import type { Runner } from "../context.ts";
import { CliError, exitCodes, usageError } from "../exit-codes.ts";
import { findNode, listUpTo } from "../list-all.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible, visibleLines } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples, wholeNumber } from "./shared.ts";

interface SetOptions {
  file?: string;
  revision?: number;
  yes?: boolean;
}

export function addConfig(program: Command, run: Runner): void {
  const config = program
    .command("config")
    .summary("how an appliance's agent behaves between its runs")
    .description(
      "How often an appliance tells how it is, what it watches, and how it is called. See docs/configuration.md.",
    );

  const get = config
    .command("get")
    .description("The configuration in force, and whether the appliance keeps to it.")
    .argument("<appliance>", "id or name")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const view = await load(call, given);
        ui.data(view);
        ui.say(visibleLines(JSON.stringify(view.config, null, 2)));
        ui.say(standing(view, ui, nowMs()));
      }),
    );
  examples(get, "steward config get nas-1", "steward config get nas-1 --json | jq .config > nas.json");

  const set = config
    .command("set")
    .description(
      `Changes fields of a configuration (${configFields.map((field) => `${field}=`).join(", ")}), or replaces it by a file. Nothing behind the = takes a field away.`,
    )
    .argument("<appliance>", "id or name")
    .argument("[fields...]", "interval=120 services=nginx,smbd temperature=70/85 drives=no")
    .option("--file <path>", "a JSON file with the whole configuration; - is the standard input")
    .option("--revision <number>", "only if this one is in force still", wholeNumber(0, 1_000_000_000))
    .option("--yes", "say yes to what the gate wants a yes for")
    .action(async (given: string, fields: string[], options: SetOptions, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        if ((options.file === undefined) === (fields.length === 0)) {
          throw usageError("Say what is to change: fields, or --file");
        }
        const { call } = await connect();
        const before = await load(call, given);
        const after = withFields(options.file === undefined ? before.config : readConfig(options.file), fields);
        const body = { config: after, revision: options.revision ?? before.revision };
        const put = (more: { confirm?: boolean; confirmation?: string }) =>
          call("putConfig", { params: { nodeId: before.nodeId }, body: { ...body, ...more } });
        if (!ui.json) for (const line of difference(before.config, after, ui)) ui.say(line);
        const view = await put(options.yes === true ? { confirm: true } : {}).catch(async (error: unknown) =>
          put(await yesTo(error, before, ui)),
        );
        ui.data(view);
        if (view.revision === before.revision) {
          ui.say("It is so already.");
          ui.say(standing(view, ui, nowMs()));
        } else {
          ui.say(
            `${ui.paint.green("✔")} Revision ${view.revision}. ${visible(view.name)} takes it up with its next heartbeat.`,
          );
        }
      }),
    );
  examples(
    set,
    "steward config set nas-1 interval=120 services=nginx,smbd",
    "steward config set nas-1 certificates=/etc/ssl/nas.pem filesystems=/srv,/backup",
    "steward config set nas-1 --file nas.json --revision 4",
  );

  config
    .command("history")
    .description("Earlier configurations, the newest first: who changed what.")
    .argument("<appliance>", "id or name")
    .option("--limit <number>", "how many", wholeNumber(1, 10_000), 20)
    .action(async (given: string, options: { limit: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const node = await findNode(call, given, "appliance");
        // One more than shown: what the last of them changed.
        const { items, more } = await revisions(call, node.id, options.limit + 1);
        const shown = items.slice(0, options.limit);
        ui.data({ items: shown, more: more || items.length > shown.length });
        if (shown.length === 0) ui.say("Nobody has set one.");
        else {
          ui.say(
            table(
              shown.map((one, index) => ({ ...one, before: items[index + 1]?.config ?? noConfig })),
              [
                { head: "REVISION", cell: (one) => String(one.revision) },
                { head: "WHEN", cell: (one) => relative(one.changedAt, nowMs()) },
                { head: "WHO", cell: (one) => visible(one.changedBy.name) },
                {
                  head: "CHANGED",
                  cell: (one) =>
                    changedFields(one.before, one.config)
                      .map(({ path }) => path)
                      .join(", ") || "nothing",
                  flexible: true,
                },
              ],
              ui.width,
              ui.paint,
            ),
          );
        }
      }),
    );

  const diff = config
    .command("diff")
    .description(
      "What differs between two revisions; without any, between the one that is reported and the one in force.",
    )
    .argument("<appliance>", "id or name")
    .argument("[from]", "a revision; 0 is none at all", wholeNumber(0, 1_000_000_000))
    .argument("[to]", "another; without it, the one in force", wholeNumber(0, 1_000_000_000))
    .action(async (given: string, from: number | undefined, to: number | undefined, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const view = await load(call, given);
        const [older, newer] = [from ?? view.reported ?? 0, to ?? view.revision];
        const [before, after] = await Promise.all([older, newer].map((one) => configOf(call, view, one)));
        const changes = changedFields(before ?? noConfig, after ?? noConfig);
        ui.data({ from: older, to: newer, changes });
        ui.say(ui.paint.bold(`revision ${older} → ${newer}`));
        for (const line of difference(before ?? noConfig, after ?? noConfig, ui)) ui.say(line);
        if (changes.length === 0) ui.say("Nothing differs.");
      }),
    );
  examples(diff, "steward config diff nas-1", "steward config diff nas-1 3", "steward config diff nas-1 3 5 --json");
}

async function load(call: Client, given: string): Promise<ConfigView> {
  const node = await findNode(call, given, "appliance");
  return call("getConfig", { params: { nodeId: node.id } });
}

function revisions(call: Client, nodeId: string, limit: number) {
  return listUpTo(limit, (query) => call("listConfigRevisions", { params: { nodeId }, query }));
}

async function configOf(call: Client, view: ConfigView, revision: number): Promise<ApplianceConfig> {
  if (revision === 0) return noConfig;
  if (revision === view.revision) return view.config;
  const { items } = await revisions(call, view.nodeId, Math.max(1, view.revision - revision + 1));
  const found = items.find((one) => one.revision === revision);
  if (found !== undefined) return found.config;
  throw new CliError(exitCodes.failed, `There is no revision ${revision}`, {
    next: `See them: steward config history ${view.name}`,
  });
}

/** A person's yes to what the gate wants one for; anything else is thrown as it came. */
async function yesTo(
  error: unknown,
  view: ConfigView,
  ui: Ui,
): Promise<{ confirm: boolean } | { confirmation: string }> {
  const gate = error instanceof AppError ? (error.details?.["gate"] as GateResult | undefined) : undefined;
  if (gate?.decision !== "needs_approval" || !ui.canAsk) throw error;
  ui.say(visible(error instanceof Error ? error.message : ""));
  if (gate.approver === "retype") {
    const typed = await ui.question(`Retype ${visible(view.name)} to confirm: `);
    if (typed === undefined) throw error;
    return { confirmation: typed.trim() };
  }
  if (gate.approver !== "requester" || (await ui.confirm("Change it?")) !== true) throw error;
  return { confirm: true };
}

function readConfig(file: string): ApplianceConfig {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw usageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(`${file} is not JSON`);
  }
  // Also what `get --json` has printed.
  return parseConfig(typeof value === "object" && value !== null && "config" in value ? value.config : value);
}

function difference(before: object, after: object, { paint }: Pick<Ui, "paint">): string[] {
  const text = (value: unknown) => visible(JSON.stringify(value));
  return changedFields(before, after).flatMap((one) => [
    `  ${paint.bold(visible(one.path))}`,
    ...("before" in one ? [paint.red(`  - ${text(one.before)}`)] : []),
    ...("after" in one ? [paint.green(`  + ${text(one.after)}`)] : []),
  ]);
}

function standing(
  { revision, reported, sync, changedBy, changedAt }: ConfigView,
  { paint }: Ui,
  nowMs: number,
): string {
  const by = changedBy === undefined ? "nobody has set one" : `by ${visible(changedBy.name)}`;
  const at = changedAt === undefined ? "" : ` ${relative(changedAt, nowMs)}`;
  const keeps = {
    in_sync: paint.green("the appliance keeps to it"),
    pending: paint.yellow(`the appliance keeps to revision ${reported ?? 0} still`),
    unknown: "the appliance has not said what it keeps to",
  };
  return `${paint.dim(`revision ${revision}, ${by}${at};`)} ${keeps[sync]}`;
}
