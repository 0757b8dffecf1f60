import type { Pulling } from "@steward/contracts/heartbeat";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";

export interface KeepModelsOptions {
  pull: (model: string, onPercent: (percent: number) => void) => Promise<void>;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The worker ends. */
  stop: AbortSignal;
  /** Something that people are shown has changed. */
  onChange: () => void;
  /** A model has come. */
  onPulled: () => void;
}

export interface ModelKeeper {
  /** What is wanted and not there, in the order in which it should come. Empty: nothing is, or nobody knows. */
  want(missing: readonly string[]): void;
  /** The one that is on its way, else the first that does not come. */
  state(): Pulling | undefined;
}

interface Waiting {
  failures: number;
  notBeforeMs: number;
  percent: number;
  problem?: Exclude<Pulling["problem"], undefined>;
}

const againBaseMs = 10_000;
const againCapMs = 15 * 60_000;
/** A full disk is not emptied in seconds, and each try fills it again. */
const diskFullMs = 10 * 60_000;
const toldEveryPercent = 10;

/**
 * Fetches what is missing, one model at a time. One that does not come waits, longer each time, and the next has its
 * turn meanwhile: a disk that is too small for the large model may well hold the small one.
 */
export function keepModels({ pull, clock, random, log, stop, onChange, onPulled }: KeepModelsOptions): ModelKeeper {
  const waiting = new Map<string, Waiting>();
  let wanted: readonly string[] = [];
  let current: { model: string; percent: number } | undefined;
  let wake = new AbortController();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (!stop.aborted && wanted.length > 0) {
      wake = new AbortController();
      const nowMs = clock.monotonicMs();
      const dueAtMs = (model: string) => waiting.get(model)?.notBeforeMs ?? 0;
      const due = wanted.find((model) => dueAtMs(model) <= nowMs);
      if (due !== undefined) {
        await fetchOne(due);
        continue;
      }
      const nextMs = Math.min(...wanted.map(dueAtMs));
      await clock.sleep(nextMs - nowMs, AbortSignal.any([stop, wake.signal]));
    }
    running = false;
  }

  async function fetchOne(model: string): Promise<void> {
    const before = waiting.get(model);
    const fetching = { model, percent: before?.percent ?? 0 };
    let toldPercent = fetching.percent;
    current = fetching;
    log("models.pull_began", { model });
    onChange();
    try {
      await pull(model, (percent) => {
        if (percent === fetching.percent) return;
        fetching.percent = percent;
        onChange();
        if (percent < toldPercent + toldEveryPercent) return;
        toldPercent = percent;
        log("models.pulling", { model, percent });
      });
      waiting.delete(model);
      wanted = wanted.filter((one) => one !== model);
      log("models.pulled", { model });
      current = undefined;
      onPulled();
    } catch (error) {
      if (stop.aborted) return;
      const why = describeError(error);
      const problem = isDiskFull(why) ? "disk_full" : "failing";
      const failures = (before?.failures ?? 0) + 1;
      const pauseMs =
        problem === "disk_full"
          ? diskFullMs
          : againBaseMs + fullJitterMs({ failures, baseMs: againBaseMs, capMs: againCapMs, random });
      waiting.set(model, { failures, notBeforeMs: clock.monotonicMs() + pauseMs, percent: fetching.percent, problem });
      log("models.pull_failed", {
        model,
        why,
        againInSeconds: Math.round(pauseMs / 1000),
        next: nextOf(model, problem, why),
      });
    } finally {
      current = undefined;
      onChange();
    }
  }

  return {
    want(missing) {
      wanted = [...missing];
      for (const model of waiting.keys()) if (!missing.includes(model)) waiting.delete(model);
      wake.abort();
      if (!running && wanted.length > 0) void run();
    },
    state() {
      if (current !== undefined) return { model: current.model, percent: current.percent };
      for (const model of wanted) {
        const one = waiting.get(model);
        if (one?.problem !== undefined) return { model, percent: one.percent, problem: one.problem };
      }
      return undefined;
    },
  };
}

export function isDiskFull(text: string): boolean {
  return /no space left|disk (is )?full|ENOSPC|not enough (free |disk )?space|disk quota/i.test(text);
}

function nextOf(model: string, problem: "disk_full" | "failing", why: string): string {
  if (problem === "disk_full")
    return "make room where Ollama keeps its models (`ollama rm`, or OLLAMA_MODELS on a larger disk)";
  if (/file does not exist|not found/i.test(why)) return `there is no model ${model}: look STEWARD_WORKER_MODELS over`;
  return "it is tried again; look at the network between Ollama and its registry, or load the model by hand";
}
