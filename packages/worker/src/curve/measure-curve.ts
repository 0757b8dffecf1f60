import type { Clock } from "@steward/node-client/clock";
import { describeError } from "@steward/node-client/log";
import { type CurvePoint, worthwhileGrowth } from "../choose-slots.ts";

/** One chat of `measuredTokens` tokens. `onFirst`: its first token came. */
export type AskOnce = (number: number, onFirst: () => void, signal: AbortSignal) => Promise<{ tokens: number }>;

/** Long enough that the beginning does not count for much, short enough that a slow host gets through a few levels. */
export const measuredTokens = 48;

export interface MeasureOptions {
  ask: AskOnce;
  /** The most chats at a time. */
  upTo: number;
  /** For all of it, the loading of the model included. */
  withinMs: number;
  clock: Clock;
  /** Somebody needs the model, or the worker ends. */
  signal: AbortSignal;
}

export type Measured =
  /** `cut`: time was over before the throughput stopped growing or `upTo` was reached. */
  { kind: "measured"; points: CurvePoint[]; cut: boolean } | { kind: "aborted" } | { kind: "failed"; why: string };

/**
 * Tokens a second with one chat, with two, and so on, for as long as each further one makes all together a tenth faster.
 * A level that did not is tried once more, as the machine may have been busy with something else. Never throws.
 */
export async function measureCurve(options: MeasureOptions): Promise<Measured> {
  const { clock, signal, upTo } = options;
  const over = new AbortController();
  const timer = clock.sleep(options.withinMs, AbortSignal.any([signal, over.signal])).then(() => over.abort());
  const stop = AbortSignal.any([signal, over.signal]);
  const points: CurvePoint[] = [];
  try {
    // Loads the model, and fills what is empty at the first chat.
    await options.ask(0, () => {}, stop);
    for (let parallel = 1; parallel <= upTo; parallel += 1) {
      const before = points.at(-1);
      let point = await measureLevel(options, parallel, stop);
      if (before !== undefined && !hasGrown(before, point)) {
        const again = await measureLevel(options, parallel, stop);
        if (again.tokensPerSecond > point.tokensPerSecond) point = again;
      }
      points.push(point);
      if (before !== undefined && !hasGrown(before, point)) break;
    }
    return { kind: "measured", points, cut: false };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    if (!over.signal.aborted) return { kind: "failed", why: describeError(error) };
    return points.length > 0
      ? { kind: "measured", points, cut: true }
      : { kind: "failed", why: `not even one chat was measured within ${Math.round(options.withinMs / 1000)} s` };
  } finally {
    over.abort();
    await timer;
  }
}

async function measureLevel(
  { ask, clock }: MeasureOptions,
  parallel: number,
  signal: AbortSignal,
): Promise<CurvePoint> {
  const beganAtMs = clock.monotonicMs();
  const level = new AbortController();
  const stop = AbortSignal.any([signal, level.signal]);
  const chats = Array.from({ length: parallel }, async (_, index) => {
    let firstAtMs = Number.POSITIVE_INFINITY;
    const onFirst = () => {
      firstAtMs = Math.min(firstAtMs, clock.monotonicMs());
    };
    // Each its own words: a prompt that was asked before is answered from what Ollama kept of it.
    const { tokens } = await ask(parallel * 100 + index, onFirst, stop);
    return { tokens, firstAtMs, endedAtMs: clock.monotonicMs() };
  });
  try {
    const ended = await Promise.all(chats);
    const seconds = (Math.max(...ended.map((chat) => chat.endedAtMs)) - beganAtMs) / 1000;
    const tokens = ended.reduce((sum, chat) => sum + chat.tokens, 0);
    const wholeEnds = ended.filter((chat) => chat.tokens >= measuredTokens / 2).map((chat) => chat.endedAtMs);
    const queued = ended.some((chat) => wholeEnds.some((endMs) => endMs <= chat.firstAtMs));
    return { parallel, tokensPerSecond: seconds > 0 ? tokens / seconds : 0, ...(queued ? { queued: true } : {}) };
  } finally {
    // One that failed ends the others: nothing goes on in the model when this returns.
    level.abort();
    await Promise.allSettled(chats);
  }
}

function hasGrown(before: CurvePoint, point: CurvePoint): boolean {
  return point.queued !== true && point.tokensPerSecond >= before.tokensPerSecond * worthwhileGrowth;
}
