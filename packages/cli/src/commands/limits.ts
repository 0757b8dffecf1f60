import type { LimitsView } from "@steward/contracts/limits";
import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import type { Ui } from "../ui.ts";
import { examples } from "./shared.ts";

type QuotaUse = LimitsView["quotas"][number];

export function addLimits(program: Command, run: Runner): void {
  const command = program
    .command("limits")
    .summary("how much of its quotas the tenant uses")
    .description("How much of its quotas the tenant uses, and how fast the API may be called.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const limits = await call("getLimits", {});
        ui.data(limits);
        ui.say(quotasTable(limits.quotas, ui, nowMs()));
        ui.say();
        for (const { name, perSecond, burst } of limits.rates) {
          const whose = name === "principal" ? "You" : "All in this tenant together";
          ui.say(`  ${whose} may make ${perSecond} calls a second, and ${burst} at once after a pause.`);
        }
        ui.say(`  ${limits.waits} calls of yours may wait at one time.`);
        ui.say("  Questions are taken up to half of tasks, requests and Claude: the rest is for changes.");
        for (const { tier, jobs, failures, seconds, costUsd } of limits.models) {
          const short = failures === 0 ? "" : `, ${failures} attempts fell short`;
          ui.say(
            `  This month ${tier} answered ${jobs} times in ${Math.round(seconds)} s${short}: $${costUsd.toFixed(2)}.`,
          );
        }
        ui.say(ui.paint.dim("\nMore is your provider's to give: steward tenant limits <tenant> <quota>=<number>"));
      }),
    );
  examples(command, "steward limits", "steward limits --json");
}

/** Those that are nearly used up, for `steward status`. */
export function nearlyUsedUp({ quotas }: LimitsView): QuotaUse[] {
  return quotas.filter(({ used, limit }) => used >= limit * 0.8 && used > 0);
}

export function quotaLine(use: QuotaUse, ui: Ui): string {
  const { paint } = ui;
  const text = `${words[use.quota]}: ${amount(use, use.used)} of ${amount(use, use.limit)}`;
  return use.used >= use.limit ? paint.red(`✘ ${text}`) : paint.yellow(`▲ ${text}`);
}

function quotasTable(quotas: readonly QuotaUse[], ui: Ui, nowMs: number): string {
  const { paint } = ui;
  return table(
    quotas,
    [
      { head: "QUOTA", cell: ({ quota }) => words[quota] },
      {
        head: "USED",
        cell: (use) => {
          const text = amount(use, use.used);
          if (use.used >= use.limit) return paint.red(text);
          return use.used >= use.limit * 0.8 ? paint.yellow(text) : text;
        },
      },
      { head: "OF", cell: (use) => amount(use, use.limit) },
      {
        head: "BEGINS ANEW",
        cell: ({ resetsAt }) => (resetsAt === undefined ? paint.dim("as things end") : relative(resetsAt, nowMs)),
      },
    ],
    ui.width,
    paint,
  );
}

const words: Record<QuotaUse["quota"], string> = {
  appliances: "appliances",
  tasksPerDay: "tasks today",
  queuedJobs: "requests that models work on",
  modelUsdPerMonth: "Claude this month",
  outputBytesPerDay: "output today",
};

function amount({ quota }: QuotaUse, value: number): string {
  if (quota === "modelUsdPerMonth") return `$${value.toFixed(2)}`;
  if (quota !== "outputBytesPerDay") return value.toLocaleString("en");
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
