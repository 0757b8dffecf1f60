import { type DueSchedule, getSchedule, listDueSchedules, replaceSchedule } from "@steward/aws/records/schedule";
import { getTask } from "@steward/aws/records/task";
import { getTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { AppError, hasCode } from "@steward/contracts/errors";
import { type TaskStatus, taskHasEnded } from "@steward/contracts/states";
import { newTraceId } from "@steward/contracts/trace-context";
import { decideDue, noteDue } from "@steward/core/schedule/reduce-schedule";
import type { ScheduleNote, ScheduleState } from "@steward/core/schedule/schedule-state";
import { takeTurns } from "@steward/core/schedule/take-turns";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { heldBy } from "./held-by.ts";
import { planSchedule, taskIdOf } from "./plan-schedule.ts";
import { countTask } from "./quotas.ts";
import { forRequest, goOnFor } from "./request-scope.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";

type Deps = Pick<Context, "table" | "queues" | "release" | "nowMs" | "secret" | "log" | "meter"> & {
  /** Only asked for where something is due. */
  loadActions: () => Promise<Context["actions"]>;
};

const who = "steward:schedule";
/** More than several tenants can have due together, and none has the others' look to itself: they take turns. */
const batch = 5_000;
const atOnce = 5;
/** The function has 55 s: what it began it also ends. */
const budgetMs = 40_000;
/** Of one schedule at one look: what it has missed beyond that has its turn at the next one. */
const maxMoves = 20;

/**
 * Acts upon every due time that has come, of all tenants. Each is one transaction: the task with the derived id, and the
 * schedule that goes on to its next time. Killed anywhere, the next look goes on from there; of two at the same time one
 * is told of a conflict, and finds the due time done.
 */
export async function runSchedules(deps: Deps): Promise<{ looked: number; failed: number }> {
  const due = await listDueSchedules(deps.table, deps.nowMs(), batch);
  // Zero too: what does not say how late it is may stand still.
  deps.meter("ScheduleLatenessSeconds", latenessSeconds(due, deps.nowMs()));
  const untilMs = performance.now() + budgetMs;
  let looked = 0;
  let failed = 0;
  const left = takeTurns(due)[Symbol.iterator]();
  const workThrough = async () => {
    for (const one of left) {
      if (performance.now() > untilMs) return;
      looked += 1;
      await forRequest(undefined, async () => {
        try {
          await actFor(one.tenantId, () => runSchedule(deps, one));
        } catch (error) {
          // One bad schedule must not keep the others from their time; it stays due, and its lateness is measured.
          failed += 1;
          deps.log("error", "schedule_failed", { scheduleId: one.scheduleId, error: String(error) });
        }
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, workThrough));
  return { looked, failed };
}

function latenessSeconds(due: readonly DueSchedule[], nowMs: number): number {
  return Math.max(0, ...due.map(({ lookAtMs }) => (nowMs - lookAtMs) / 1000));
}

/** Takes one schedule as far as it goes now. */
async function runSchedule(deps: Deps, key: { tenantId: string; scheduleId: string }): Promise<void> {
  for (let moves = 0; moves < maxMoves; moves += 1) {
    // Nobody calls: what comes of a due time is one request all the same.
    goOnFor(newTraceId());
    const moved = await retryOnConflict(() => moveOn(deps, key));
    if (!moved) return;
  }
}

/** Answers whether there may be more to do. */
async function moveOn(deps: Deps, key: { tenantId: string; scheduleId: string }): Promise<boolean> {
  const schedule = await getSchedule(deps.table, key);
  if (schedule === undefined) return false;
  const [tenant, previous] = await Promise.all([
    getTenant(deps.table, key.tenantId),
    schedule.lastTaskId === undefined
      ? undefined
      : getTask(deps.table, { tenantId: key.tenantId, taskId: schedule.lastTaskId }),
  ]);
  const decision = decideDue(schedule, {
    nowMs: deps.nowMs(),
    tenantActive: tenant?.status === "active",
    previousRuns: previous !== undefined && !taskHasEnded(previous.status),
  });
  switch (decision.kind) {
    case "nothing":
      return false;
    case "moved":
      await commit(deps.table, changeOf(deps, schedule, decision.state, "pass-over-due-time"));
      return true;
    case "fire":
      await fire(deps, schedule, decision.dueAtMs);
      return true;
    default:
      return decision satisfies never;
  }
}

async function fire(deps: Deps, schedule: ScheduleState, dueAtMs: number): Promise<void> {
  const note = (what: Pick<ScheduleNote, "outcome" | "taskId" | "why">) =>
    changeOf(deps, schedule, noteDue(schedule, what, deps.nowMs()), `${what.outcome}-due-time`);
  const taskId = taskIdOf(schedule, dueAtMs);
  const made = await getTask(deps.table, { tenantId: schedule.tenantId, taskId });
  if (made !== undefined) {
    await commit(deps.table, note({ outcome: outcomeOf(made.status), taskId, why: "Its task had been made already." }));
    return;
  }
  let uncount: () => Promise<void> = async () => {};
  try {
    uncount = await countTask(deps, schedule.tenantId);
    const actions = await deps.loadActions();
    const { state, effects } = await planSchedule({ ...deps, actions }, schedule, taskId, dueAtMs);
    const held = schedule.definition.blackout === "skip" ? await heldBy(deps, state) : undefined;
    if (held !== undefined) {
      await uncount();
      // Whatever becomes of the note: it is taken back once.
      uncount = async () => {};
      await commit(deps.table, note({ outcome: "skipped", why: held }));
      return;
    }
    const outcome = outcomeOf(state.status);
    const why = outcome === "refused" ? state.result?.message : outcome === "waits" ? whyItWaits(state) : undefined;
    await storeTask(deps, {
      after: state,
      effects,
      who,
      what: "run-schedule",
      writes: note({ outcome, taskId, ...(why === undefined ? {} : { why }) }),
    });
  } catch (error) {
    // Where nobody knows whether it was stored, it stays counted.
    if (!hasCode(error, "unavailable") && !hasCode(error, "internal")) await uncount();
    const why = refusalOf(error);
    if (why === undefined) throw error;
    // A day that is used up ends by itself, and says nothing against the schedule.
    await commit(deps.table, note({ outcome: hasCode(error, "quota_exceeded") ? "skipped" : "refused", why }));
  }
}

/** Why no plan can be made now; undefined: a fault, and it is tried again. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof AppError) || error.retryable) return undefined;
  const expected = ["unprocessable", "invalid_request", "quota_exceeded", "too_large"] as const;
  if (!expected.some((code) => code === error.code)) return undefined;
  return [error.message, ...(error.fields ?? []).map((field) => `${field.path} ${field.message}`)].join("; ");
}

function outcomeOf(status: TaskStatus): ScheduleNote["outcome"] {
  if (status === "failed" || status === "rejected") return "refused";
  return status === "awaiting_approval" ? "waits" : "started";
}

function whyItWaits(task: { gate?: { reasons: { decision: string; why: string }[] } }): string {
  const reasons = (task.gate?.reasons ?? []).filter(({ decision }) => decision === "needs_approval");
  return reasons.map(({ why }) => why).join(" ");
}

function changeOf(deps: Deps, before: ScheduleState, after: ScheduleState, what: string) {
  return [
    replaceSchedule(before, after),
    audited(deps.nowMs(), { tenantId: after.tenantId, who, what, record: after.scheduleId, before, after }),
  ];
}
