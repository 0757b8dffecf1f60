import { nextDue } from "@steward/contracts/due-times";
import type { ScheduleView } from "@steward/contracts/schedule";

export type Tone = "good" | "bad" | "wait" | "busy" | "still";

export interface Said {
  text: string;
  tone: Tone;
}

const outcomes: Record<ScheduleView["log"][number]["outcome"], Said> = {
  started: { text: "Started", tone: "good" },
  waits: { text: "Waits for a yes", tone: "wait" },
  refused: { text: "Refused", tone: "bad" },
  skipped: { text: "Skipped", tone: "still" },
};

export function outcomeSaid(outcome: ScheduleView["log"][number]["outcome"]): Said {
  return outcomes[outcome];
}

/** What became of its last due time. */
export function lastSaid({ log }: Pick<ScheduleView, "log">): Said {
  const [last] = log;
  return last === undefined ? { text: "Not due yet", tone: "still" } : outcomes[last.outcome];
}

/** Whether a person's standing yes stands behind it. `now` is only known where one schedule is looked at. */
export function approvalSaid({ standing, now }: Pick<ScheduleView, "standing" | "now">, nowMs: number): Said {
  if (standing !== undefined) {
    if (Date.parse(standing.expiresAt) <= nowMs) return { text: "Ended", tone: "wait" };
    if (now?.standingHash !== undefined && now.standingHash !== standing.standingHash)
      return { text: "For another content or release", tone: "wait" };
    return { text: "Approved", tone: "good" };
  }
  if (now?.risk === "low") return { text: "Needs none", tone: "still" };
  return { text: "None", tone: "still" };
}

/**
 * The coming due times of a schedule that is stored, as the scheduler computes them. A rate counts from when it was made,
 * which the next time tells.
 */
export function comingOf(schedule: Pick<ScheduleView, "definition" | "next" | "status">, count: number): number[] {
  const { when } = schedule.definition;
  const first = schedule.next[0] === undefined ? undefined : Date.parse(schedule.next[0]);
  if (first === undefined || schedule.status === "paused") return [];
  const spec = "rate" in when ? { rate: when.rate, anchorMs: first } : when;
  const times = [first];
  for (let at = nextDue(spec, first); at !== undefined && times.length < count; at = nextDue(spec, at)) times.push(at);
  return times;
}

/** The next due times of all of them together, in order. */
export function agenda<S extends Pick<ScheduleView, "definition" | "next" | "status">>(
  schedules: readonly S[],
  count: number,
): { atMs: number; schedule: S }[] {
  return schedules
    .flatMap((schedule) => comingOf(schedule, count).map((atMs) => ({ atMs, schedule })))
    .sort((a, b) => a.atMs - b.atMs)
    .slice(0, count);
}

/** `packages.update securityOnly=true`, for a line. */
export function stepsWords(steps: ScheduleView["definition"]["steps"]): string[] {
  return steps.map(({ action, variables }) =>
    [action, ...Object.entries(variables).map(([name, value]) => `${name}=${valueWords(value)}`)].join("  "),
  );
}

export function valueWords(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(", ") : String(value);
}

export const lateWords = {
  run: "each one runs, in order",
  skip: "none runs",
  once: "only the last one runs",
} as const;
export const overlapWords = {
  skip: "that due time is left out",
  wait: "it waits for the end",
  allow: "it starts beside it",
} as const;
export const blackoutWords = {
  hold: "the task waits for the window’s end",
  skip: "that due time is left out",
} as const;
