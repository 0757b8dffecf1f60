import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { RunView } from "@steward/contracts/run";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { CliError, type ExitCode, exitCodes } from "./exit-codes.ts";
import { createOutputReader, fetchBytes, type OutputReader } from "./read-output.ts";
import { problemText } from "./text/problem.ts";
import { runText } from "./text/task.ts";
import { pauseText, wavesLine } from "./text/waves.ts";
import { visible, visibleLines } from "./text/visible.ts";
import type { Ui } from "./ui.ts";

/** With more appliances than this, only those that fail show their output, unless asked for. */
const liveOutputUpTo = 3;
const linesUpTo = 50;
const failedTailLines = 15;
const tailCharacters = 64 * 1024;
const expiredText = "its output has expired: it was kept for as long as the tenant's policy says";
const outputEveryMs = 700;
const waitSeconds = 20;
const patienceMs = 60_000;

/**
 * Waits for the next version of a task. The API answers at once when too many wait: a second's pause keeps that from
 * becoming a loop. A connection that breaks is tried again for a minute.
 */
export async function nextVersion(
  call: Client,
  task: TaskView,
  ui: Ui,
  signal: AbortSignal,
  /** Of an answer that grows: how much of it is known. More of it counts as a newer version. */
  answerFrom?: number,
): Promise<TaskView> {
  let troubleSinceMs: number | undefined;
  signal.throwIfAborted();
  for (;;) {
    const startedMs = Date.now();
    try {
      const next = await call("getTask", {
        params: { taskId: task.id },
        query: {
          wait: waitSeconds,
          since: task.version,
          ...(isLarge(task) ? { view: "brief" as const } : {}),
          ...(answerFrom === undefined ? {} : { answerFrom }),
        },
        signal,
      });
      if (troubleSinceMs !== undefined) ui.hint(ui.paint.dim("Connected again."));
      if (next.version > task.version || (next.growing?.text ?? "") !== "") return next;
      troubleSinceMs = undefined;
      if (Date.now() - startedMs < 1000) await delay(1000, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError) || !error.retryable) throw error;
      if (troubleSinceMs === undefined) ui.hint(ui.paint.yellow(`${visible(error.message)}; trying again …`));
      troubleSinceMs ??= Date.now();
      if (Date.now() - troubleSinceMs > patienceMs) throw error;
      await delay((error.retryAfterSeconds ?? 1) * 1000, undefined, { signal });
    }
  }
}

/** Of thousands of targets only the first come with each version; the whole task is fetched at its end. */
function isLarge(task: TaskView): boolean {
  return (task.targetCount ?? 0) > defaults.maxTargetsListed;
}

/** Until the task leaves these states. */
export async function waitWhile(
  call: Client,
  task: TaskView,
  ui: Ui,
  wait: { statuses: readonly TaskView["status"][]; text: string; signal: AbortSignal },
): Promise<TaskView> {
  const done = ui.progress(wait.text);
  try {
    let now = task;
    while (wait.statuses.includes(now.status)) now = await nextVersion(call, now, ui, wait.signal);
    return now;
  } finally {
    done();
  }
}

export interface FollowOptions {
  /** `all`: every appliance's output, however many; `some`: live for a few, the tail of those that fail for many. */
  output: "all" | "some";
  /** Ends where a wave waits for somebody's word: a script would wait for days. */
  untilPaused?: boolean;
  /** Only this appliance's, by id or name. */
  appliance?: string;
  /** Called with every version, the first one included. */
  onVersion?: (task: TaskView) => void;
}

