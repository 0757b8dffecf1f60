import { defaultThresholds } from "@steward/contracts/defaults";
import type { Health, Metrics } from "@steward/contracts/heartbeat";
import type { PresenceState, Thresholds } from "./node-state.ts";

/** Heartbeats that a worse level must hold before it counts, and a better one. */
const toRise = 2;
const toFall = 3;

const levels = ["healthy", "warning", "critical"] as const;
const metricNames = ["cpuPercent", "memoryPercent", "diskPercent", "loadAverage1m"] as const;

/**
 * The health that the last metric sets (newest first) amount to. A worse level must hold for two heartbeats and a
 * better one for three, so that a value at the edge does not flap. A node that was offline starts as healthy.
 */
export function judgeHealth(input: {
  metrics: (Metrics | undefined)[];
  current: Health;
  thresholds?: Partial<Thresholds>;
}): Health {
  const thresholds: Thresholds = { ...defaultThresholds, ...input.thresholds };
  const current = input.current === "offline" ? 0 : levels.indexOf(input.current);
  const seen: number[] = [];
  for (const metrics of input.metrics.slice(0, toFall)) {
    if (metrics === undefined) break;
    seen.push(levelOf(metrics, thresholds));
  }
  const held = seen.length >= toRise ? Math.min(...seen.slice(0, toRise)) : current;
  if (held > current) return levels[held] ?? "critical";
  const best = seen.length >= toFall ? Math.max(...seen) : current;
  return levels[Math.min(best, current)] ?? "healthy";
}

/** True after twice the interval that the node keeps or was told to keep, whichever is longer, and before its first heartbeat. */
export function isOffline(
  presence: Pick<PresenceState, "sequence" | "lastSeenAtMs" | "intervalSeconds" | "directive">,
  nowMs: number,
): boolean {
  if (presence.sequence === 0) return true;
  const intervalSeconds = Math.max(presence.intervalSeconds, presence.directive.intervalSeconds);
  return nowMs - presence.lastSeenAtMs > 2 * intervalSeconds * 1000;
}

/** What is to be announced about a node, if anything: work is due whenever its level is not the announced one. */
export function transition(presence: PresenceState, nowMs: number): { level: Health; epoch: number } | undefined {
  const { announced, directive } = presence;
  const level = isOffline(presence, nowMs)
    ? "offline"
    : judgeHealth({
        metrics: [presence.m1, presence.m2, presence.m3],
        current: announced.level,
        ...(directive.thresholds === undefined ? {} : { thresholds: directive.thresholds }),
      });
  return level === announced.level ? undefined : { level, epoch: announced.epoch + 1 };
}

function levelOf(metrics: Metrics, thresholds: Thresholds): number {
  return Math.max(
    ...metricNames.map((name) => {
      const [warning, critical] = thresholds[name];
      return metrics[name] >= critical ? 2 : metrics[name] >= warning ? 1 : 0;
    }),
  );
}
