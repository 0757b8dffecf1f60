import { announce, beat } from "@steward/aws/records/presence";
import { AppError } from "@steward/contracts/errors";
import type { Heartbeat, HeartbeatAnswer } from "@steward/contracts/heartbeat";
import { transition } from "@steward/core/node/health";
import type { PresenceState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";

/** A message of `node-events`: look at this node. What it is now says its record; but that it is offline, the message. */
export interface NodeEvent {
  tenantId: string;
  nodeId: string;
  level: PresenceState["announced"]["level"];
  epoch: number;
}

/** A message of `node-events`: look whether many of the tenant's nodes are silent at once (`records/fleet-silence.ts`). */
export interface FleetEvent {
  tenantId: string;
  fleet: "silence";
}

/**
 * One check-in: one write, and nothing else while nothing changed. Throws `certificate_refused` (unknown, revoked or
 * another's certificate) and `stale_sequence` (with the stored one).
 */
export async function acceptHeartbeat(
  deps: Pick<Context, "table" | "nowMs" | "log"> & { sendNodeEvent: (event: NodeEvent) => Promise<void> },
  input: { nodeId: string; fingerprint: string; heartbeat: Heartbeat },
): Promise<HeartbeatAnswer> {
  const nowMs = deps.nowMs();
  const outcome = await beat(deps.table, { ...input, nowMs });
  switch (outcome.kind) {
    case "refused":
      throw new AppError("certificate_refused", "this certificate is not accepted for this node", {
        next: "enrol the machine again, or ask your provider",
      });
    case "stale":
      throw new AppError("stale_sequence", "a newer heartbeat was seen already", {
        details: { sequence: outcome.sequence },
      });
    case "retry":
      return answer(outcome.stored, nowMs);
    case "accepted": {
      const { heartbeat } = input;
      const { before, metrics, conditions } = outcome;
      const presence: PresenceState = {
        ...before,
        sequence: heartbeat.sequence,
        lastSeenAtMs: nowMs,
        intervalSeconds: heartbeat.intervalSeconds,
        m1: metrics,
        conditions,
        ...(before.m1 === undefined ? {} : { m2: before.m1 }),
        ...(before.m2 === undefined ? {} : { m3: before.m2 }),
      };
      await announceIfDue(deps, presence, nowMs);
      return answer(before, nowMs);
    }
    default:
      return outcome satisfies never;
  }
}

/**
 * Tells the house when the level is not the announced one. The event goes out first and `announced` is set after it: a
 * crash in between means a second event, never a lost one.
 */
export async function announceIfDue(
  deps: Pick<Context, "table" | "log"> & { sendNodeEvent: (event: NodeEvent) => Promise<void> },
  presence: PresenceState,
  nowMs: number,
): Promise<boolean> {
  const due = transition(presence, nowMs);
  if (due === undefined) return false;
  try {
    const { tenantId, nodeId } = presence;
    await deps.sendNodeEvent({ tenantId, nodeId, level: due.level, epoch: due.epoch });
    return await announce(deps.table, {
      nodeId: presence.nodeId,
      epochBefore: presence.announced.epoch,
      announced: due,
      ifSequence: presence.sequence,
    });
  } catch (error) {
    // The check-in itself is stored; the next one or the sweep finds the same work still due.
    deps.log("warn", "announce_failed", { nodeId: presence.nodeId, error: String(error) });
    return false;
  }
}

function answer(presence: PresenceState, serverTimeMs: number): HeartbeatAnswer {
  const { directive } = presence;
  return {
    serverTimeMs,
    nextIntervalSeconds: directive.intervalSeconds,
    configRevision: directive.configRevision,
    pendingRuns: directive.pendingRuns,
  };
}
