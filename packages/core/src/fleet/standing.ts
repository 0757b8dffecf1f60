import { intervalMsOf, isOffline } from "../node/health.ts";
import type { PresenceState } from "../node/node-state.ts";

/**
 * How a node stands when the sweep looks: in touch; `late`, as it has missed a beat; `silent`, as its time is over and
 * nobody was told; or `offline`, as it was announced and has not come back.
 */
export type Standing = "fresh" | "late" | "silent" | "offline";

/** Jitter and the way are a tenth; who is later than this has missed a beat. */
const lateAfterIntervals = 1.25;
/** A herd that ingest has shut out is back within two intervals of ingest itself (the agents' back-off), and a beat. */
const excusedIntervals = 3;

type Heard = Pick<PresenceState, "sequence" | "lastSeenAtMs" | "intervalSeconds" | "directive" | "announced">;

/**
 * `heardAgainAtMs`: since when ingest works again, after it did not. A silence that began before is no node's fault until
 * the node has had the time to come back.
 */
export function standingOf(presence: Heard, nowMs: number, heardAgainAtMs?: number): Standing {
  const intervalMs = intervalMsOf(presence);
  if (isOffline(presence, nowMs)) {
    if (presence.announced.level === "offline") return "offline";
    const excused = heardAgainAtMs !== undefined && nowMs - heardAgainAtMs <= excusedIntervals * intervalMs;
    return excused ? "fresh" : "silent";
  }
  return nowMs - presence.lastSeenAtMs > lateAfterIntervals * intervalMs ? "late" : "fresh";
}

/** Whether it has missed a beat, whosever fault that is. */
export function hasMissed(presence: Heard, nowMs: number): boolean {
  return nowMs - presence.lastSeenAtMs > lateAfterIntervals * intervalMsOf(presence);
}
