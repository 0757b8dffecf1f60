import { defaults } from "@steward/contracts/defaults";
import { healthLevels } from "@steward/contracts/heartbeat";
import { type NodeSort, nodeSorts } from "@steward/contracts/fleet";
import { type NodeKind, type NodeView, nodeKinds } from "@steward/contracts/node";
import type { NodeRunView } from "@steward/contracts/run";
import { type Command, Option } from "commander";
import { carryThrough } from "../carry-through.ts";
import type { Context, Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { findNode, listUpTo } from "../list-all.ts";
import { countsText, paintHealth } from "../text/health.ts";
import { inventoryOf } from "../text/inventory.ts";
import type { Look, Paint } from "../text/paint.ts";
import { filled, table } from "../text/table.ts";
import { paintRunStatus, valueText } from "../text/task.ts";
import { duration, relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { gpusText, gpuText, modelsText } from "../text/worker.ts";
import type { Ui } from "../ui.ts";
import { collect, examples, wholeNumber } from "./shared.ts";
import { confirmByEye, inGroups } from "./confirm-node.ts";
import { followEnrolment, hostCommand } from "./enroll-worker.ts";
import { addFleetChanges, addFleetViews, filterOf, type NodeChoice } from "./fleet.ts";
import { addWorkerViews } from "./workers.ts";

export function addAppliances(program: Command, run: Runner): void {
  const appliances = program
    .command("appliances")
    .summary("the home servers")
    .description("The home servers of the tenant.");
  addList(appliances, run, "appliance");
  addShow(appliances, run, "appliance");
  addRuns(appliances, run);
  addEnroll(appliances, run, "appliance");
  addConfirm(appliances, run, "appliance");
  addRevoke(appliances, run, "appliance");
  addRemove(appliances, run, "appliance");
  appliances
    .command("ping")
    .description("Send an appliance the smallest task there is, and say how long it took.")
    .argument("<appliance>")
    .action(async (given: string, _options: object, self: Command) => run(self, (context) => ping(context, given)));
}

export function addWorkers(program: Command, run: Runner): void {
  const workers = program
    .command("workers")
    .summary("the machines that run models")
    .description("The machines that run models.");
  addList(workers, run, "worker");
  addShow(workers, run, "worker");
  addEnroll(workers, run, "worker");
  addConfirm(workers, run, "worker");
  addRevoke(workers, run, "worker");
  addRemove(workers, run, "worker");
  addWorkerViews(workers, run);
}

export function addNodes(program: Command, run: Runner): void {
  const nodes = program.command("nodes").summary("all machines").description("All machines of the tenant.");
  addList(nodes, run);
  addShow(nodes, run);
  nodes
    .command("health")
    .description("How many are well, and which are not.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const [summary, unwell] = await Promise.all([call("fleetHealth", {}), unwellNodes(call)]);
        ui.data({ ...summary, unwell });
        ui.say(countsText(summary.counts, ui.paint));
        if (summary.versions.length > 1) {
          ui.say(
            ui.paint.dim(
              `agents: ${summary.versions.map((one) => `${visible(one.version)} on ${one.nodes}`).join(", ")}`,
            ),
          );
        }
        if (unwell.length > 0) ui.say(`\n${nodesTable(unwell, ui, nowMs())}`);
      }),
    );
  addFleetViews(nodes, run);
  addFleetChanges(nodes, run);
}

/** Everything that is not `healthy`, the worst first; then what is in quarantine or does not renew its certificate. */
export async function unwellNodes(call: Awaited<ReturnType<Context["connect"]>>["call"]): Promise<NodeView[]> {
  const levels = ["critical", "offline", "warning"] as const;
  const lists = await Promise.all(
    [...levels.map((health) => ({ health })), { attention: "true" } as const].map((filter) =>
      listUpTo(200, (query) => call("listNodes", { query: { ...query, ...filter } })),
    ),
  );
  return [...new Map(lists.flatMap((list) => list.items).map((node) => [node.id, node])).values()];
}

