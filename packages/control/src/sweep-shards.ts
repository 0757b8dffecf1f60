import { listPresenceShard, presenceShards } from "@steward/aws/records/presence";
import type { Health } from "@steward/contracts/heartbeat";
import { isOffline } from "@steward/core/node/health";
import type { PresenceState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";
import { inParallel } from "./in-parallel.ts";

/** A node that has beaten, as a sweep has read it. */
export interface SweptNode {
  shard: number;
  presence: PresenceState;
  readAtMs: number;
}

export interface Round {
  byTenant: Map<string, SweptNode[]>;
  /** The shard that the time did not suffice for; 0 where it came round. */
  nextShard: number;
  /** The shards that were read to their end. */
  read: ReadonlySet<number>;
  /** Every one was. Else nodes are missing of whom nothing is known. */
  isWhole: boolean;
}

const shardsAtOnce = 8;

/**
 * Reads every shard once, from `firstShard` on, never the table; begins none after `untilMs` (by `performance.now`). A
 * shard that cannot be read is told of, and keeps nobody else from being swept.
 */
export async function readShards(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  { firstShard, untilMs }: { firstShard: number; untilMs: number },
): Promise<Round> {
  const byTenant = new Map<string, SweptNode[]>();
  const order = Array.from({ length: presenceShards }, (_, place) => (firstShard + place) % presenceShards);
  const begun = new Set<number>();
  const read = new Set<number>();
  await inParallel(
    order,
    shardsAtOnce,
    async (shard) => {
      begun.add(shard);
      try {
        let after: string | undefined;
        do {
          const page = await listPresenceShard(deps.table, shard, after);
          const readAtMs = deps.nowMs();
          for (const presence of page.items) {
            // Before its first heartbeat a node is not offline: it has never been there.
            if (presence.sequence === 0) continue;
            const known = byTenant.get(presence.tenantId);
            if (known === undefined) byTenant.set(presence.tenantId, [{ shard, presence, readAtMs }]);
            else known.push({ shard, presence, readAtMs });
          }
          after = page.after;
        } while (after !== undefined);
        read.add(shard);
      } catch (error) {
        deps.log("error", "shard_not_swept", { shard, error: String(error) });
      }
    },
    untilMs,
  );
  const nextShard = order.find((shard) => !begun.has(shard)) ?? 0;
  return { byTenant, nextShard, read, isWhole: read.size === presenceShards };
}

/** Shut-out nodes are nobody's fleet. */
export function isExpected({ presence }: SweptNode): boolean {
  return !presence.certificate.revoked;
}

/** As it is announced, but never fresher than its last heartbeat allows; one that is back and not announced yet is well. */
export function healthOfSwept(node: SweptNode): Health {
  const { level } = node.presence.announced;
  if (isSilent(node)) return "offline";
  return level === "offline" ? "healthy" : level;
}

export function isSilent({ presence, readAtMs }: SweptNode): boolean {
  return isOffline(presence, readAtMs);
}
