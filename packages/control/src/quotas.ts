import { createCaches } from "@steward/aws/cache";
import { listNodes } from "@steward/aws/records/node";
import { listTasks } from "@steward/aws/records/task";
import { getTenant } from "@steward/aws/records/tenant";
import { type Daily, heldBy, returnDaily, returnHolding, takeDaily, takeHolding } from "@steward/aws/records/usage";
import { AppError } from "@steward/contracts/errors";
import type { QuotaName } from "@steward/contracts/limits";
import { dayOf } from "@steward/contracts/periods";
import type { TenantLimits } from "@steward/contracts/tenant";
import { jobHasEnded } from "@steward/contracts/states";
import type { JobState } from "@steward/core/job/job-state";
import { limitsOf } from "@steward/core/tenant/tenant-now";
import type { Context } from "./context.ts";

type Deps = Pick<Context, "table" | "nowMs">;

/** How long an instance may remember what a tenant's limits are. */
const freshMs = 5_000;
const cacheOf = createCaches<TenantLimits>(freshMs);

/** What the tenant may use, at most 5 s old: a read that every task and every piece of output would pay for. */
async function knownLimits(deps: Pick<Context, "table">, tenantId: string): Promise<TenantLimits> {
  return cacheOf(deps.table).get(tenantId, () => tenantLimitsOf(deps, tenantId));
}

/** What the tenant may use, as it is set now. */
export async function tenantLimitsOf(deps: Pick<Context, "table">, tenantId: string): Promise<TenantLimits> {
  const tenant = await getTenant(deps.table, tenantId);
  if (tenant === undefined) throw new AppError("not_found", `there is no tenant ${tenantId}`);
  return limitsOf(tenant);
}

/** Counts a task for today, before it is stored. Throws `quota_exceeded`; what it answers takes the count back. */
export async function countTask(deps: Deps, tenantId: string): Promise<() => Promise<void>> {
  return countForDay(deps, tenantId, { quota: "tasksPerDay", what: "tasks", amount: 1 });
}

/**
 * Counts a question for today, which is a task as well. Questions get half of a quota at most: whoever may ask and no more
 * must not keep those from working who may.
 */
export async function countQuestion(deps: Deps, tenantId: string): Promise<() => Promise<void>> {
  const unask = await countForDay(deps, tenantId, { quota: "tasksPerDay", what: "questions", amount: 1 });
  try {
    const uncount = await countTask(deps, tenantId);
    return async () => {
      await Promise.all([unask(), uncount()]);
    };
  } catch (error) {
    await unask();
    throw error;
  }
}

const questionsOf = (limit: number) => Math.ceil(limit / 2);

/** Counts bytes of output for today, before there is a place for them. Throws `quota_exceeded`. */
export async function countOutput(deps: Deps, tenantId: string, bytes: number): Promise<() => Promise<void>> {
  return countForDay(deps, tenantId, { quota: "outputBytesPerDay", what: "outputBytes", amount: bytes });
}

async function countForDay(
  deps: Deps,
  tenantId: string,
  { quota, ...use }: { quota: "tasksPerDay" | "outputBytesPerDay"; what: Daily; amount: number },
): Promise<() => Promise<void>> {
  const { [quota]: whole } = await knownLimits(deps, tenantId);
  const asks = use.what === "questions";
  const limit = asks ? questionsOf(whole) : whole;
  const nowMs = deps.nowMs();
  const day = dayOf(nowMs);
  const taken = await takeDaily(deps.table, { tenantId, day: day.name, limit, nowMs, ...use });
  if (taken.kind === "full") {
    throw quotaExceeded({ quota, limit, used: taken.used, nowMs, resetsAtMs: day.endsAtMs, asks });
  }
  return async () => returnDaily(deps.table, { tenantId, day: day.name, ...use });
}

/**
 * Counts a job until it ends, before it is stored. One that answers a question finds room only while half of it is free,
 * whoever has the rest. Throws `quota_exceeded`.
 */
export async function holdJob(deps: Deps, { tenantId, kind }: Pick<JobState, "tenantId" | "kind">): Promise<void> {
  const { queuedJobs: whole } = await knownLimits(deps, tenantId);
  const asks = kind === "answer";
  const limit = asks ? questionsOf(whole) : whole;
  const nowMs = deps.nowMs();
  const taken = await takeHolding(deps.table, {
    tenantId,
    holding: "jobs",
    limit,
    nowMs,
    // Every job that has not ended has a task that thinks. All of them, also where half is the limit: it is set anew.
    count: async () => (await listTasks(deps.table, tenantId, { status: "thinking", limit: whole + 1 })).items.length,
  });
  if (taken.kind === "full") throw quotaExceeded({ quota: "queuedJobs", limit, used: taken.used, nowMs, asks });
}

