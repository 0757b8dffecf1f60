import { spendIn } from "@steward/aws/records/spend";
import { listTasks } from "@steward/aws/records/task";
import { dailyUse, heldBy } from "@steward/aws/records/usage";
import { type DayOfWork, readTenantWork } from "@steward/aws/records/work-day";
import { defaults } from "@steward/contracts/defaults";
import type { LimitsView } from "@steward/contracts/limits";
import { dayOf, monthOf } from "@steward/contracts/periods";
import type { Caller, Context } from "./context.ts";
import { countAppliances, tenantLimitsOf } from "./quotas.ts";
import type { RateLimits } from "./rate-limits.ts";

/** The tenant's quotas with what is used of them. A number that nothing has counted yet is counted here. */
export async function viewLimits(
  deps: Pick<Context, "table" | "nowMs"> & { rates: RateLimits },
  caller: Caller,
): Promise<LimitsView> {
  const { tenantId } = caller;
  const nowMs = deps.nowMs();
  const day = dayOf(nowMs);
  const month = monthOf(nowMs);
  const limits = await tenantLimitsOf(deps, tenantId);
  const [appliances, jobs, today, spend, work] = await Promise.all([
    heldBy(deps.table, tenantId, "appliances"),
    heldBy(deps.table, tenantId, "jobs"),
    dailyUse(deps.table, tenantId, day.name),
    spendIn(deps.table, tenantId, month.name, nowMs),
    readTenantWork(deps.table, { tenantId, since: month.name }),
  ]);
  const thinking = async () =>
    (await listTasks(deps.table, tenantId, { status: "thinking", limit: limits.queuedJobs })).items.length;
  const nextDay = { resetsAt: new Date(day.endsAtMs).toISOString() };
  return {
    quotas: [
      {
        quota: "appliances",
        limit: limits.appliances,
        used: appliances ?? (await countAppliances(deps, tenantId, limits.appliances)),
      },
      { quota: "tasksPerDay", limit: limits.tasksPerDay, used: today.tasks, ...nextDay },
      { quota: "queuedJobs", limit: limits.queuedJobs, used: jobs ?? (await thinking()) },
      {
        quota: "modelUsdPerMonth",
        limit: limits.modelUsdPerMonth,
        used: (spend.spentMicros + spend.reservedMicros) / 1_000_000,
        reserved: spend.reservedMicros / 1_000_000,
        resetsAt: new Date(month.endsAtMs).toISOString(),
      },
      { quota: "outputBytesPerDay", limit: limits.outputBytesPerDay, used: today.outputBytes, ...nextDay },
    ],
    rates: [
      { name: "principal", ...deps.rates.principal },
      { name: "tenant", ...deps.rates.tenant },
    ],
    waits: defaults.maxWaits,
    models: byTier(work.items),
  };
}

function byTier(days: readonly DayOfWork[]): LimitsView["models"] {
  const tiers = new Map<DayOfWork["tier"], LimitsView["models"][number]>();
  for (const { tier, jobs, failures, tokens, serviceMs, costMicros } of days) {
    const sum = tiers.get(tier) ?? { tier, jobs: 0, failures: 0, tokens: 0, seconds: 0, costUsd: 0 };
    tiers.set(tier, {
      tier,
      jobs: sum.jobs + jobs,
      failures: sum.failures + failures,
      tokens: sum.tokens + tokens,
      seconds: sum.seconds + serviceMs / 1000,
      costUsd: sum.costUsd + costMicros / 1_000_000,
    });
  }
  return [...tiers.values()];
}
