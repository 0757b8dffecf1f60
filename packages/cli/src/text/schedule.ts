import type { ScheduleDefinition, ScheduleView } from "@steward/contracts/schedule";
import type { ScheduleChange } from "../schedule-file.ts";
import type { Paint } from "./paint.ts";
import { relative } from "./time.ts";
import { visible } from "./visible.ts";

export function whenText(when: ScheduleDefinition["when"]): string {
  return "rate" in when ? when.rate : `${when.cron} (${when.timeZone})`;
}

export function stepsText(steps: ScheduleDefinition["steps"]): string[] {
  return steps.map(({ action, variables }) => {
    const values = Object.entries(variables).map(([name, value]) => `${name}=${valueText(value)}`);
    return visible([action, ...values].join("  "));
  });
}

function valueText(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** `Mon 30 Nov 2026, 03:00 GMT+1`, on the clocks of the schedule's zone; of a rate in UTC. */
export function dueText(iso: string, when: ScheduleDefinition["when"]): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "rate" in when ? "UTC" : when.timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(iso));
}

export function stateText(schedule: ScheduleView, paint: Paint): string {
  if (schedule.status === "paused") return paint.yellow("paused");
  const [last] = schedule.log;
  if (last === undefined) return "waits for its first time";
  const said = { started: paint.green("started"), waits: paint.yellow("waits for a yes"), skipped: "skipped" };
  return last.outcome === "refused" ? paint.red("refused") : said[last.outcome];
}

/** Everything about one schedule. */
export function scheduleText(schedule: ScheduleView, paint: Paint, nowMs: number): string {
  const { definition, standing, now } = schedule;
  const line = (head: string, text: string) => `${head.padEnd(11)}${text}`;
  const lines = [
    `${paint.bold(schedule.name)}  ${paint.dim(schedule.id)}`,
    line("When", whenText(definition.when)),
    line("Targets", `${visible(definition.targets.join(", "))}, at most ${definition.maxTargets}`),
    ...stepsText(definition.steps).map((text, index) => line(index === 0 ? "Steps" : "", `${index + 1}  ${text}`)),
    ...(definition.mode === "check" ? [line("Mode", "check: only shows what would change")] : []),
    line("Late", `${definition.late.policy}, up to ${definition.late.withinMinutes} min`),
    line("Overlap", definition.overlap),
    line("Blackout", definition.blackout),
    ...(definition.verbosity === 0 ? [] : [line("Verbosity", String(definition.verbosity))]),
    ...(definition.jitterSeconds === 0 ? [] : [line("Jitter", `up to ${definition.jitterSeconds} s`)]),
    line("Author", visible(schedule.author.name)),
  ];
  if (schedule.paused !== undefined) {
    const why = schedule.paused.why === undefined ? "" : `: ${visible(schedule.paused.why)}`;
    lines.push(paint.yellow(line("Paused", `by ${visible(schedule.paused.by)}${why}`)));
  } else {
    const [next] = schedule.next;
    if (next !== undefined) {
      lines.push(line("Next", `${dueText(next, definition.when)} (${relative(next, nowMs)})`));
    }
  }
  if (now?.problem !== undefined) lines.push(paint.red(line("Problem", visible(now.problem))));
  else if (now?.risk !== undefined) {
    const why = now.riskReasons.length === 0 ? "" : `: ${visible(now.riskReasons.join("; "))}`;
    lines.push(line("Now", `${now.matches} appliances match, risk ${now.risk}${why}`));
  }
  lines.push(line("Approval", approvalText(schedule, paint, nowMs)));
  if (standing !== undefined && now?.standingHash !== undefined && standing.standingHash !== now.standingHash) {
    lines.push(paint.yellow(line("", "It is for another content or release: give a new one.")));
  }
  for (const [index, note] of schedule.log.slice(0, 5).entries()) {
    const what = [note.outcome, note.taskId, note.why === undefined ? undefined : visible(note.why)];
    const times = note.before === undefined ? "" : " and later ones";
    lines.push(
      line(
        index === 0 ? "Log" : "",
        `${dueText(note.dueAt, definition.when)}${times}  ${what.filter(Boolean).join("  ")}`,
      ),
    );
  }
  return lines.join("\n");
}

function approvalText({ standing, now, name }: ScheduleView, paint: Paint, nowMs: number): string {
  if (standing !== undefined) return `${visible(standing.name)}, ends ${relative(standing.expiresAt, nowMs)}`;
  if (now?.risk === undefined || now.risk === "low") return "needs none";
  return paint.yellow(`none: each task waits for a yes; a standing one: steward schedule approve ${name}`);
}

export function changeText(change: ScheduleChange, paint: Paint): string[] {
  switch (change.kind) {
    case "same":
      return [];
    case "create":
      return [
        paint.green(`+ ${change.name}  ${whenText(change.definition.when)}`),
        ...stepsText(change.definition.steps).map((step) => paint.green(`    ${step}`)),
      ];
    case "delete":
      return [paint.red(`- ${change.name}`)];
    case "update":
      return [
        `${paint.yellow(`~ ${change.name}`)}${change.voidsApproval ? paint.red("  its standing approval ends") : ""}`,
        ...change.fields.flatMap(({ path, before, after }) => [
          paint.red(`    - ${path}: ${visible(JSON.stringify(before) ?? "none")}`),
          paint.green(`    + ${path}: ${visible(JSON.stringify(after) ?? "none")}`),
        ]),
      ];
    default:
      return change satisfies never;
  }
}
