import type { Clock } from "@steward/node-client/clock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseSlots } from "../choose-slots.ts";
import { type AskOnce, type Measured, measureCurve, measuredTokens } from "./measure-curve.ts";

/**
 * A model on a clock of its own: `rate(n)` tokens a second in all with n chats at a time, at most `parallel` of them
 * running, the others waiting. Time passes only while it works.
 */
function model(options: { rate: (running: number, level: number) => number; parallel?: number }) {
  const { rate, parallel = 64 } = options;
  let nowMs = 0;
  let levels = 0;
  const sleeping = new Set<{ atMs: number; wake: () => void }>();
  let chats = 0;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const one = { atMs: nowMs + ms, wake: resolve };
        sleeping.add(one);
        signal?.addEventListener("abort", () => sleeping.delete(one) && resolve(), { once: true });
      }),
  };
  const pass = async (ms: number) => {
    nowMs += ms;
    for (const one of sleeping) if (one.atMs <= nowMs && sleeping.delete(one)) one.wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  async function work(level: { onFirst: () => void; end: () => void }[]): Promise<void> {
    levels += 1;
    for (let from = 0; from < level.length; from += parallel) {
      const running = level.slice(from, from + parallel);
      const seconds = (running.length * measuredTokens) / rate(running.length, levels);
      await pass(1);
      for (const chat of running) chat.onFirst();
      await pass(seconds * 1000);
      for (const chat of running) chat.end();
    }
  }
  let waiting: { onFirst: () => void; end: () => void }[] = [];
  const ask: AskOnce = (_, onFirst, signal) => {
    chats += 1;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      if (waiting.length === 0) {
        setImmediate(() => {
          const level = waiting;
          waiting = [];
          void work(level);
        });
      }
      waiting.push({ onFirst, end: () => resolve({ tokens: measuredTokens }) });
    });
  };
  return { clock, ask, chats: () => chats, now: () => nowMs };
}

const measure = (one: ReturnType<typeof model>, upTo = 12, over: { withinMs?: number; signal?: AbortSignal } = {}) =>
  measureCurve({
    ask: one.ask,
    clock: one.clock,
    upTo,
    withinMs: over.withinMs ?? 3_600_000,
    signal: over.signal ?? new AbortController().signal,
  });
const pointsOf = (measured: Measured) => {
  if (measured.kind !== "measured") throw new Error(`it is ${measured.kind}`);
  return measured.points;
};

describe("the throughput curve", () => {
  it("is measured up to the first chat that does not make all a tenth faster, and no further", async () => {
    const saturated = model({ rate: (running) => 40 * Math.min(running, 3) });
    const points = pointsOf(await measure(saturated));
    expect(points.map(({ parallel }) => parallel)).toEqual([1, 2, 3, 4]);
    expect(points[2]?.tokensPerSecond).toBeCloseTo(120, 0);
    expect(chooseSlots({ models: [], curve: points }).slots).toBe(3);
  });

  it("gives the slots of the model's own curve, whatever that is", async () => {
    const gain = fc.double({ min: 1, max: 1.9, noNaN: true }).filter((one) => Math.abs(one - 1.1) > 0.02);
    await fc.assert(
      fc.asyncProperty(fc.array(gain, { minLength: 3, maxLength: 6 }), async (gains) => {
        const rates = gains.reduce((all, one) => [...all, (all.at(-1) ?? 0) * one], [50]);
        const points = pointsOf(await measure(model({ rate: (running) => rates[running - 1] ?? 1 }), rates.length));
        const first = gains.findIndex((one) => one < 1.1);
        expect(chooseSlots({ models: [], curve: points }).slots).toBe(first < 0 ? rates.length : first + 1);
      }),
      { numRuns: 30 },
    );
  });

  it("sees that Ollama makes chats wait, and does not take it for a model that is busy", async () => {
    const points = pointsOf(await measure(model({ rate: (running) => 40 * running, parallel: 2 })));
    expect(points.map(({ queued = false }) => queued)).toEqual([false, false, true]);
    expect(chooseSlots({ models: [], curve: points })).toMatchObject({ slots: 2, decidedBy: "queued" });
  });

  it("forgives one bad moment", async () => {
    // The third time that it works (the first is the loading) it is slowed by something else.
    const hiccup = model({ rate: (running, level) => (level === 3 ? 41 : 40 * Math.min(running, 2)) });
    const points = pointsOf(await measure(hiccup));
    expect(chooseSlots({ models: [], curve: points }).slots).toBe(2);
  });

  it("ends with the time it has, and what was measured by then counts", async () => {
    const slow = model({ rate: (running) => 4 * running });
    const measured = await measure(slow, 12, { withinMs: 40_000 });
    expect(measured).toMatchObject({ kind: "measured", cut: true });
    expect(slow.now()).toBeLessThan(60_000);
    expect(pointsOf(measured).length).toBeGreaterThanOrEqual(1);
    expect(await measure(model({ rate: () => 0.5 }), 12, { withinMs: 40_000 })).toMatchObject({
      kind: "failed",
      why: "not even one chat was measured within 40 s",
    });
  });

  it("is given up at once when somebody needs the model", async () => {
    const busy = model({ rate: (running) => 40 * running });
    const needed = new AbortController();
    const measuring = measure(busy, 12, { signal: needed.signal });
    await new Promise((resolve) => setImmediate(resolve));
    needed.abort();
    expect(await measuring).toEqual({ kind: "aborted" });
    const asked = busy.chats();
    await new Promise((resolve) => setImmediate(resolve));
    expect(busy.chats()).toBe(asked);
  });

  it("of a model that answers with an error is none, with what it said", async () => {
    const one = model({ rate: () => 1 });
    const ask: AskOnce = async () => {
      throw new Error("Ollama answered 500: out of memory");
    };
    expect(await measure({ ...one, ask })).toEqual({ kind: "failed", why: "Ollama answered 500: out of memory" });
  });
});