/** Follows a task that runs to its end: output as it comes, one line for each appliance that ends. */
export async function followTask(
  call: Client,
  task: TaskView,
  ui: Ui,
  options: FollowOptions & { signal: AbortSignal },
): Promise<{ task: TaskView; outputTrusted: boolean }> {
  const { signal } = options;
  const printer = createRunPrinter(call, task, ui, options);
  let now = task;
  options.onVersion?.(now);
  let toldPause = "";
  const done = ui.progress(() => wavesLine(now));
  const finished = new AbortController();
  // Output grows without the task changing: it is read on its own clock, beside the long poll.
  const reading = (async () => {
    while (!finished.signal.aborted) {
      await printer.readOutput(now, signal);
      await delay(outputEveryMs, undefined, { signal: AbortSignal.any([signal, finished.signal]) }).catch(() => {});
      signal.throwIfAborted();
    }
  })();
  // It is awaited below; until then a failure (Ctrl-C) must not count as unhandled.
  reading.catch(() => {});
  try {
    while (!taskHasEnded(now.status)) {
      const paused = now.rollout?.paused;
      const told = paused === undefined ? "" : pauseText(paused);
      if (told !== "" && told !== toldPause) {
        ui.hint(`${ui.paint.yellow(told)} Go on: steward tasks resume ${now.id}`);
      }
      toldPause = told;
      if (options.untilPaused === true && paused?.afterWave !== undefined) break;
      now = await nextVersion(call, now, ui, signal);
      options.onVersion?.(now);
    }
  } finally {
    finished.abort();
    done();
  }
  await reading;
  await printer.readToTheEnd(now, signal);
  if (taskHasEnded(now.status)) await printer.printRest(now, signal);
  if (isLarge(now)) now = await call("getTask", { params: { taskId: now.id }, query: {}, signal });
  return { task: now, outputTrusted: printer.isTrusted() };
}

interface RunPrinter {
  readOutput: (task: TaskView, signal?: AbortSignal) => Promise<void>;
  /** The same, as often as the connection breaks; goes on each time from the chunk that it came to. */
  readToTheEnd: (task: TaskView, signal?: AbortSignal) => Promise<void>;
  printRest: (task: TaskView, signal?: AbortSignal) => Promise<void>;
  isTrusted: () => boolean;
}

