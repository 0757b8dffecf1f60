import { getFleetSilence, isStillSilence } from "@steward/aws/records/fleet-silence";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { announce, getPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { canonical } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { alertsOfNode } from "@steward/core/alert/node-alerts";
import { isOfSilence } from "@steward/core/fleet/silence";
import { digestOf } from "@steward/core/node/conditions";
import { stillCauses, transition } from "@steward/core/node/health";
import type { NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import { silencedBy } from "./find-gateway.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { settleAlerts, tellOfAlerts } from "./settle-alerts.ts";

const who = "steward:alerts";

/**
 * Brings a node's own record, and its alerts, to the health that its presence has now. The message says only where to look:
 * late, doubled or overtaken ones change nothing.
 *
 *     sweep      reads silent ── tells ── announce offline ✗ it has beaten
 *     heartbeat                      beats ✓ (healthy is what was announced: nothing due)
 *     here                  reads silent ── announce offline ✗ ── reads again: nothing to note
 *
 * What is noted was announced before, here or by whoever sent the message, so no alert opens for what nobody announced; and
 * an announcement is made once, so whatever dies here is done by whoever gets the message next. Record and alerts are one
 * transaction: of two who have seen different times the later one's is what stays, as each notes the epoch it has seen.
 *
 * That a node is offline the sweep alone decides, and its message says so: only it knows whether many are, or whether
 * nobody at all is heard. A message of anything else that comes late finds a silent node as it was announced last.
 */
export async function noteTransition(
  deps: Pick<Context, "table" | "nowMs" | "queues" | "log" | "meter">,
  event: NodeEvent,
): Promise<void> {
  const { tenantId, nodeId } = event;
  const notices = await retryOnConflict(async () => {
    // Before the presence: whoever has changed the node since then has seen a newer one.
    const node = await getNode(deps.table, { tenantId, nodeId });
    if (node === undefined || node.removedAtMs !== undefined) return [];
    const silence = await getFleetSilence(deps.table, tenantId);
    const presence = await getPresence(deps.table, nodeId);
    if (presence === undefined || presence.tenantId !== tenantId || presence.sequence === 0) return [];
    const nowMs = deps.nowMs();
    const change = transition(presence, nowMs);
    const isDecided = change?.level !== "offline" || isDecision(event, change);
    // What it said last was not announced either: nothing of it is noted, and the next heartbeat or the sweep announces it.
    if (!isDecided && digestOf(presence.conditions ?? []) !== (presence.announced.conditions ?? 0)) return [];
    const due = isDecided ? change : undefined;
    if (due !== undefined) {
      const epochBefore = presence.announced.epoch;
      const told = await announce(deps.table, {
        nodeId,
        epochBefore,
        announced: due,
        ifSequence: presence.sequence,
      });
      if (!told) throw new AppError("conflict", "the node was heard of meanwhile");
    }
    const announced = due ?? presence.announced;
    const causes = stillCauses(node.causes ?? [], { ...presence, announced });
    const changes = await settleAlerts(deps, {
      tenantId,
      wishes: alertsOfNode(
        node,
        { health: announced.level, causes },
        { grouped: isOfSilence(silence, presence.lastSeenAtMs) },
      ),
      node,
      suppressedBy: async ({ kind }) => (kind === "offline" ? silencedBy(deps, node, presence) : undefined),
      who,
      record: nodeId,
    });
    const isNoted = announced.level === node.health && canonical(causes) === canonical(node.causes ?? []);
    // Also an announcement that changes nothing: whoever still works on the one before it must not have the last word.
    if (isNoted && announced.epoch <= node.healthEpoch && changes.writes.length === 0) return [];
    await commit(deps.table, [
      // Also where only its alerts change: its version is what puts those who decide on them in order.
      replaceNode(node, {
        ...node,
        version: node.version + 1,
        health: announced.level,
        healthEpoch: Math.max(announced.epoch, node.healthEpoch),
        ...(announced.level === node.health ? {} : { healthSinceMs: nowMs }),
        causes,
        ...(changes.openings === undefined ? {} : { openings: changes.openings }),
        updatedAtMs: nowMs,
      }),
      ...changes.writes,
    ]);
    return changes.notices;
  });
  await tellOfAlerts(deps, notices);
}

/** Whether it is this very change that the sweep has told. */
function isDecision(event: NodeEvent, change: { level: string; epoch: number }): boolean {
  return event.level === change.level && event.epoch === change.epoch;
}

/**
 * Opens or ends the one alert of a tenant's silent fleet, as the sweep has noted it. Who is still gone when it ends is
 * looked at by itself (`noteTransition`): the sweep sends for each.
 */
export async function noteFleetSilence(
  deps: Pick<Context, "table" | "nowMs" | "queues" | "log" | "meter">,
  { tenantId }: { tenantId: string },
): Promise<void> {
  const notices = await retryOnConflict(async () => {
    const silence = await getFleetSilence(deps.table, tenantId);
    if (silence === undefined || silence.phase === "suspected") return [];
    const subject = { kind: "fleet-silent" as const };
    const changes = await settleAlerts(deps, {
      tenantId,
      wishes: [silence.phase === "open" ? { subject, raise: "critical" } : { subject, clear: true }],
      raised: { nodes: { silent: silence.nodes, of: silence.of } },
      who,
      record: tenantId,
    });
    if (changes.writes.length > 0) await commit(deps.table, [isStillSilence(tenantId, silence), ...changes.writes]);
    return changes.notices;
  });
  await tellOfAlerts(deps, notices);
}
