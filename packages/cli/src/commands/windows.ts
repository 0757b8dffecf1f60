import { readFileSync } from "node:fs";
import type { Spans } from "@steward/contracts/spans";
import { type TenantPolicyView, tenantPolicySchema } from "@steward/contracts/tenant-policy";
import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { duration, parseDuration, relative } from "../text/time.ts";
import { visible, visibleLines } from "../text/visible.ts";
import { collect, examples, targetsOf } from "./shared.ts";

interface AddOptions {
  maintenance?: boolean;
  blackout?: boolean;
  cron?: string;
  for?: string;
  zone?: string;
  from?: string;
  until?: string;
  tag?: string[];
  reads?: boolean;
}

export function addWindows(program: Command, run: Runner): void {
  const windows = program
    .command("windows")
    .summary("when appliances may be changed")
    .description("Maintenance windows (changes only within them) and blackouts (nothing within them).");
  windows
    .command("ls")
    .description("All of them, and which are open now.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items } = await call("listWindows", {});
        ui.data({ items });
        if (items.length === 0) {
          ui.say("There are none: appliances may be changed at any time.");
          return;
        }
        const { paint } = ui;
        ui.say(
          table(
            items,
            [
              { head: "ID", cell: (one) => one.id },
              { head: "KIND", cell: (one) => one.kind },
              { head: "NAME", cell: (one) => visible(one.name), flexible: true },
              { head: "WHEN", cell: (one) => spansText(one.when), flexible: true },
              { head: "FOR", cell: (one) => (one.tags ?? ["all"]).map(visible).join(", "), flexible: true },
              {
                head: "NOW",
                cell: (one) => {
                  const until = one.changesAt === undefined ? "" : `, changes ${relative(one.changesAt, nowMs())}`;
                  return `${one.open ? paint.bold("open") : "closed"}${paint.dim(until)}`;
                },
              },
            ],
            ui.width,
            paint,
          ),
        );
      }),
    );

  const add = windows
    .command("add")
    .description(
      "A maintenance window or a blackout, again and again (--cron, --zone, --for) or once (--from, --until).",
    )
    .argument("<name...>")
    .option("--maintenance", "changes only within it")
    .option("--blackout", "no changes within it")
    .option("--cron <pattern>", "when it begins: minute, hour, day of the month, month, day of the week")
    .option("--zone <name>", "whose clocks: Europe/Berlin")
    .option("--for <duration>", "how long it lasts: 30m, 4h, 2d")
    .option("--from <time>", "ISO 8601")
    .option("--until <time>", "ISO 8601")
    .option("--tag <key:value>", "only for appliances with one of these tags", collect)
    .option("--reads", "a blackout that holds reads and previews as well")
    .action(async (name: string[], options: AddOptions, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        if ((options.maintenance === true) === (options.blackout === true)) {
          throw usageError("Say which it is: --maintenance or --blackout");
        }
        const tags = targetsOf(options.tag);
        const when = spansOf(options);
        const { call } = await connect();
        const made = await call("createWindow", {
          body: {
            kind: options.blackout === true ? "blackout" : "maintenance",
            name: name.join(" "),
            when,
            ...(tags.length === 0 ? {} : { tags }),
            ...(options.reads === true ? { readsToo: true } : {}),
          },
          idempotencyKey: crypto.randomUUID(),
        });
        ui.data(made);
        const changes = made.changesAt === undefined ? "" : `; that changes ${relative(made.changesAt, nowMs())}`;
        ui.say(`${ui.paint.green("✔")} ${made.id}: ${made.open ? "open" : "closed"} now${changes}.`);
      }),
    );
  examples(
    add,
    'steward windows add nights --maintenance --cron "0 22 * * *" --zone Europe/Berlin --for 6h',
    'steward windows add "month end" --blackout --cron "0 0 L * *" --zone Europe/Berlin --for 2d --tag site:berlin',
    "steward windows add inventory --blackout --from 2027-01-04T06:00:00Z --until 2027-01-04T18:00:00Z",
  );

  windows
    .command("rm")
    .description("Remove a window; what it held goes on.")
    .argument("<id>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        await call("removeWindow", { params: { windowId: id } });
        ui.data({ removed: id });
        ui.say(`${ui.paint.green("✔")} Removed ${id}.`);
      }),
    );
}

export function addPolicy(program: Command, run: Runner): void {
  const policy = program
    .command("policy")
    .summary("what your organisation forbids and asks of changes")
    .description("What your organisation forbids, and what it asks of a change. It can only make Steward stricter.");
  policy
    .command("show")
    .description("The policy in force, as `set` takes it.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const view = await call("getPolicy", {});
        ui.data(view);
        ui.say(visibleLines(JSON.stringify(contentOf(view), null, 2)));
        const by = view.updatedBy === undefined ? "nobody has set one" : `by ${visible(view.updatedBy.name)}`;
        const at = view.updatedAt === undefined ? "" : ` ${relative(view.updatedAt, nowMs())}`;
        ui.say(ui.paint.dim(`revision ${view.revision}, ${by}${at}`));
      }),
    );
  const set = policy
    .command("set")
    .description("Replace the policy by that of a JSON file, or of the standard input (-).")
    .argument("<file>")
    .option("--revision <number>", "only if this one is in force still", Number)
    .action(async (file: string, options: { revision?: number }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const parsed = tenantPolicySchema.safeParse(readPolicy(file));
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          throw usageError(`${file}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is no policy"}`);
        }
        const { call } = await connect();
        const view = await call("putPolicy", {
          body: { ...parsed.data, ...(options.revision === undefined ? {} : { revision: options.revision }) },
        });
        ui.data(view);
        ui.say(`${ui.paint.green("✔")} Revision ${view.revision} is in force, also for what was approved before.`);
      }),
    );
  examples(set, "steward policy show --json > policy.json", "steward policy set policy.json");
}

/** Also what `show --json` has printed. */
function readPolicy(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw usageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "revision" in value
      ? contentOf(value as TenantPolicyView)
      : value;
  } catch {
    throw usageError(`${file} is not JSON`);
  }
}

function contentOf({ revision: _r, updatedAt: _a, updatedBy: _b, ...content }: TenantPolicyView) {
  return content;
}

export function spansText(when: Spans): string {
  if ("from" in when) return `${when.from} to ${when.until}`;
  return `${when.cron} ${when.timeZone}, for ${duration(when.durationMinutes * 60_000)}`;
}

function spansOf(options: AddOptions): Spans {
  const { cron, zone, from, until } = options;
  if (cron !== undefined) {
    const ms = parseDuration(options.for ?? "");
    if (zone === undefined) throw usageError("Say whose clocks it goes by", "--zone Europe/Berlin, or --zone UTC");
    if (ms === undefined) throw usageError("Say how long it lasts", "--for 30m, 4h or 2d");
    return { cron, timeZone: zone, durationMinutes: Math.ceil(ms / 60_000) };
  }
  if (from === undefined || until === undefined) {
    throw usageError("Say when", "Again and again: --cron, --zone and --for. Once: --from and --until.");
  }
  return { from: isoOf(from), until: isoOf(until) };
}

function isoOf(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw usageError(`${text} is not a time`, "Write it like 2027-01-07T08:00:00Z");
  return new Date(ms).toISOString();
}
