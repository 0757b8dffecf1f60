import { type AlertView, alertKinds, alertStatuses, maxSnoozeMinutes, severities } from "@steward/contracts/alert";
import type { ThresholdsGiven } from "@steward/contracts/thresholds";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { findNode, listUpTo } from "../list-all.ts";
import { table } from "../text/table.ts";
import { parseDuration, relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples, pairOf, wholeNumber } from "./shared.ts";

interface ListOptions {
  status?: (typeof alertStatuses)[number];
  kind?: (typeof alertKinds)[number];
  severity?: (typeof severities)[number];
  on?: string;
  suppressed?: boolean;
  limit: number;
}

export function addAlerts(program: Command, run: Runner): void {
  const alerts = program
    .command("alerts")
    .summary("what is wrong with machines")
    .description(
      "What is wrong with machines: silent ones, and those that are not healthy. They resolve by themselves.",
    );

  examples(
    alerts
      .command("ls")
      .description("What is wrong now, the newest first.")
      .addOption(new Option("--status <status>", "resolved: what was").choices([...alertStatuses]))
      .addOption(new Option("--kind <kind>").choices([...alertKinds]))
      .addOption(new Option("--severity <severity>").choices([...severities]))
      .option("--on <machine>", "of one machine: name or id")
      .option("--suppressed", "also of machines behind a gateway that is silent itself")
      .option("--limit <count>", "at most so many", wholeNumber(1, 10_000), 50)
      .action(async (options: ListOptions, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const { on, limit, suppressed, status, kind, severity } = options;
          const node = on === undefined ? undefined : (await findNode(call, on)).id;
          const { items, more } = await listUpTo(limit, (page) =>
            call("listAlerts", {
              query: {
                ...page,
                ...(status === undefined ? {} : { status }),
                ...(kind === undefined ? {} : { kind }),
                ...(severity === undefined ? {} : { severity }),
                ...(node === undefined ? {} : { node }),
                ...(suppressed === true ? { suppressed: "true" as const } : {}),
              },
            }),
          );
          ui.data({ items });
          if (items.length === 0) return ui.say(status === "resolved" ? "Nothing was." : "Nothing is wrong.");
          ui.say(
            table(
              items,
              [
                { head: "SEVERITY", cell: (one) => painted(one, ui) },
                { head: "WHAT", cell: (one) => visible(one.summary), flexible: true },
                { head: "STATUS", cell: (one) => statusText(one, nowMs()) },
                { head: "SINCE", cell: (one) => relative(one.startsAt, nowMs()) },
                { head: "ID", cell: (one) => one.id },
              ],
              ui.width,
              ui.paint,
            ),
          );
          if (more) ui.say(ui.paint.dim("There are more: --limit"));
        }),
      ),
    "steward alerts ls",
    "steward alerts ls --severity critical --on attic",
  );

  alerts
    .command("show")
    .description("One alert, with its earlier openings.")
    .argument("<id>")
    .action(async (alertId: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const alert = await call("getAlert", { params: { alertId } });
        ui.data(alert);
        ui.say(alertText(alert, ui, nowMs()));
      }),
    );

  alerts
    .command("ack")
    .alias("acknowledge")
    .description("Say that somebody looks after it: it is not escalated, and not told again unless it becomes worse.")
    .argument("<id...>")
    .action(async (ids: string[], _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const items: AlertView[] = [];
        for (const alertId of ids) items.push(await call("acknowledgeAlert", { params: { alertId } }));
        ui.data({ items });
        for (const one of items) ui.say(`${ui.paint.green("✔")} ${visible(one.summary)}: ${statusText(one, nowMs())}`);
      }),
    );

  examples(
    alerts
      .command("snooze")
      .description("Have nobody told of it for a while, unless it becomes worse.")
      .argument("<id...>")
      .option("--for <duration>", "30m, 2h, 1d", "1h")
      .action(async (ids: string[], options: { for: string }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const minutes = minutesOf(options.for);
          const { call } = await connect();
          const items: AlertView[] = [];
          for (const alertId of ids) items.push(await call("snoozeAlert", { params: { alertId }, body: { minutes } }));
          ui.data({ items });
          for (const one of items) ui.say(`${ui.paint.cyan("z")} ${visible(one.summary)}: ${statusText(one, nowMs())}`);
        }),
      ),
    "steward alerts snooze alr_… --for 4h",
  );
}

const metrics = {
  cpu: "cpuPercent",
  memory: "memoryPercent",
  disk: "diskPercent",
  load: "loadAverage1m",
} as const;

function thresholdsOf(value: string): [number, number] {
  const pair = pairOf(value);
  if (pair !== undefined && pair[0] < pair[1]) return pair;
  throw new InvalidArgumentError("It must be warning/critical, as in 80/95.");
}

type SetOptions = { [Name in keyof typeof metrics]?: [number, number] } & {
  on?: string;
  escalateAfter?: string;
  escalate?: boolean;
  reset?: boolean;
};

