import { endedTaskStatuses, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";

type Task = Pick<TaskView, "status" | "createdAt" | "updatedAt">;

const minute = 60_000;
const steps = [1, 5, 15, 60, 180, 720, 1_440, 10_080].map((minutes) => minutes * minute);
const mostSteps = 48;

export interface OverTime {
  stepMs: number;
  /** The middle of each step. */
  atMs: number[];
  well: number[];
  badly: number[];
  otherwise: number[];
  open: number[];
}

/** When requests came, by what became of them: in as many steps as a plot can show, up to now. */
export function overTime(tasks: readonly Task[], nowMs: number): OverTime {
  const times = tasks.map(({ createdAt }) => Date.parse(createdAt));
  const first = Math.min(...times, nowMs);
  const stepMs = steps.find((step) => (nowMs - first) / step < mostSteps) ?? steps.at(-1) ?? minute;
  const start = Math.floor(first / stepMs) * stepMs;
  const length = Math.min(1_000, Math.floor((nowMs - start) / stepMs) + 1);
  const zeros = () => Array.from({ length }, () => 0);
  const found = { well: zeros(), badly: zeros(), otherwise: zeros(), open: zeros() };
  tasks.forEach(({ status }, index) => {
    const place = Math.floor(((times[index] ?? nowMs) - start) / stepMs);
    const list =
      status === "succeeded" || status === "simulated"
        ? found.well
        : status === "failed"
          ? found.badly
          : taskHasEnded(status)
            ? found.otherwise
            : found.open;
    if (place >= 0 && place < length) list[place] = (list[place] ?? 0) + 1;
  });
  return { stepMs, atMs: Array.from({ length }, (_, at) => start + (at + 0.5) * stepMs), ...found };
}

export function stepText(stepMs: number): string {
  const minutes = stepMs / minute;
  if (minutes === 1) return "a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (minutes === 60) return "an hour";
  if (minutes < 1_440) return `${minutes / 60} hours`;
  return minutes === 1_440 ? "a day" : "a week";
}

/** How long it took from the request to its end: half of them were quicker than the first, nine of ten than the second. */
export function spans(tasks: readonly Task[]): { p50: number; p90: number; count: number } | undefined {
  const seconds = tasks
    .filter(({ status }) => (endedTaskStatuses as readonly string[]).includes(status))
    .map(({ createdAt, updatedAt }) => Math.max(0, Date.parse(updatedAt) - Date.parse(createdAt)) / 1000)
    .sort((a, b) => a - b);
  if (seconds.length === 0) return undefined;
  const at = (share: number) => seconds[Math.min(seconds.length - 1, Math.floor(share * seconds.length))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), count: seconds.length };
}
