import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { parseDuration, relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { examples } from "./shared.ts";

export function addFreeze(program: Command, run: Runner): void {
  const freeze = program
    .command("freeze")
    .summary("let nothing new start")
    .description("Let nothing new start, until a time.")
    .argument("<reason...>")
    .option("--for <duration>", "30m, 2h, 1d", "1h")
    .option("--until <time>", "ISO 8601, instead of --for")
    .option("--everything", "all tenants (provider's staff)")
    .action(async (reason: string[], options: { for: string; until?: string; everything?: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const until = untilOf(options, nowMs());
        const { call } = await connect();
        const made = await call("createFreeze", {
          body: { scope: options.everything === true ? "everything" : "tenant", reason: reason.join(" "), until },
          idempotencyKey: crypto.randomUUID(),
        });
        ui.data(made);
        ui.say(`${ui.paint.cyan("❄")} Nothing new starts until ${made.until} (${relative(made.until, nowMs())}).`);
        ui.say(`End it: steward unfreeze ${made.id}`);
      }),
    );
  examples(
    freeze,
    'steward freeze "moving the office" --for 2h',
    'steward freeze "holidays" --until 2027-01-07T08:00:00Z',
  );

  program
    .command("unfreeze")
    .summary("end a freeze")
    .description("End a freeze, or with --all those in force.")
    .argument("[id]")
    .option("--all", "all that you see")
    .action(async (id: string | undefined, options: { all?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        if ((id === undefined) === (options.all !== true))
          throw usageError("Say which freeze, or --all", "See them: steward freezes");
        const { call } = await connect();
        const ids = id === undefined ? (await call("listFreezes", {})).items.map((one) => one.id) : [id];
        for (const freezeId of ids) await call("endFreeze", { params: { freezeId } });
        ui.data({ ended: ids });
        ui.say(ids.length === 0 ? "There was no freeze." : `${ui.paint.green("✔")} Ended ${ids.join(", ")}.`);
      }),
    );

  program
    .command("freezes")
    .summary("freezes in force")
    .description("Freezes in force.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items } = await call("listFreezes", {});
        ui.data({ items });
        if (items.length === 0) {
          ui.say("Nothing is frozen.");
          return;
        }
        ui.say(
          table(
            items,
            [
              { head: "ID", cell: (one) => one.id },
              { head: "SCOPE", cell: (one) => one.scope },
              { head: "ENDS", cell: (one) => relative(one.until, nowMs()) },
              { head: "REASON", cell: (one) => visible(one.reason), flexible: true },
              { head: "BY", cell: (one) => visible(one.createdBy), flexible: true },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );
}

function untilOf(options: { for: string; until?: string }, nowMs: number): string {
  if (options.until !== undefined) {
    const ms = Date.parse(options.until);
    if (Number.isNaN(ms)) throw usageError(`${options.until} is not a time`, "Write it like 2027-01-07T08:00:00Z");
    return new Date(ms).toISOString();
  }
  const ms = parseDuration(options.for);
  if (ms === undefined) throw usageError(`${options.for} is not a duration`, "Write it like 30m, 2h or 1d");
  return new Date(nowMs + ms).toISOString();
}