export function addThresholds(program: Command, run: Runner): void {
  const thresholds = program
    .command("thresholds")
    .summary("from when on a machine is not healthy")
    .description("From when on machines are not healthy: for all of the tenant, or for one.");

  thresholds
    .command("show", { isDefault: true })
    .description("What machines are judged by.")
    .option("--on <machine>", "of one machine: name or id")
    .action(async (options: { on?: string }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const shown =
          options.on === undefined
            ? await call("getThresholds", {})
            : await call("getNodeThresholds", { params: { nodeId: (await findNode(call, options.on)).id } });
        ui.data(shown);
        ui.say(thresholdsText(shown, ui));
      }),
    );

  const set = thresholds.command("set").description("Change some of them; the others stay as they are.");
  for (const name of Object.keys(metrics)) set.option(`--${name} <warning/critical>`, "80/95", thresholdsOf);
  examples(
    set
      .option("--on <machine>", "for one machine only: name or id")
      .option("--escalate-after <duration>", "tell others of a critical alert that nobody acknowledges: 30m, 2h")
      .option("--no-escalate", "tell nobody else")
      .option("--reset", "first forget all that was set")
      .action(async (options: SetOptions, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { call } = await connect();
          const changes: ThresholdsGiven = Object.fromEntries(
            Object.entries(metrics).flatMap(([name, metric]) => {
              const pair = options[name as keyof typeof metrics];
              return pair === undefined ? [] : [[metric, pair]];
            }),
          );
          if (options.on !== undefined) {
            if (options.escalateAfter !== undefined || options.escalate === false) {
              throw usageError("Escalation is the tenant's, not one machine's");
            }
            const params = { nodeId: (await findNode(call, options.on)).id };
            const before = options.reset === true ? {} : (await call("getNodeThresholds", { params })).thresholds;
            const after = await call("putNodeThresholds", { params, body: { ...before, ...changes } });
            ui.data(after);
            return ui.say(thresholdsText(after, ui));
          }
          const before = options.reset === true ? { thresholds: {} } : await call("getThresholds", {});
          const kept = "escalateAfterMinutes" in before ? before.escalateAfterMinutes : undefined;
          const escalateAfterMinutes =
            options.escalateAfter !== undefined
              ? minutesOf(options.escalateAfter)
              : options.escalate === false
                ? undefined
                : kept;
          const after = await call("putThresholds", {
            body: {
              thresholds: { ...before.thresholds, ...changes },
              ...(escalateAfterMinutes === undefined ? {} : { escalateAfterMinutes }),
            },
          });
          ui.data(after);
          ui.say(thresholdsText(after, ui));
          ui.say(ui.paint.dim("All machines are judged by them within a minute."));
        }),
      ),
    "steward thresholds set --disk 85/95 --escalate-after 30m",
    "steward thresholds set --on attic --load 8/16",
    "steward thresholds set --on attic --reset",
  );
}

function minutesOf(text: string): number {
  const minutes = Math.ceil((parseDuration(text) ?? 0) / 60_000);
  if (minutes < 1 || minutes > maxSnoozeMinutes) throw usageError(`${text} is not between a minute and 30 days`);
  return minutes;
}

function painted({ severity, status }: AlertView, { paint }: Ui): string {
  if (status === "resolved") return paint.dim(severity);
  return severity === "critical" ? paint.red(severity) : paint.yellow(severity);
}

function statusText(alert: AlertView, nowMs: number): string {
  const { status, acknowledgedBy, snoozedUntil, suppressedBy, escalatedAt } = alert;
  if (status === "resolved")
    return `resolved ${alert.resolvedAt === undefined ? "" : relative(alert.resolvedAt, nowMs)}`;
  const parts = [
    status === "acknowledged" ? `acknowledged by ${visible(acknowledgedBy?.name ?? "somebody")}` : "open",
    snoozedUntil === undefined ? undefined : `snoozed until ${relative(snoozedUntil, nowMs)}`,
    suppressedBy === undefined ? undefined : `behind ${suppressedBy}`,
    escalatedAt === undefined ? undefined : "escalated",
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function alertText(alert: AlertView, ui: Ui, nowMs: number): string {
  const lines = [
    `${painted(alert, ui)}  ${visible(alert.summary)}`,
    `${statusText(alert, nowMs)}, since ${alert.startsAt} (${relative(alert.startsAt, nowMs)})`,
    alert.toldAt === undefined ? "Nobody was told of it." : `Told ${relative(alert.toldAt, nowMs)}.`,
    ...alert.past.map(
      ({ startsAt, resolvedAt, severity }) => `${ui.paint.dim("before:")} ${severity}, ${startsAt} to ${resolvedAt}`,
    ),
    ui.paint.dim(alert.id),
  ];
  return lines.join("\n");
}

function thresholdsText(
  shown: { thresholds: ThresholdsGiven; inForce: Required<ThresholdsGiven>; escalateAfterMinutes?: number | undefined },
  ui: Ui,
): string {
  const rows = Object.entries(metrics).map(([name, metric]) => {
    const [warning, critical] = shown.inForce[metric] ?? [0, 0];
    return { name, warning, critical, own: shown.thresholds[metric] !== undefined };
  });
  const list = table(
    rows,
    [
      { head: "METRIC", cell: (one) => one.name },
      { head: "WARNING", cell: (one) => String(one.warning) },
      { head: "CRITICAL", cell: (one) => String(one.critical) },
      { head: "SET", cell: (one) => (one.own ? "here" : "") },
    ],
    ui.width,
    ui.paint,
  );
  const { escalateAfterMinutes } = shown;
  return escalateAfterMinutes === undefined
    ? list
    : `${list}\nA critical alert that nobody acknowledges is escalated after ${escalateAfterMinutes} minutes.`;
}
