import type { ObjectRemover } from "@steward/aws/object-remover";
import { listTenants } from "@steward/aws/records/tenant";
import { sha256Hex } from "@steward/contracts/canonical";
import { firstIdAt } from "@steward/contracts/ids";
import type { Context } from "./context.ts";
import { policyOf } from "./policy-of.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log"> & {
  objects: Pick<ObjectRemover, "removeOld">;
  outputBucket: string;
};

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** The function has 55 s, and removing tenants comes first. */
const budgetMs = 10_000;

/**
 * Removes outputs that are older than their tenant's policy says (`outputDays`). Each tenant has its minute of the hour, so
 * that the bucket is not listed for all at every call. A run's id begins with the time of its rollout and objects are
 * listed by it: what is old comes first, and what is not is not looked at. The bucket's own rule has the last word for
 * those who have set nothing.
 */
export async function expireOutputs(deps: Deps): Promise<{ removed: number; failed: number }> {
  const nowMs = deps.nowMs();
  const untilMs = performance.now() + budgetMs;
  const minute = Math.floor(nowMs / minuteMs) % 60;
  const total = { removed: 0, failed: 0 };
  for (const { tenantId, status } of await listTenants(deps.table)) {
    if (performance.now() > untilMs) break;
    if (status === "purging" || minuteOf(tenantId) !== minute) continue;
    try {
      const { outputDays } = await policyOf(deps, tenantId);
      if (outputDays === undefined) continue;
      const beforeMs = nowMs - outputDays * dayMs;
      const bounds = { beforeKey: `${tenantId}/${firstIdAt("run", beforeMs)}`, beforeMs };
      for (let more = true; more && performance.now() < untilMs; ) {
        const answer = await deps.objects.removeOld(deps.outputBucket, `${tenantId}/`, bounds);
        total.removed += answer.removed;
        more = answer.more;
      }
    } catch (error) {
      // The next hour tries again; an output that stays longer is no harm to anybody else's.
      total.failed += 1;
      deps.log("error", "outputs_not_expired", { tenantId, error: String(error) });
    }
  }
  return total;
}

/** The minute of the hour at which a tenant's outputs are looked at. */
export function minuteOf(tenantId: string): number {
  return Number.parseInt(sha256Hex(tenantId).slice(0, 8), 16) % 60;
}
