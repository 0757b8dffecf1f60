import { AppError } from "@steward/contracts/errors";
import type { Heartbeat, HeartbeatAnswer } from "@steward/contracts/heartbeat";
import type { Client } from "@steward/contracts/client";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../test/support/virtual-clock.ts";
import { createServerClock } from "./clock.ts";
import { type HeartbeatParts, startHeartbeats } from "./heartbeats.ts";

const parts: HeartbeatParts = {
  metrics: { cpuPercent: 1, memoryPercent: 2, diskPercent: 3, loadAverage1m: 0, uptimeSeconds: 5 },
  agentVersion: "1",
  configRevision: 0,
};
const ok: HeartbeatAnswer = { serverTimeMs: 1_000_000, nextIntervalSeconds: 20, configRevision: 0, pendingRuns: [] };
const lost = new AppError("unavailable", "no answer", { details: { unanswered: true } });

/** Runs heartbeats against scripted answers until the script is used up. */
async function play(script: (HeartbeatAnswer | AppError)[], options: { wentBack?: boolean; recovers?: boolean } = {}) {
  const { clock, slept } = createVirtualClock();
  const stop = new AbortController();
  const sent: Heartbeat[] = [];
  let number = 0;
  const events: string[] = [];
  const call = (async (_: string, input: { body: Heartbeat }) => {
    const next = script[sent.length];
    sent.push(structuredClone(input.body));
    if (sent.length >= script.length) stop.abort();
    if (next instanceof AppError) throw next;
    return next;
  }) as unknown as Client;
  const heartbeats = startHeartbeats({
    client: {
      call,
      serverClock: createServerClock(clock),
      tendCertificate: async () => {},
      goBackToOldCertificate: async () => options.wentBack ?? false,
      recoverCertificate: async () => options.recovers ?? false,
    },
    sequence: {
      next: async () => {
        number += 1;
        return number;
      },
      continueAbove: (stored) => {
        number = Math.max(number, stored);
      },
    },
    collect: () => parts,
    onAnswer: () => {},
    log: (event) => events.push(event),
    signal: stop.signal,
    clock,
    random: () => 0.5,
  });
  await heartbeats.ended;
  return { sent, slept, events, sequences: sent.map((one) => one.sequence) };
}

describe("heartbeats", () => {
  it("keep the interval that the server set, and report it", async () => {
    const { sent, slept, sequences } = await play([ok, ok, ok, ok]);
    expect(sequences).toEqual([1, 2, 3, 4]);
    expect(sent.map((one) => one.intervalSeconds)).toEqual([60, 20, 20, 20]);
    expect(slept.slice(1)).toEqual([20_000, 20_000]);
  });

  it("part from others that came at the same time: the first pause, and the one after an outage, is anywhere in the interval", async () => {
    expect((await play([ok, ok])).slept).toEqual([10_000]);
    expect((await play([ok, ok, lost, lost, lost, lost, ok, ok, ok])).slept.slice(-2)).toEqual([10_000, 20_000]);
  });

  it("take a busy door for an answer: no fixed pauses, at which all that were turned away would come again", async () => {
    const busy = new AppError("unavailable", "the server answered 503: Service Unavailable");
    const { slept, sequences } = await play([busy, busy, ok]);
    expect(slept).toEqual([2_000, 4_000]);
    expect(sequences).toEqual([1, 2, 3]);
  });

  it("send an unanswered heartbeat again, the very same one, after 2, 5 and 10 s", async () => {
    const { sent, slept } = await play([lost, lost, lost, ok]);
    expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(slept).toEqual([2_000, 5_000, 10_000]);
  });

  it("fall back to jittered, growing pauses in an outage and say so once", async () => {
    const { slept, sequences, events } = await play([lost, lost, lost, lost, lost, lost, ok]);
    expect(sequences).toEqual([1, 1, 1, 1, 2, 3, 4]);
    expect(slept.slice(3)).toEqual([2_000, 4_000, 8_000]);
    expect(events).toEqual(["heartbeat.failed", "heartbeat.answered_again"]);
  });

  it("obey Retry-After instead of knocking again", async () => {
    const busy = new AppError("too_many_requests", "later", { retryAfterSeconds: 30 });
    const { slept, sequences } = await play([busy, ok]);
    expect(slept).toEqual([32_000]);
    expect(sequences).toEqual([1, 2]);
  });

  it("continue above the stored sequence after a restored disk", async () => {
    const stale = new AppError("stale_sequence", "older", { details: { storedSequence: 900 } });
    const { sequences, slept } = await play([stale, ok, ok]);
    expect(sequences).toEqual([1, 901, 902]);
    expect(slept).toEqual([10_000]);
  });

  it("go back to the old certificate when the new one is refused", async () => {
    const refused = new AppError("certificate_refused", "no");
    expect((await play([refused, ok], { wentBack: true })).slept).toEqual([]);
    expect((await play([refused, ok])).slept).toEqual([2_000]);
  });
});
