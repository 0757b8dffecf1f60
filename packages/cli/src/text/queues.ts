import type { DeadLetter, MovedLetters } from "@steward/contracts/dead-letters";
import type { LaneView, QueueStatus } from "@steward/contracts/queues";
import { paintHealth } from "./health.ts";
import type { Look, Paint } from "./paint.ts";
import { filled, table } from "./table.ts";
import { duration } from "./time.ts";
import { visible } from "./visible.ts";
import { modelsText } from "./worker.ts";

/** `about 12 s (3.0 s to 40 s)`, `at once`, `nobody knows: no worker with a model is alive`. */
export function waitText(wait: LaneView["expectedWait"]): string {
  if (wait.kind === "unknown") return `nobody knows: ${visible(wait.why)}`;
  const { seconds, fromSeconds, toSeconds, basis } = wait;
  const time = (value: number) => duration(value * 1000);
  if (seconds === 0 && toSeconds !== undefined && toSeconds < 1) return "at once";
  const about = seconds === 0 ? "at once" : `about ${time(seconds)}`;
  const bounds = toSeconds === undefined ? "more comes in than is done" : `${time(fromSeconds)} to ${time(toSeconds)}`;
  return `${about} (${bounds}${basis === "assumed" ? "; job lengths assumed" : ""})`;
}

/** Of a task's own job what keeps it; undefined where a model is at it, or is asked without a queue. */
export function ownWaitText({ jobs, lanes }: QueueStatus, taskId: string): string | undefined {
  const job = jobs.find((one) => one.taskId === taskId);
  if (job === undefined || job.status !== "queued" || job.tier !== "ollama") return undefined;
  if (job.heldBack) return "It waits behind your own requests (steward queues ls).";
  const wait = lanes.find(({ lane }) => lane === job.lane)?.expectedWait;
  const expected = wait === undefined ? "" : `; what comes now waits ${waitText(wait)}`;
  return `It waits for a worker in the lane ${job.lane}${expected}.`;
}

export function lanesTable(lanes: readonly LaneView[], { width, paint }: Look): string {
  const counts = table(
    lanes,
    [
      { head: "LANE", cell: ({ lane }) => lane },
      { head: "WAIT", cell: ({ queued, more }) => `${queued}${more ? "+" : ""}` },
      { head: "HELD", cell: ({ heldBack }) => String(heldBack) },
      { head: "AT WORK", cell: ({ inFlight }) => String(inFlight) },
      { head: "OLDEST", cell: ({ oldestQueuedSeconds }) => seconds(oldestQueuedSeconds) },
      { head: "IN/MIN", cell: ({ arrivalsPerMinute }) => rate(arrivalsPerMinute) },
      { head: "DONE/MIN", cell: ({ donePerMinute }) => rate(donePerMinute) },
      { head: "TAKES", cell: ({ serviceSeconds }) => seconds(serviceSeconds) },
    ],
    width,
    paint,
  );
  const waits = lanes.map(({ lane, expectedWait }) => `  ${lane.padEnd(8)}  ${waitText(expectedWait)}`);
  return [counts, "", paint.dim("A new job waits"), ...waits].join("\n");
}

export function queuesTable(queues: QueueStatus["queues"], { width, paint }: Look): string {
  return table(
    queues,
    [
      { head: "QUEUE", cell: ({ name }) => visible(name) },
      { head: "QUEUED", cell: ({ queued }) => String(queued) },
      { head: "IN FLIGHT", cell: ({ inFlight }) => String(inFlight) },
      { head: "OLDEST", cell: ({ oldestQueuedSeconds }) => seconds(oldestQueuedSeconds) },
      { head: "DEAD", cell: ({ deadLetters }) => (deadLetters > 0 ? paint.red(String(deadLetters)) : "0") },
    ],
    width,
    paint,
  );
}

export function workersTable(workers: QueueStatus["workers"], { width, paint }: Look): string {
  return table(
    workers,
    [
      { head: "WORKER", cell: ({ name }) => visible(name), flexible: true },
      {
        head: "HEALTH",
        cell: ({ health, draining }) => paintHealth(health, paint) + (draining === true ? paint.dim(" draining") : ""),
      },
      { head: "SLOTS", cell: ({ used, slots }) => `${used}/${slots}` },
    ],
    width,
    paint,
    (worker) => filled([modelsText(worker)]),
  );
}

export function jobsTable(jobs: QueueStatus["jobs"], { width, paint }: Look): string {
  return table(
    jobs,
    [
      { head: "LANE", cell: ({ lane, tier }) => (tier === "claude" ? "Claude" : lane) },
      {
        head: "STATUS",
        cell: ({ status, heldBack }) => (status === "leased" ? "at work" : heldBack ? "held back" : "waits"),
      },
      { head: "SINCE", cell: ({ sinceSeconds }) => seconds(sinceSeconds) },
      { head: "TASK", cell: ({ taskId }) => taskId },
    ],
    width,
    paint,
  );
}

export function lettersTable(letters: readonly DeadLetter[], { width, paint }: Look, nowMs: number): string {
  return table(
    letters,
    [
      { head: "ID", cell: ({ messageId }) => visible(messageId) },
      { head: "SENT", cell: ({ sentAt }) => `${duration(Math.max(0, nowMs - Date.parse(sentAt)))} ago` },
      {
        head: "REDRIVE",
        cell: ({ redrive }) => (redrive.possible ? (redrive.as === "new_job" ? "as a new job" : "yes") : "no"),
      },
    ],
    width,
    paint,
    ({ pointer, text = "", reason, redrive }) => [
      // Nobody knows what it says: its control characters are shown, not obeyed.
      pointer === undefined ? paint.red(`“${visible(text)}”`) : visible(pointer.taskId ?? pointer.id),
      visible(reason),
      ...(redrive.possible ? [] : [`no redrive: ${visible(redrive.why)}`]),
    ],
  );
}

export function movedText({ done, refused, missing, left }: MovedLetters, paint: Paint): string {
  return [
    ...done.map(({ messageId, as }) => `${paint.green("✔")} ${visible(messageId)}  ${paint.dim(visible(as))}`),
    ...refused.map(({ messageId, why }) => `${paint.red("✘")} ${visible(messageId)}: ${visible(why)}`),
    ...missing.map((id) => `${paint.yellow("?")} ${visible(id)}: not there, or somebody else looks at it just now`),
    ...(done.length + refused.length + missing.length === 0 ? ["There are no dead letters."] : []),
    ...(left > 0 ? [paint.dim(`About ${left} left.`)] : []),
  ].join("\n");
}

function seconds(value: number | undefined): string {
  return value === undefined ? "" : duration(value * 1000);
}
function rate(perMinute: number): string {
  return perMinute === 0 ? "0" : perMinute < 10 ? perMinute.toFixed(1) : String(Math.round(perMinute));
}