/** `kind`: only these; without it all machines. */
function addList(parent: Command, run: Runner, kind?: NodeKind): void {
  const things = kind === undefined ? "machines" : `${kind}s`;
  const command = parent
    .command("ls")
    .description(`The ${things}.`)
    .addOption(new Option("--health <level>", "only these").choices([...healthLevels]))
    .option("--tag <key:value>", "only with this tag")
    .option("--agent <version>", "only with this build of the agent")
    .option("--q <text>", "only with this in the name, the host's name, the id or a tag")
    .addOption(new Option("--sort <by>", "in this order").choices([...nodeSorts]))
    .option("--reverse", "the other way round")
    .addOption(new Option("--format <how>", "another form than a table").choices(["table", "ansible-inventory"]))
    .option("--limit <number>", "how many", wholeNumber(1, 100_000), 1000);
  if (kind === undefined) command.addOption(new Option("--kind <kind>", "only these").choices([...nodeKinds]));
  type Options = NodeChoice & { sort?: NodeSort; reverse?: boolean; format?: string; limit: number };
  command.action(async (options: Options, self: Command) =>
    run(self, async ({ connect, ui, nowMs }) => {
      const { limit, sort, reverse, format, ...choice } = options;
      const { call } = await connect();
      const filter = filterOf({ ...choice, ...(kind === undefined ? {} : { kind }) });
      const { items, more } = await listUpTo(format === "ansible-inventory" ? 100_000 : limit, (query) =>
        call("listNodes", {
          query: { ...query, ...filter, ...(sort ? { sort } : {}), ...(reverse ? { order: "desc" as const } : {}) },
        }),
      );
      if (format === "ansible-inventory") {
        await ui.stream(`${JSON.stringify(inventoryOf(items), undefined, 2)}\n`);
        return;
      }
      ui.data({ items, more });
      if (items.length === 0) ui.say(`No ${things}${Object.keys(choice).length > 0 ? " like that" : ""}.`);
      else ui.say(nodesTable(items, ui, nowMs()));
      if (more) ui.say(ui.paint.dim(`… and more: --limit ${limit * 2}`));
    }),
  );
  examples(
    command,
    `steward ${parent.name()} ls --health offline --sort seen`,
    `steward ${parent.name()} ls --format ansible-inventory > inventory.json && ansible-inventory -i inventory.json --list`,
  );
}

function addShow(parent: Command, run: Runner, kind?: NodeKind): void {
  parent
    .command("show")
    .description(`One ${kind ?? "machine"}, with what it says of itself.`)
    .argument(`<${kind ?? "node"}>`, "id or name")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const node = await findNode(call, given, kind);
        ui.data(node);
        ui.say(nodeText(node, ui.paint, nowMs()));
      }),
    );
}

function addEnroll(parent: Command, run: Runner, kind: NodeKind): void {
  const command = parent
    .command("enroll")
    .description(`A single-use token with which a new ${kind} enrols. It is shown once.`)
    .argument("<name>", "lower-case letters, digits and hyphens")
    .option("--tag <key:value>", "a tag; more than once", collect);
  if (kind === "appliance")
    command.addOption(new Option("--doorbell <way>", "how it is called").choices(["pull", "ssm"]).default("pull"));
  else command.option("--no-wait", "do not wait for it to enrol");
  type Options = { tag?: string[]; doorbell?: "pull" | "ssm"; wait?: boolean };
  command.action(async (name: string, options: Options, self: Command) =>
    run(self, async ({ connect, ui, nowMs }): Promise<ExitCode> => {
      const { call, apiUrl } = await connect();
      const invitation = await call("inviteNode", {
        body: {
          kind,
          name,
          tags: options.tag ?? [],
          ...(options.doorbell === undefined ? {} : { doorbell: options.doorbell }),
        },
      });
      ui.data(invitation);
      ui.say(`${ui.paint.green("✔")} ${visible(name)} may enrol  ${ui.paint.dim(invitation.nodeId)}\n`);
      ui.say(`  ${ui.paint.bold(visible(invitation.token))}\n`);
      ui.say(`The token is shown only now, works once, and ends ${relative(invitation.expiresAt, nowMs())}.`);
      if (kind === "worker") {
        ui.say(`On the host, in the folder of the worker's build (dist/worker), as whoever may be root:\n`);
        ui.say(`  ${ui.paint.bold(hostCommand(apiUrl))}\n`);
        ui.say("Paste the token there, and end the input with Ctrl-D.");
        if (options.wait !== false && ui.canAsk) {
          return followEnrolment(call, { ...invitation, name, ui });
        }
        ui.say(`Then compare the fingerprint on its screen:\n  steward workers confirm ${name}`);
        return exitCodes.ok;
      }
      ui.say(`Give it to the ${kind}, compare the fingerprint on its screen, then:`);
      ui.say(`  steward ${kind}s confirm ${name}`);
      return exitCodes.ok;
    }),
  );
  examples(command, `steward ${kind}s enroll bert --tag site:berlin`);
}

