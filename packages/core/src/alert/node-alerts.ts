import type { Severity } from "@steward/contracts/alert";
import type { Health } from "@steward/contracts/heartbeat";
import { intervalMsOf, isOffline } from "../node/health.ts";
import type { NodeState, PresenceState } from "../node/node-state.ts";
import type { AlertSubject } from "./alert-state.ts";

/** What is to become of one alert of a node. */
export type AlertWish = { subject: AlertSubject; raise: Severity } | { subject: AlertSubject; clear: true };

interface NodeHealth {
  health: Health;
  causes: NonNullable<NodeState["causes"]>;
}

/**
 * What a node's health asks of its alerts. What a silent node had before is neither over nor worse: nobody knows.
 * `grouped`: its silence is one of many, of which there is one alert (`fleet-silent`).
 */
export function alertsOfNode(
  node: Pick<NodeState, "nodeId" | "health" | "causes" | "revokedAtMs" | "removedAtMs">,
  now: NodeHealth,
  { grouped }: { grouped: boolean },
): AlertWish[] {
  const { nodeId } = node;
  const offline: AlertSubject = { kind: "offline", nodeId };
  const of = (part: string): AlertSubject => ({ kind: "health", nodeId, part });
  const known = node.causes ?? [];
  // Nobody waits for a node that was shut out.
  if (node.revokedAtMs !== undefined || node.removedAtMs !== undefined) {
    const parts = new Set([...known, ...now.causes].map(({ part }) => part));
    return [
      { subject: offline, clear: true },
      ...[...parts].map((part) => ({ subject: of(part), clear: true as const })),
    ];
  }
  if (now.health === "offline") return grouped ? [] : [{ subject: offline, raise: "critical" }];
  const wrong = new Set(now.causes.map(({ part }) => part));
  return [
    { subject: offline, clear: true },
    ...now.causes.map(({ part, level }) => ({ subject: of(part), raise: level })),
    ...known.filter(({ part }) => !wrong.has(part)).map(({ part }) => ({ subject: of(part), clear: true as const })),
  ];
}

/** The name of the node that it is behind: `gateway:router-1`, or the id. */
export function gatewayOf({ tags }: Pick<NodeState, "tags">): string | undefined {
  return tags.find((tag) => tag.startsWith("gateway:"))?.slice("gateway:".length);
}

type Heard = Pick<PresenceState, "sequence" | "lastSeenAtMs" | "intervalSeconds" | "directive">;

/**
 * Whether the silence is the node's own: the gateway was heard while the node already was not, or the node was heard by
 * another line when the gateway's time was over long since. Else it may be the gateway's, also where that one's time is not
 * over yet: of two that fell silent together one is noticed first.
 */
export function vouches(gateway: Heard, node: Heard, nowMs: number): boolean {
  if (isOffline(gateway, node.lastSeenAtMs)) return true;
  const missedAtMs = node.lastSeenAtMs + intervalMsOf(node);
  return !isOffline(gateway, nowMs) && gateway.lastSeenAtMs >= missedAtMs;
}
