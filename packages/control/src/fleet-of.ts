import { type Fleet, neededFleet, type Seen } from "@steward/core/rollout/fleet-view";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { intervalMsOf, isOffline } from "@steward/core/node/health";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";
import { allNodes, loadNodes } from "./load-targets.ts";
import { presencesOf } from "./presences-of.ts";

/**
 * What a rollout's health gate and its minimum for each site look at, as the heartbeats have it now. Undefined where it
 * has neither, as most have: then nothing is read.
 */
export async function fleetOf(
  deps: Pick<Context, "table" | "nowMs">,
  rollout: RolloutState,
): Promise<Fleet | undefined> {
  const needed = neededFleet(rollout);
  if (needed === undefined) return undefined;
  const targetIds = rollout.targets.map(({ id }) => id);
  const nodes =
    needed === "targets" ? await loadNodes(deps, rollout.tenantId, targetIds) : await ofTheirSites(deps, rollout);
  const known = nodes.filter((node) => node !== undefined && counts(node)) as NodeState[];
  const presences = await presencesOf(deps, known);
  const nowMs = deps.nowMs();
  return new Map(
    known.flatMap((node) => {
      const presence = presences.get(node.nodeId);
      return presence === undefined ? [] : [[node.nodeId, seenOf(node, presence, nowMs)] as const];
    }),
  );
}

const siteTags = (node: Pick<NodeState, "tags">) => node.tags.filter((tag) => tag.startsWith("site:"));

/** Who is shut out or gone is no appliance that a site could have healthy. */
function counts(node: NodeState): boolean {
  return node.removedAtMs === undefined && node.revokedAtMs === undefined;
}

async function ofTheirSites(deps: Pick<Context, "table">, rollout: RolloutState): Promise<NodeState[]> {
  const appliances = await allNodes(deps, rollout.tenantId, "appliance");
  const targets = new Set(rollout.targets.map(({ id }) => id));
  const sites = new Set(appliances.filter((node) => targets.has(node.nodeId)).flatMap(siteTags));
  return appliances.filter((node) => targets.has(node.nodeId) || siteTags(node).some((tag) => sites.has(tag)));
}

function seenOf(node: NodeState, presence: PresenceState, nowMs: number): Seen {
  const announced = presence.announced.level;
  // The heartbeat knows a new level before the house does, and since when is what the house has noted; until then, now.
  const isNoted = announced === node.health;
  return {
    health: isOffline(presence, nowMs) ? "offline" : announced,
    healthSinceMs: isNoted ? node.healthSinceMs : Math.max(node.healthSinceMs, presence.lastSeenAtMs),
    lastSeenAtMs: presence.lastSeenAtMs,
    intervalMs: intervalMsOf(presence),
    sites: siteTags(node),
  };
}