/** Prints each appliance's output once, and its result line once, after its output. */
export function createRunPrinter(call: Client, task: TaskView, ui: Ui, options: FollowOptions): RunPrinter {
  const readers = new Map<string, OutputReader | "ended">();
  /** The line that is not complete yet, as it came. */
  const pieces = new Map<string, string>();
  const printed = new Set<string>();
  /** Whose output could not be fetched at the last try. */
  const troubled = new Set<string>();
  let trusted = true;
  let chunksRead = 0;
  const { appliance } = options;
  const runsOf = (now: TaskView): RunView[] =>
    (now.runs ?? []).filter(
      (run) => appliance === undefined || run.applianceId === appliance || run.applianceName === appliance,
    );
  const isLive = (now: TaskView): boolean => options.output === "all" || runsOf(now).length <= liveOutputUpTo;

  const printText = (run: RunView, text: string, last: boolean, many: boolean): void => {
    const lines = ((pieces.get(run.applianceId) ?? "") + text).split("\n");
    pieces.set(run.applianceId, last ? "" : (lines.pop() ?? ""));
    if (last && lines.at(-1) === "") lines.pop();
    const prefix = many ? `${ui.paint.dim(`${visible(run.applianceName)} │`)} ` : `${ui.paint.dim("│")} `;
    for (const line of lines) ui.say(`${prefix}${visibleLines(line.replace(/\r$/, ""))}`);
  };

  const readRun = async (run: RunView, many: boolean, signal: AbortSignal | undefined): Promise<void> => {
    const reader = readers.get(run.applianceId) ?? createOutputReader(call, task.id, run.applianceId, fetchBytes);
    readers.set(run.applianceId, reader);
    if (reader === "ended") return;
    try {
      const { complete, expired } = await reader.read((text) => {
        chunksRead += 1;
        printText(run, text, false, many);
      }, signal);
      troubled.delete(run.applianceId);
      if (!complete) return;
      printText(run, "", true, many);
      readers.set(run.applianceId, "ended");
      if (expired) ui.hint(`${visible(run.applianceName)}: ${expiredText}`);
    } catch (error) {
      signal?.throwIfAborted();
      // A connection that breaks is tried again; output that is not what it claims to be is never shown.
      if (error instanceof AppError && error.retryable) {
        troubled.add(run.applianceId);
        return;
      }
      troubled.delete(run.applianceId);
      readers.set(run.applianceId, "ended");
      trusted = trusted && !(error instanceof CliError);
      ui.hint(`${visible(run.applianceName)}: ${problemText(error, ui.paint)}`);
    }
  };

  const readTail = async (run: RunView, signal: AbortSignal | undefined): Promise<void> => {
    if (readers.has(run.applianceId)) return;
    readers.set(run.applianceId, "ended");
    try {
      let text = "";
      const keep = (more: string) => {
        text = (text + more).slice(-tailCharacters);
      };
      const { expired } = await createOutputReader(call, task.id, run.applianceId, fetchBytes).read(keep, signal);
      if (expired) ui.say(`    ${ui.paint.dim(expiredText)}`);
      const lines = text === "" ? [] : visibleLines(text).trimEnd().split("\n");
      for (const line of lines.slice(-failedTailLines)) ui.say(`    ${ui.paint.dim("│")} ${line}`);
    } catch (error) {
      signal?.throwIfAborted();
      trusted = trusted && !(error instanceof CliError);
      ui.hint(problemText(error, ui.paint));
    }
  };

  const printResults = async (now: TaskView, all: boolean, signal: AbortSignal | undefined): Promise<void> => {
    const runs = runsOf(now);
    const width = Math.max(0, ...runs.map((run) => run.applianceName.length));
    for (const run of runs) {
      // Of many, only what somebody must look at has a line of its own; the waves tell the rest.
      if ((now.targetCount ?? runs.length) > linesUpTo && !isBad(run)) continue;
      const ready = all || (runHasEnded(run.status) && (!isLive(now) || readers.get(run.applianceId) === "ended"));
      if (!ready || printed.has(run.id)) continue;
      printed.add(run.id);
      if (pieces.get(run.applianceId)) printText(run, "", true, runs.length > 1);
      ui.say(runText(run, width, ui.paint));
      if (run.status === "failed" && !isLive(now)) await readTail(run, signal);
    }
  };

  const readOutput: RunPrinter["readOutput"] = async (now, signal) => {
    if (ui.json) return;
    const runs = runsOf(now);
    if (isLive(now)) {
      const started = runs.filter((run) => run.status !== "pending" && run.status !== "sent");
      for (const run of started) await readRun(run, runs.length > 1, signal);
    }
    await printResults(now, false, signal);
  };

  return {
    readOutput,
    readToTheEnd: async (now, signal) => {
      let sinceMs = Date.now();
      for (let before = chunksRead; ; before = chunksRead) {
        await readOutput(now, signal);
        if (troubled.size === 0) return;
        if (chunksRead > before) sinceMs = Date.now();
        if (Date.now() - sinceMs > patienceMs) {
          throw new AppError("unavailable", "the output cannot be fetched to its end", {
            next: `Try again later: steward tasks show ${task.id} --output`,
          });
        }
        await delay(outputEveryMs, undefined, signal === undefined ? {} : { signal });
      }
    },
    printRest: async (now, signal) => {
      if (!ui.json) await printResults(now, true, signal);
    },
    isTrusted: () => trusted,
  };
}

function isBad({ status }: RunView): boolean {
  return status === "failed" || status === "unreachable" || status === "expired";
}

/** The exit code that a task in this state means for a script. */
export function exitCodeOfTask(task: TaskView): ExitCode {
  switch (task.status) {
    case "succeeded":
    case "simulated":
      return exitCodes.ok;
    case "needs_input":
    case "awaiting_approval":
      return exitCodes.waiting;
    case "failed":
    case "rejected":
    case "expired":
    case "cancelled":
      return exitCodes.failed;
    default:
      return exitCodes.ok;
  }
}

/**
 * Runs what waits for a task. Ctrl-C ends only the waiting, and says how to come back; one that comes between two
 * waits ends the next.
 */
export async function interruptible<T>(task: TaskView, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await action(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) {
      throw new CliError(exitCodes.interrupted, "You stopped watching; the task goes on", {
        next: `Come back with: steward tasks watch ${task.id}`,
      });
    }
    if (hasCode(error, "unavailable") && error instanceof AppError) {
      throw new CliError(exitCodes.unreachable, error.message, {
        next: `The task may go on. Come back with: steward tasks watch ${task.id}`,
        cause: error,
      });
    }
    throw error;
  } finally {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
  }
}
