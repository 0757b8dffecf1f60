import { listPresenceShard, presenceShards } from "@steward/aws/records/presence";
import { defaults } from "@steward/contracts/defaults";
import { isOffline } from "@steward/core/node/health";
import { announceIfDue, type NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";

/**
 * Turns silent nodes `offline`, once each: by shard, never by scanning the table, and only if the node did not beat
 * since it was read. Repairs announcements that a crash cut short, too. Answers how many transitions it announced; and of the
 * nodes that have beaten and were not removed, how many there are, how many of them are not silent, and how many of these
 * do not manage to renew their certificate. (One that is off renews late, by itself, when it is back.)
 */
export async function sweepPresence(
  deps: Pick<Context, "table" | "nowMs" | "log"> & { sendNodeEvent: (event: NodeEvent) => Promise<void> },
): Promise<{ expected: number; online: number; expiring: number; announced: number }> {
  let expected = 0;
  let expiring = 0;
  let online = 0;
  let announced = 0;
  for (let shard = 0; shard < presenceShards; shard += 1) {
    let after: string | undefined;
    do {
      const page = await listPresenceShard(deps.table, shard, after);
      for (const presence of page.items) {
        // Before its first heartbeat a node is not offline: it has never been there.
        if (presence.sequence === 0) continue;
        const nowMs = deps.nowMs();
        if (!presence.certificate.revoked) {
          expected += 1;
          if (!isOffline(presence, nowMs)) {
            online += 1;
            const { expiresAtMs } = presence.certificate;
            if (expiresAtMs !== undefined && expiresAtMs - nowMs < defaults.certificateWarningSeconds * 1000) {
              expiring += 1;
              deps.log("warn", "certificate_expires", { nodeId: presence.nodeId, tenantId: presence.tenantId });
            }
          }
        }
        if (await announceIfDue(deps, presence, nowMs)) announced += 1;
      }
      after = page.after;
    } while (after !== undefined);
  }
  return { expected, online, expiring, announced };
}