function addConfirm(parent: Command, run: Runner, kind: NodeKind): void {
  const command = parent
    .command("confirm")
    .description(
      "Say that an enrolled machine is the one it claims to be: its key's fingerprint is the one on its screen.",
    )
    .argument(`<${kind}>`, "id or name")
    .option("--fingerprint <sha256>", "what its screen shows, for scripts")
    .action(async (given: string, options: { fingerprint?: string }, self: Command) =>
      run(self, async ({ connect, ui }): Promise<ExitCode> => {
        const { call } = await connect();
        const node = await findNode(call, given, kind);
        const { keyFingerprint } = node;
        if (keyFingerprint === undefined) {
          throw new CliError(exitCodes.failed, `${node.name} has not enrolled yet`, {
            next: "Enrol it with its token first.",
          });
        }
        if (options.fingerprint !== undefined) {
          if (options.fingerprint.toLowerCase().replaceAll(":", "") !== keyFingerprint) {
            throw new CliError(
              exitCodes.failed,
              `The fingerprint is another one: ${node.name} enrolled with ${keyFingerprint}`,
              {
                next: "Do not confirm it: another machine may have used the token.",
              },
            );
          }
        }
        const confirmed =
          options.fingerprint === undefined
            ? await confirmByEye(call, { ...node, keyFingerprint }, ui)
            : await call("confirmNode", { params: { nodeId: node.id }, body: { keyFingerprint } });
        if (confirmed === undefined) {
          ui.say(kind === "appliance" ? "Not confirmed. It gets no runs." : "Not confirmed.");
          return exitCodes.failed;
        }
        ui.data(confirmed);
        ui.say(`${ui.paint.green("✔")} ${visible(confirmed.name)} is confirmed.`);
        return exitCodes.ok;
      }),
    );
  examples(command, `steward ${kind}s confirm bert`);
}

function addRevoke(parent: Command, run: Runner, kind: NodeKind): void {
  const command = parent
    .command("revoke")
    .summary(`shut a ${kind === "appliance" ? "stolen appliance" : "worker"} out at once`)
    .description(
      `Shut ${kind === "appliance" ? "an appliance" : "a worker"} out at once: none of its certificates counts any more, ` +
        `what waits for it is cancelled, and nothing that it still uploads is shown. It stays on the list; to take it back, ` +
        `remove it and enrol it with a new token.`,
    )
    .argument(`<${kind}>`, "id or name")
    .requiredOption("--reason <text>", "why, for the audit trail")
    .option("--yes", "without being asked")
    .action(async (given: string, options: { reason: string; yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }): Promise<ExitCode> => {
        const { call } = await connect();
        const node = await findNode(call, given, kind);
        if (!(await isMeant(ui, node, "revoke", options.yes))) return exitCodes.failed;
        const revoked = await call("revokeNode", { params: { nodeId: node.id }, body: { reason: options.reason } });
        ui.data(revoked);
        ui.say(`${ui.paint.green("✔")} ${visible(node.name)} is out.`);
        if (kind === "appliance") ui.say("What it knew stays known: rotate the passwords that it had.");
        return exitCodes.ok;
      }),
    );
  examples(command, `steward ${kind}s revoke bert --reason "stolen from the Berlin office"`);
}

