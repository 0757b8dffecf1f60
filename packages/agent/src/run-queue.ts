import type { Condition } from "@steward/contracts/heartbeat";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isFinal } from "@steward/node-client/is-final";
import type { Obeyed } from "./obey-run.ts";
import { createRetries } from "./retries.ts";

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
  /** Why runs that wait are not obeyed: `run_… not_yet_valid`. */
  refusals(): string[];
  /** The same for the next heartbeat. */
  conditions(): Condition[];
  settled(): Promise<void>;
}

/** A run that was refused is not looked at again before this. */
const holdMs = 60_000;
/** Asking what is there to do, among the runs that are tried again. */
const listing = "listing";

export function createRunQueue(options: RunQueueOptions): RunQueue {
  const { clock, log, signal, random } = options;
  /** `forGood`: of this attempt. It is shown until the run leaves the list, and keeps no other attempt waiting. */
  const held = new Map<string, { untilMs: number; why: string; forGood: boolean }>();
  const retries = createRetries({ clock, random });
  let knock = new AbortController();
  let current: string | undefined;
  let woken = false;
  let working: Promise<void> | undefined;

  /** False for an attempt that is over: where its run stays on the list, it is looked at again. */
  async function obey(runId: string): Promise<boolean> {
    const before = held.get(runId);
    if (before && before.untilMs > clock.monotonicMs()) return true;
    current = runId;
    try {
      const obeyed = await options.obey(runId);
      if (obeyed.type === "rebooting") return true;
      if (obeyed.type === "over") {
        held.delete(runId);
        log("run.is_over", { runId, code: obeyed.code });
        return false;
      }
      if (obeyed.type === "known") {
        if (before?.forGood !== true) held.delete(runId);
        return true;
      }
      if (obeyed.type === "ran") {
        held.delete(runId);
        await options.onRan();
        return true;
      }
      const why = obeyed.type === "refused" ? obeyed.refusals.map(({ code }) => code).join(",") : obeyed.code;
      const forGood = obeyed.type === "not_started" && obeyed.forGood;
      held.set(runId, { untilMs: clock.monotonicMs() + (forGood ? 0 : holdMs), why, forGood });
      if (before?.why === why) return !forGood;
      if (obeyed.type === "refused") log("run.refused", { runId, refusals: obeyed.refusals });
      else log("run.not_started", { runId, code: obeyed.code, forGood });
      return !forGood;
    } finally {
      current = undefined;
    }
  }

  /** Milliseconds until something has to be tried again; undefined when nothing has. */
  async function lookOnce(): Promise<number | undefined> {
    let runs: string[];
    try {
      runs = await options.pending();
      retries.done(listing);
    } catch (error) {
      log("runs.not_listed", { error: describeError(error) });
      retries.failed(listing);
      // A run whose pause is over cannot be looked at before the list is there: it would have us ask without a pause.
      return retries.nextInMs(listing);
    }
    for (const runId of held.keys()) if (!runs.includes(runId)) held.delete(runId);
    retries.keepOnly(runs);
    for (const runId of runs) {
      if (signal.aborted) return undefined;
      if (!retries.isDue(runId)) continue;
      try {
        if (await obey(runId)) retries.done(runId);
        else retries.failed(runId);
      } catch (error) {
        if (signal.aborted) return undefined;
        log("run.failed_to_begin", { runId, error: describeError(error) });
        if (isFinal(error)) held.set(runId, { untilMs: clock.monotonicMs() + holdMs, why: error.code, forGood: false });
        else retries.failed(runId);
      }
    }
    return retries.nextInMs();
  }

  async function work(): Promise<void> {
    while (woken && !signal.aborted) {
      woken = false;
      const againInMs = await lookOnce();
      if (woken || againInMs === undefined) continue;
      knock = new AbortController();
      await clock.sleep(againInMs, AbortSignal.any([signal, knock.signal]));
      woken = true;
    }
  }

  function wake(): void {
    woken = true;
    // Whoever waits to try again looks at once for what is new; what failed keeps its own pause.
    knock.abort();
    working ??= work().finally(() => {
      working = undefined;
      // Somebody may have knocked between the last look and here.
      if (woken && !signal.aborted) wake();
    });
  }

  const refusals = () => [...held].map(([runId, { why }]) => `${runId} ${why}`.slice(0, 100)).slice(0, 10);
  return {
    wake,
    current: () => current,
    refusals,
    conditions: () => refusals().map((subject) => ({ kind: "run", subject, level: "warning" })),
    async settled() {
      while (working) await working;
    },
  };
}
