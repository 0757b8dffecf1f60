import { spendIn } from "@steward/aws/records/spend";
import { listTasks } from "@steward/aws/records/task";
import { dailyUse, heldBy } from "@steward/aws/records/usage";
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
  const [appliances, jobs, today, spend] = await Promise.all([
    heldBy(deps.table, tenantId, "appliances"),
    heldBy(deps.table, tenantId, "jobs"),
    dailyUse(deps.table, tenantId, day.name),
    spendIn(deps.table, tenantId, month.name, nowMs),
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
  };
}
