import { chanceOf } from "../../packages/core/test/simulation/scheduler.ts";
import { createAppliance, unanswered } from "./appliance.ts";
import { installVirtualClock } from "./virtual-clock.ts";

export interface Herd {
  agents: number;
  /** Requests a second when all is well. */
  steady: number;
  /** The most requests a second in any five seconds, from one interval after their return on. */
  peak: number;
  /** Agents that were not answered within five minutes. */
  lost: number;
  /** Until the last of them had an answer. */
  seconds: number;
}

const intervalSeconds = 60;
const minute = 60_000;
/** Less would be chance: of few agents a second has few requests. */
const windowSeconds = 5;
/** By then whoever was turned away has backed off: what comes afterwards is what a door must bear for longer. */
const backedOffMs = minute;
/** As API Gateway says it of a function that runs as often as it may. */
const busy = { status: 503, body: '{"message":"Service Unavailable"}' };
const metrics = { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 };

/**
 * Agents that come back together, on the agents' own code alone: `power`, all of them start within one second, as after a
 * blackout, and the door lets in twice the steady rate; `outage`, our own door answered nobody for ten minutes.
 */
export async function simulateHerd(kind: "power" | "outage", options: { agents: number; seed: number }): Promise<Herd> {
  const { agents, seed } = options;
  const clock = installVirtualClock(0);
  const chance = chanceOf(seed);
  const steady = agents / intervalSeconds;
  const backAtMs = kind === "power" ? minute : 15 * minute;
  const downFromMs = kind === "power" ? 0 : 5 * minute;
  const endMs = backAtMs + 10 * minute;
  const asked = Array.from({ length: endMs / 1_000 }, () => 0);
  const answeredAtMs = Array.from({ length: agents }, () => Number.POSITIVE_INFINITY);
  const places = { second: -1, left: 0 };
  const admit = () => {
    const second = Math.floor(clock.nowMs() / 1_000);
    if (second !== places.second) Object.assign(places, { second, left: Math.ceil(2 * steady) });
    places.left -= 1;
    return places.left >= 0;
  };
  for (let index = 0; index < agents; index += 1) {
    const own = chanceOf((seed + 7919 * (index + 1)) | 0);
    const agent = createAppliance({
      door: async () => {
        const nowMs = clock.nowMs();
        const second = Math.floor(nowMs / 1_000);
        asked[second] = (asked[second] ?? 0) + 1;
        if (nowMs >= downFromMs && nowMs < backAtMs) throw unanswered();
        if (!admit()) return busy;
        if (nowMs >= backAtMs) answeredAtMs[index] = Math.min(answeredAtMs[index] ?? 0, nowMs);
        const answer = {
          serverTimeMs: nowMs,
          nextIntervalSeconds: intervalSeconds,
          configRevision: 0,
          pendingRuns: [],
        };
        return { status: 200, body: JSON.stringify(answer) };
      },
      clock,
      random: () => own.next(),
      metrics: () => metrics,
      nodesUrl: "https://nodes.fleet.test",
    });
    clock.at(kind === "power" ? backAtMs + chance.next() * 1_000 : chance.next() * minute, () => agent.start());
  }
  try {
    await clock.runUntil(endMs);
  } finally {
    clock.uninstall();
  }
  const from = (backAtMs + backedOffMs) / 1_000;
  const later = asked.slice(from);
  const rates = later
    .map((_, at) => later.slice(at, at + windowSeconds).reduce((a, b) => a + b, 0) / windowSeconds)
    .slice(0, -windowSeconds);
  const waits = answeredAtMs.map((atMs) => atMs - backAtMs);
  return {
    agents,
    steady,
    peak: rates.reduce((a, b) => Math.max(a, b), 0),
    lost: waits.filter((ms) => ms > 5 * minute).length,
    seconds: waits.reduce((a, b) => Math.max(a, b), 0) / 1_000,
  };
}
