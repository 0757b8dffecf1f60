import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isFinal } from "@steward/node-client/is-final";
import type { Obeyed } from "./obey-run.ts";

export interface RunQueueOptions {
  /** Runs that the server or the ledger says are waiting. */
  pending: () => Promise<string[]>;
  obey: (runId: string) => Promise<Obeyed>;
  /** A run has ended on this machine. */
  onRan: () => Promise<void>;
  clock: Clock;
  random: () => number;
  log: Log;
  signal: AbortSignal;
}

/** One run at a time, previews included. */
export interface RunQueue {
  /** Look for runs. Ringing twice is harmless. */
  wake(): void;
  current(): string | undefined;
  /** Why runs that wait are not obeyed: shown with the next heartbeat. */
  refusals(): string[];
  settled(): Promise<void>;
}

/** A run that was refused is not looked at again before this. */
const holdMs = 60_000;

export function createRunQueue(options: RunQueueOptions): RunQueue {
  const { clock, log, signal, random } = options;
  const held = new Map<string, { untilMs: number; why: string }>();
  let current: string | undefined;
  let woken = false;
  let working: Promise<void> | undefined;

  async function obey(runId: string): Promise<void> {
    const before = held.get(runId);
    if (before && before.untilMs > clock.monotonicMs()) return;
    current = runId;
    try {
      const obeyed = await options.obey(runId);
      if (obeyed.type === "ran" || obeyed.type === "known") {
        held.delete(runId);
        if (obeyed.type === "ran") await options.onRan();
        return;
      }
      const why = obeyed.type === "refused" ? obeyed.refusals.map(({ code }) => code).join(",") : obeyed.code;
      const untilMs =
        obeyed.type === "not_started" && obeyed.forGood ? Number.POSITIVE_INFINITY : clock.monotonicMs() + holdMs;
      held.set(runId, { untilMs, why });
      if (before?.why === why) return;
      if (obeyed.type === "refused") log("run.refused", { runId, refusals: obeyed.refusals });
      else log("run.not_started", { runId, code: obeyed.code, forGood: obeyed.forGood });
    } finally {
      current = undefined;
    }
  }

  /** True when something has to be tried again soon. */
  async function lookOnce(): Promise<boolean> {
    let again = false;
    let runs: string[] = [];
    try {
      runs = await options.pending();
    } catch (error) {
      log("runs.not_listed", { error: describeError(error) });
      return true;
    }
    for (const runId of held.keys()) if (!runs.includes(runId)) held.delete(runId);
    for (const runId of runs) {
      if (signal.aborted) return false;
      try {
        await obey(runId);
      } catch (error) {
        if (signal.aborted) return false;
        log("run.failed_to_begin", { runId, error: describeError(error) });
        if (isFinal(error)) held.set(runId, { untilMs: clock.monotonicMs() + holdMs, why: error.code });
        else again = true;
      }
    }
    return again;
  }

  async function work(): Promise<void> {
    let failures = 0;
    while (woken && !signal.aborted) {
      woken = false;
      if (!(await lookOnce())) {
        failures = 0;
        continue;
      }
      failures += 1;
      woken = true;
      await clock.sleep(fullJitterMs({ failures, baseMs: 500, capMs: 60_000, random }), signal);
    }
  }

  function wake(): void {
    woken = true;
    working ??= work().finally(() => {
      working = undefined;
      // Somebody may have knocked between the last look and here.
      if (woken && !signal.aborted) wake();
    });
  }

  return {
    wake,
    current: () => current,
    refusals: () => [...held].map(([runId, { why }]) => `${runId} ${why}`.slice(0, 100)).slice(0, 10),
    async settled() {
      while (working) await working;
    },
  };
}
