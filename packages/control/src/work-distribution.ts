import { type DayOfWork, readTenantWork, readWork } from "@steward/aws/records/work-day";
import { actForSystem } from "@steward/aws/tenant-fence";
import { dayOf } from "@steward/contracts/periods";
import type { Distribution } from "@steward/contracts/queues";
import type { Caller, Context } from "./context.ts";
import { isStaff, liveWorkers, workerLabels } from "./live-workers.ts";
import { type AskedScope, scopeOf } from "./scope-of.ts";

const dayMs = 86_400_000;
const mostShown = 500;

/** `GET /nodes/distribution`: where work ran, from the sums of the days. */
export async function workDistribution(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  query: { days: number; scope?: AskedScope },
): Promise<Distribution> {
  const scope = scopeOf(caller, query.scope);
  const nowMs = deps.nowMs();
  const days = Array.from({ length: query.days }, (_, back) => dayOf(nowMs - back * dayMs).name).toReversed();
  const [from = "", to = ""] = [days[0], days.at(-1)];
  const [work, workers] = await Promise.all([
    scope === "installation"
      ? actForSystem("where all tenants' work ran", () => readWork(deps.table, days))
      : readTenantWork(deps.table, { tenantId: caller.tenantId, since: from }),
    liveWorkers(deps),
  ]);
  const staff = isStaff(caller);
  const labels = workerLabels(workers, { staff });
  const sums = addUp(work.items);
  const seconds = sums.reduce((total, one) => total + one.serviceMs, 0) / 1000;
  const items = sums.slice(0, mostShown).map((one) => ({
    worker: labels.get(one.workerId) ?? nameOfGone(one, staff),
    lane: one.lane,
    tier: one.tier,
    model: one.model,
    jobs: one.jobs,
    failures: one.failures,
    tokens: one.tokens,
    seconds: one.serviceMs / 1000,
    costUsd: one.costMicros / 1_000_000,
    share: seconds === 0 ? 0 : one.serviceMs / 1000 / seconds,
  }));
  return { scope, from, to, items, more: work.more || sums.length > items.length };
}

/** Claude is nobody's machine; a worker that was removed has only its id left, which is the provider's to see. */
function nameOfGone({ workerId, tier }: DayOfWork, staff: boolean): { id: string; name: string } {
  if (tier === "claude") return { id: "claude", name: "Claude" };
  return staff ? { id: workerId, name: `${workerId} (removed)` } : { id: "worker-removed", name: "a removed worker" };
}

/** The days of each place together, what took longest first. */
function addUp(days: readonly DayOfWork[]): DayOfWork[] {
  const sums = new Map<string, DayOfWork>();
  for (const one of days) {
    const key = [one.workerId, one.lane, one.tier, one.model].join("#");
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { ...one });
      continue;
    }
    sum.jobs += one.jobs;
    sum.failures += one.failures;
    sum.tokens += one.tokens;
    sum.serviceMs += one.serviceMs;
    sum.costMicros += one.costMicros;
  }
  return [...sums.entries()]
    .toSorted(([a, x], [b, y]) => y.serviceMs - x.serviceMs || (a < b ? -1 : 1))
    .map(([, sum]) => sum);
}