function addRemove(parent: Command, run: Runner, kind: NodeKind): void {
  const command = parent
    .command("remove")
    .description(
      `Take ${kind === "appliance" ? "an appliance" : "a worker"} off the list, and shut it out like revoke.`,
    )
    .argument(`<${kind}>`, "id or name")
    .option("--yes", "without being asked")
    .action(async (given: string, options: { yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }): Promise<ExitCode> => {
        const { call } = await connect();
        const node = await findNode(call, given, kind);
        if (!(await isMeant(ui, node, "remove", options.yes))) return exitCodes.failed;
        await call("removeNode", { params: { nodeId: node.id } });
        ui.data({ removed: node.id });
        ui.say(`${ui.paint.green("✔")} ${visible(node.name)} is removed.`);
        return exitCodes.ok;
      }),
    );
  examples(command, `steward ${kind}s remove bert`);
}

/** A machine's name is retyped: what is done to it cannot be taken back. */
async function isMeant(ui: Ui, node: NodeView, verb: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!ui.canAsk) throw usageError("Nobody is there to ask", "Use --yes if you mean it.");
  const typed = await ui.question(`Retype ${ui.paint.bold(visible(node.name))} to ${verb} it: `);
  if (typed?.trim() === node.name) return true;
  ui.say("Nothing was done.");
  return false;
}

async function ping({ connect, ui, nowMs }: Context, given: string): Promise<ExitCode> {
  const { call } = await connect();
  const node = await findNode(call, given, "appliance");
  const startedMs = nowMs();
  const task = await call("submitTask", {
    body: { steps: [{ action: "system.ping", variables: {} }], targets: [node.id] },
    idempotencyKey: crypto.randomUUID(),
  });
  const code = await carryThrough(call, task, ui, nowMs, { yes: true });
  if (code === exitCodes.ok) ui.say(`${visible(node.name)} answered after ${duration(nowMs() - startedMs)}.`);
  return code;
}

function addRuns(appliances: Command, run: Runner): void {
  const command = appliances
    .command("runs")
    .description("What has run on an appliance, and what is to: of all tasks, the newest first.")
    .argument("<appliance>", "id or name")
    .option("--limit <number>", "how many", wholeNumber(1, 10_000), 20)
    .action(async (given: string, options: { limit: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { id: nodeId } = await findNode(call, given, "appliance");
        const found = await listUpTo(options.limit, (query) => call("listNodeRuns", { params: { nodeId }, query }));
        ui.data(found);
        if (found.items.length === 0) ui.say("Nothing has run there.");
        else ui.say(runsTable(found.items, ui, nowMs()));
        if (found.more) ui.say(ui.paint.dim(`… and more: --limit ${options.limit * 2}`));
      }),
    );
  examples(command, "steward appliances runs bert");
}

function runsTable(items: readonly NodeRunView[], { width, paint }: Look, nowMs: number): string {
  return table(
    items,
    [
      { head: "TASK", cell: (one) => one.taskId },
      { head: "STATUS", cell: (one) => paintRunStatus(one.status, one.status, paint) },
      { head: "WHAT", cell: (one) => one.steps.map(({ action }) => visible(action)).join(", "), flexible: true },
      { head: "WHY", cell: (one) => visible(one.reason ?? ""), flexible: true },
      { head: "WHEN", cell: (one) => relative(one.startedAt ?? one.createdAt, nowMs) },
    ],
    width,
    paint,
  );
}

/** Also used by `status`. */
export function nodesTable(items: readonly NodeView[], look: Look, nowMs: number): string {
  const { width, paint } = look;
  if (items.every((node) => node.kind === "worker")) return workersTable(items, look, nowMs);
  return table(
    items,
    [
      { head: "NAME", cell: (node) => visible(node.name) },
      { head: "HEALTH", cell: (node) => paintHealth(node.health, paint) },
      { head: "SEEN", cell: (node) => (node.lastSeenAt === undefined ? "never" : relative(node.lastSeenAt, nowMs)) },
      { head: "DISK", cell: (node) => (node.metrics ? `${Math.round(node.metrics.diskPercent)} %` : "") },
      { head: "TAGS", cell: (node) => node.tags.map(visible).join(" "), flexible: true },
      { head: "", cell: (node) => noteText(node, paint, nowMs) },
      { head: "ID", cell: (node) => node.id },
    ],
    width,
    paint,
  );
}