/** To be called by whoever has stored the change: the one that ends a job makes room for the next. */
export async function releaseEndedJob(
  deps: Deps & Pick<Context, "log">,
  before: Pick<JobState, "status">,
  after: Pick<JobState, "status" | "tenantId">,
): Promise<void> {
  if (jobHasEnded(before.status) || !jobHasEnded(after.status)) return;
  await release(deps, { tenantId: after.tenantId, holding: "jobs" });
}

/** Refuses an invitation that could not be used. The enrolment itself counts. */
export async function checkApplianceRoom(deps: Deps, tenantId: string): Promise<void> {
  const { appliances: limit } = await knownLimits(deps, tenantId);
  const used = (await heldBy(deps.table, tenantId, "appliances")) ?? (await countAppliances(deps, tenantId, limit));
  if (used >= limit) throw quotaExceeded({ quota: "appliances", limit, used, nowMs: deps.nowMs() });
}

/** Counts an appliance, before it is stored. Throws `quota_exceeded`. */
export async function holdAppliance(deps: Deps, { tenantId }: { tenantId: string }): Promise<void> {
  const { appliances: limit } = await knownLimits(deps, tenantId);
  const nowMs = deps.nowMs();
  const taken = await takeHolding(deps.table, {
    tenantId,
    holding: "appliances",
    limit,
    nowMs,
    count: () => countAppliances(deps, tenantId, limit),
  });
  if (taken.kind === "full") throw quotaExceeded({ quota: "appliances", limit, used: taken.used, nowMs });
}

/** To be called by whoever has removed an appliance, or counted one that was then not stored. */
export async function releaseAppliance(
  deps: Deps & Pick<Context, "log">,
  { tenantId }: { tenantId: string },
): Promise<void> {
  await release(deps, { tenantId, holding: "appliances" });
}

/** Up to one more than the limit: beyond it the number makes no difference. */
export async function countAppliances(deps: Pick<Context, "table">, tenantId: string, limit: number): Promise<number> {
  return (await listNodes(deps.table, tenantId, { kind: "appliance", limit: limit + 1 })).items.length;
}

/** The change itself is stored: that its unit could not be given back must not undo it. A full number is counted anew. */
async function release(
  deps: Deps & Pick<Context, "log">,
  unit: { tenantId: string; holding: "appliances" | "jobs" },
): Promise<void> {
  try {
    await returnHolding(deps.table, { ...unit, nowMs: deps.nowMs() });
  } catch (error) {
    deps.log("warn", "quota_not_returned", { ...unit, error: String(error) });
  }
}

const meaning: Record<QuotaName, { may: (limit: number) => string; has: (used: number) => string; room: string }> = {
  appliances: {
    may: (limit) => `${limit} appliances`,
    has: (used) => `has ${used}`,
    room: "Remove one that is no longer used",
  },
  tasksPerDay: {
    may: (limit) => `${limit} tasks a day`,
    has: (used) => `has submitted ${used} today`,
    room: "Wait for the next day (UTC)",
  },
  queuedJobs: {
    may: (limit) => `${limit} requests that models work on at one time`,
    has: (used) => `has ${used}`,
    room: "Wait until some of them have ended",
  },
  modelUsdPerMonth: {
    may: (limit) => `$${limit} a month of Claude`,
    has: (used) => `has spent $${used.toFixed(2)}, with what is under way`,
    room: "Wait for the next month (UTC)",
  },
  outputBytesPerDay: {
    may: (limit) => `${limit} bytes of output a day`,
    has: (used) => `has ${used} today`,
    room: "Wait for the next day (UTC)",
  },
};

/** Which quota, how much of it, when it begins anew, and who can raise it. */
export function quotaExceeded({
  quota,
  limit,
  used,
  nowMs,
  resetsAtMs,
  asks = false,
}: {
  quota: QuotaName;
  limit: number;
  used: number;
  nowMs: number;
  resetsAtMs?: number;
  /** For a question, which gets half. */
  asks?: boolean;
}): AppError {
  const { may, has, room } = meaning[quota];
  const what = asks ? `${may(limit)} for questions` : may(limit);
  return new AppError("quota_exceeded", `this tenant may have ${what}, and ${has(used)}`, {
    next: `${room}, or ask your provider for more (staff: steward tenant limits). steward limits shows all.`,
    details: {
      quota,
      limit,
      used,
      ...(resetsAtMs === undefined ? {} : { resetsAt: new Date(resetsAtMs).toISOString() }),
    },
    ...(resetsAtMs === undefined ? {} : { retryAfterSeconds: Math.ceil((resetsAtMs - nowMs) / 1000) }),
  });
}
