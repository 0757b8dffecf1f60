import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { Condition, Heartbeat, HeartbeatAnswer } from "@steward/contracts/heartbeat";
import { fullJitterMs } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import { describeError, type Log } from "./log.ts";
import type { NodeClient } from "./node-client.ts";
import type { Sequence } from "./sequence.ts";

/** What the node says of itself; number and interval are added here. */
export type HeartbeatParts = Omit<Heartbeat, "sequence" | "intervalSeconds" | "conditions"> & {
  conditions?: Condition[];
};

export interface HeartbeatsOptions {
  client: Pick<
    NodeClient,
    "call" | "serverClock" | "tendCertificate" | "recoverCertificate" | "goBackToOldCertificate"
  >;
  sequence: Sequence;
  collect: () => Promise<HeartbeatParts> | HeartbeatParts;
  /** Must not block: heartbeats go on while a run or a job is executed. */
  onAnswer: (answer: HeartbeatAnswer) => void;
  /** The longest that it may be between two heartbeats now, where that is less than the server's interval. */
  mostSeconds?: () => number | undefined;
  log: Log;
  signal: AbortSignal;
  clock?: Clock;
  random?: () => number;
}

export interface Heartbeats {
  /** Beats now instead of at the next interval; resolves with the answer to a beat that began after this call. */
  beatNow(): Promise<HeartbeatAnswer>;
  /** Whether the last beat was answered. */
  connected(): boolean;
  /** Resolves when the signal has ended the loop. */
  ended: Promise<void>;
}

/** An unanswered heartbeat is sent again, the very same one, after these pauses. */
export const retryPausesMs = [2_000, 5_000, 10_000] as const;

type Waiter = { resolve: (answer: HeartbeatAnswer) => void; reject: (error: unknown) => void };

/** Beats at once, then at the server's interval with jitter, until the signal. */
export function startHeartbeats(options: HeartbeatsOptions): Heartbeats {
  const { client, sequence, log, signal } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  let intervalSeconds: number = defaults.heartbeatIntervalSeconds;
  let failures = 0;
  // Whether the beat before was answered, too.
  let isSettled = false;
  let waiters: Waiter[] = [];
  let wake = new AbortController();

  async function send(body: Heartbeat): Promise<HeartbeatAnswer> {
    const sentAtMs = clock.monotonicMs();
    const answer = await client.call("heartbeat", { body, signal });
    client.serverClock.observe(answer.serverTimeMs, sentAtMs);
    return answer;
  }

  /**
   * The same sequence means the same heartbeat to the server, so a retry is harmless. Only a node that was in touch a
   * moment ago retries so eagerly: in an outage that lasts, every node would knock four times as often.
   */
  async function sendPersistently(body: Heartbeat): Promise<HeartbeatAnswer> {
    const pauses = failures === 0 ? retryPausesMs : [];
    for (const pauseMs of pauses) {
      try {
        return await send(body);
      } catch (error) {
        if (signal.aborted || !isWorthRepeating(error)) throw error;
        await clock.sleep(pauseMs, signal);
      }
    }
    return send(body);
  }

  async function beat(): Promise<HeartbeatAnswer> {
    const parts = await options.collect();
    const numbered = async (): Promise<Heartbeat> => ({
      ...parts,
      conditions: parts.conditions ?? [],
      sequence: await sequence.next(),
      intervalSeconds,
    });
    try {
      return await sendPersistently(await numbered());
    } catch (error) {
      if (hasCode(error, "stale_sequence") && error instanceof AppError) {
        // This disk was restored from a snapshot: the server has seen higher numbers.
        const seen = storedSequence(error);
        log("heartbeat.sequence_behind", { stored: seen });
        sequence.continueAbove(seen ?? (await sequence.next()) * 2);
        return sendPersistently(await numbered());
      }
      if (hasCode(error, "certificate_refused") && (await client.goBackToOldCertificate())) {
        return sendPersistently(await numbered());
      }
      throw error;
    }
  }

  async function beatOnce(): Promise<number> {
    const waiting = waiters;
    waiters = [];
    wake = new AbortController();
    try {
      const answer = await beat();
      if (failures > 0) log("heartbeat.answered_again", { failures });
      failures = 0;
      const wasSettled = isSettled;
      isSettled = true;
      const wanted = Math.min(3600, Math.max(1, answer.nextIntervalSeconds));
      intervalSeconds = Math.min(wanted, options.mostSeconds?.() ?? wanted);
      for (const { resolve } of waiting) resolve(answer);
      await client.tendCertificate();
      options.onAnswer(answer);
      // Nodes that came together, as after a blackout, part at once: the first pause is anywhere within the interval. After it
      // ten per cent either way keep them apart.
      return intervalSeconds * 1000 * (wasSettled ? 0.9 + 0.2 * random() : random());
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      if (signal.aborted) return 0;
      isSettled = false;
      failures += 1;
      if (failures === 1) log("heartbeat.failed", { error: describeError(error) });
      if (await client.recoverCertificate({ error, failures })) return 0;
      return pauseAfter(error);
    }
  }

  function pauseAfter(error: unknown): number {
    const capMs = 2 * intervalSeconds * 1000;
    const told = error instanceof AppError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return told + fullJitterMs({ failures, baseMs: 2_000, capMs, random });
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await beatOnce();
      if (waiters.length === 0) await clock.sleep(pauseMs, AbortSignal.any([signal, wake.signal]));
    }
    for (const { reject } of waiters) reject(new AppError("unavailable", "the node is stopping", { retryable: false }));
  }

  const ended = run();
  return {
    beatNow() {
      if (signal.aborted)
        return Promise.reject(new AppError("unavailable", "the node is stopping", { retryable: false }));
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject });
        wake.abort();
      });
    },
    connected: () => failures === 0 && client.serverClock.nowMs() !== undefined,
    ended,
  };
}

/**
 * No answer, or a fault behind the door. That it is busy is an answer: a herd that was turned away together must not knock
 * again together, two seconds later.
 */
function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.details?.["unanswered"] === true || error.code === "internal";
}

function storedSequence(error: AppError): number | undefined {
  const stored = error.details?.["storedSequence"] ?? error.details?.["sequence"];
  return typeof stored === "number" && Number.isSafeInteger(stored) ? stored : undefined;
}