function workersTable(items: readonly NodeView[], { width, paint }: Look, nowMs: number): string {
  return table(
    items,
    [
      { head: "NAME", cell: (node) => visible(node.name), flexible: true },
      { head: "HEALTH", cell: (node) => paintHealth(node.health, paint) },
      { head: "SEEN", cell: (node) => (node.lastSeenAt === undefined ? "never" : relative(node.lastSeenAt, nowMs)) },
      { head: "SLOTS", cell: ({ capacity }) => (capacity ? `${capacity.used}/${capacity.slots}` : "") },
      { head: "ID", cell: (node) => node.id },
    ],
    width,
    paint,
    (node) => {
      const about = filled([noteText(node, paint, nowMs), modelsText(node), gpusText(node.gpus)]);
      return filled([about.join(" · "), node.tags.map(visible).join(" ")]);
    },
  );
}

function noteText(node: NodeView, paint: Paint, nowMs: number): string {
  if (node.revokedAt !== undefined) return paint.red("revoked");
  if (node.quarantinedAt !== undefined) return paint.red("in quarantine");
  if (!node.confirmed) return paint.yellow("not confirmed");
  const endsMs = node.certificateExpiresAt === undefined ? undefined : Date.parse(node.certificateExpiresAt) - nowMs;
  if (endsMs !== undefined && endsMs < 0) return paint.red("certificate has ended");
  if (endsMs !== undefined && endsMs < defaults.certificateWarningSeconds * 1000)
    return paint.yellow("certificate ends soon");
  if (node.draining === true) return paint.yellow("draining");
  return node.executor === "simulate" ? paint.dim("simulates") : "";
}

function nodeText(node: NodeView, paint: Paint, nowMs: number): string {
  const lines = [`${paint.bold(visible(node.name))}  ${paintHealth(node.health, paint)}  ${paint.dim(node.id)}`];
  const row = (label: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") lines.push(`  ${paint.dim(label.padEnd(12))}${text}`);
  };
  row("because of", (node.causes ?? []).map(({ part }) => visible(part)).join(", "));
  row("seen", node.lastSeenAt === undefined ? "never" : relative(node.lastSeenAt, nowMs));
  row("tags", node.tags.map(visible).join(" "));
  row("doorbell", node.kind === "appliance" ? node.doorbell : undefined);
  row(
    "revoked",
    node.revokedAt && paint.red(`${relative(node.revokedAt, nowMs)}: ${visible(node.revokedReason ?? "")}`),
  );
  row(
    "quarantine",
    node.quarantinedAt &&
      paint.red(
        `since ${relative(node.quarantinedAt, nowMs)}: its token was used with another key. Revoke, remove and enrol it anew`,
      ),
  );
  const out = node.revokedAt ?? node.quarantinedAt;
  const { kind } = node;
  if (node.confirmed) row("confirmed", "yes");
  else if (out === undefined) row("confirmed", paint.yellow(`no: steward ${kind}s confirm ${visible(node.name)}`));
  row("certificate", node.certificateExpiresAt && `ends ${relative(node.certificateExpiresAt, nowMs)}`);
  row("key", node.keyFingerprint === undefined ? undefined : inGroups(node.keyFingerprint));
  row("agent", node.agentVersion === undefined ? undefined : visible(node.agentVersion));
  row(
    "executor",
    node.executor === "simulate" ? paint.yellow("simulate: changes nothing") : node.executor && visible(node.executor),
  );
  if (node.metrics) {
    const { cpuPercent, memoryPercent, diskPercent, uptimeSeconds } = node.metrics;
    row(
      "load",
      `cpu ${Math.round(cpuPercent)} %, memory ${Math.round(memoryPercent)} %, disk ${Math.round(diskPercent)} %, up ${duration(uptimeSeconds * 1000)}`,
    );
  }
  row("slots", node.capacity && `${node.capacity.used} of ${node.capacity.slots} in use`);
  row("models", node.kind === "worker" ? modelsText(node) : undefined);
  for (const gpu of node.gpus ?? []) row("gpu", gpuText(gpu));
  for (const [name, value] of Object.entries(node.facts ?? {})) row(visible(name), valueText(value));
  return lines.join("\n");
}
