import { gateChanged } from "@steward/aws/records/gate-epoch";
import * as records from "@steward/aws/records/schedule";
import { commit } from "@steward/aws/table";
import { AppError, hasCode } from "@steward/contracts/errors";
import { derivedId } from "@steward/contracts/ids";
import {
  type CreateSchedule,
  definitionHash,
  type ScheduleDefinition,
  type ScheduleView,
} from "@steward/contracts/schedule";
import type { TaskView } from "@steward/contracts/task";
import { groundGiven } from "@steward/core/planning/build-plan";
import { checkRecurrence } from "@steward/contracts/due-times";
import * as reduce from "@steward/core/schedule/reduce-schedule";
import type { ScheduleState } from "@steward/core/schedule/schedule-state";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { loadFacts, resolveTargets } from "./load-targets.ts";
import { planSchedule, standingHashOf, taskIdOf } from "./plan-schedule.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadSchedule, scheduleView } from "./schedule-view.ts";
import { submitTask } from "./submit-task.ts";

type Deps = Pick<Context, "table" | "nowMs">;
type WithActions = Deps & Pick<Context, "actions">;

/** Of one tenant. */
const maxSchedules = 500;

/** The id of a name: two that are made under one name at the same time are one. */
const idOf = (tenantId: string, name: string) => derivedId("schedule", 0, `${tenantId} ${name}`);

/**
 * Makes a schedule. Throws `invalid_request` for times that never come and values that an action does not take,
 * `unprocessable` for targets that mean no appliance now, and `conflict` where the tenant has one of that name.
 */
export async function createSchedule(
  deps: WithActions,
  caller: Caller,
  { name, ...definition }: CreateSchedule,
  repeatable?: Repeatable,
): Promise<ScheduleView> {
  const { tenantId } = caller;
  await checkDefinition(deps, tenantId, definition);
  const key = { tenantId, scheduleId: idOf(tenantId, name) };
  return retryOnConflict(async () => {
    const nowMs = deps.nowMs();
    const before = await records.getSchedule(deps.table, key);
    // An earlier try of this request made it, and was killed before it could say so.
    const isOwn = before?.author.id === caller.principal.id && before.status !== "removed";
    if (repeatable?.begunBefore === true && isOwn) return scheduleView(before, nowMs);
    if (before === undefined || before.status === "removed") await requireRoom(deps, tenantId);
    const author = { id: caller.principal.id, name: caller.principal.name };
    const after = reduce.newSchedule({ ...key, name, definition, author }, nowMs, before);
    await store(deps, caller, "create-schedule", before, after);
    return scheduleView(after, nowMs);
  });
}

/** Another definition under the same name. Throws as `createSchedule`. */
export async function putSchedule(
  deps: WithActions,
  caller: Caller,
  params: { scheduleId: string },
  definition: ScheduleDefinition,
): Promise<ScheduleView> {
  const { definition: before } = await loadSchedule(deps, caller.tenantId, params.scheduleId);
  await checkDefinition(deps, caller.tenantId, definition, before);
  const by = { id: caller.principal.id, name: caller.principal.name };
  return change(deps, caller, params, "put-schedule", (state, nowMs) =>
    reduce.changeSchedule(state, { definition, by }, nowMs),
  );
}

export async function pauseSchedule(
  deps: Deps,
  caller: Caller,
  params: { scheduleId: string },
  body: { reason?: string | undefined },
): Promise<ScheduleView> {
  return change(deps, caller, params, "pause-schedule", (state, nowMs) =>
    reduce.pauseSchedule(state, caller.principal.id, nowMs, body.reason),
  );
}

export async function resumeSchedule(
  deps: Deps,
  caller: Caller,
  params: { scheduleId: string },
): Promise<ScheduleView> {
  return change(deps, caller, params, "resume-schedule", reduce.resumeSchedule);
}

/** What it has begun goes on; what a standing approval let begin and has not started does not. */
export async function removeSchedule(deps: Deps, caller: Caller, params: { scheduleId: string }): Promise<void> {
  await change(deps, caller, params, "remove-schedule", reduce.removeSchedule);
}

export async function revokeScheduleApproval(
  deps: Deps,
  caller: Caller,
  params: { scheduleId: string },
): Promise<ScheduleView> {
  return change(deps, caller, params, "revoke-schedule-approval", reduce.revokeStanding);
}

export async function listSchedules(
  deps: Deps,
  caller: Caller,
  page: { limit: number; after?: string },
): Promise<{ items: ScheduleView[]; after?: string }> {
  const nowMs = deps.nowMs();
  const { items, after } = await records.listSchedules(deps.table, caller.tenantId, page);
  const present = items.filter(({ status }) => status !== "removed");
  return { items: present.map((one) => scheduleView(one, nowMs)), ...(after === undefined ? {} : { after }) };
}

/** One, with what a standing approval of it would be for now. */
export async function getSchedule(
  deps: WithActions & Pick<Context, "release">,
  caller: Caller,
  params: { scheduleId: string },
  query: { times?: number | undefined },
): Promise<ScheduleView> {
  const schedule = await loadSchedule(deps, caller.tenantId, params.scheduleId);
  const view = scheduleView(schedule, deps.nowMs(), query.times ?? 5);
  return { ...view, now: await lookNow(deps, schedule) };
}

async function lookNow(
  deps: WithActions & Pick<Context, "release">,
  schedule: ScheduleState,
): Promise<NonNullable<ScheduleView["now"]>> {
  const shown = { definitionHash: definitionHash(schedule) };
  try {
    const { state } = await planSchedule(deps, schedule, taskIdOf(schedule, deps.nowMs()));
    const { plan } = state;
    if (plan === undefined) return { ...shown, matches: state.targets.length, riskReasons: [] };
    return {
      ...shown,
      matches: plan.targets.length,
      risk: plan.risk,
      riskReasons: plan.steps.flatMap((step) => step.riskReasons),
      standingHash: standingHashOf(schedule, plan),
      ...(state.gate?.decision === "deny" ? { problem: state.result?.message ?? "the gate refuses it" } : {}),
    };
  } catch (error) {
    if (!hasCode(error, "unprocessable") && !hasCode(error, "invalid_request")) throw error;
    const { message, fields = [] } = error as AppError;
    const problem = [message, ...fields.map((field) => field.message)].join(": ");
    return { ...shown, matches: 0, riskReasons: [], problem };
  }
}

/**
 * Asks for what the schedule does, now and in the caller's own name: no standing approval stands behind it, and no due
 * time is used up.
 */
export async function runScheduleNow(
  deps: Parameters<typeof submitTask>[0],
  caller: Caller,
  params: { scheduleId: string },
  repeatable?: Repeatable,
): Promise<TaskView> {
  const schedule = await loadSchedule(deps, caller.tenantId, params.scheduleId);
  const { steps, targets, mode, verbosity, rollout } = schedule.definition;
  const body = { steps, targets, mode, verbosity, ...(rollout === undefined ? {} : { rollout }) };
  return submitTask(deps, caller, body, repeatable);
}

/**
 * A mistake is told now and not at three in the morning; at each due time all of it is asked again. Targets that it had
 * before may have no appliance any more: whoever changes something else is not kept from it.
 */
async function checkDefinition(
  deps: WithActions,
  tenantId: string,
  definition: ScheduleDefinition,
  before?: ScheduleDefinition,
): Promise<void> {
  checkRecurrence(definition.when, "when");
  const known = new Set(before?.targets);
  const fresh = definition.targets.filter((target) => !known.has(target));
  const nodes = fresh.length === 0 ? [] : await resolveTargets(deps, tenantId, fresh);
  const targets = await loadFacts(
    deps,
    tenantId,
    nodes.map((node) => ({ id: node.nodeId, name: node.name })),
  );
  groundGiven(definition.steps, { instruction: "", actions: deps.actions, targets });
}

async function requireRoom(deps: Deps, tenantId: string): Promise<void> {
  const { items } = await records.listSchedules(deps.table, tenantId, { limit: 2 * maxSchedules });
  if (items.filter(({ status }) => status !== "removed").length < maxSchedules) return;
  throw new AppError("unprocessable", `a tenant may have ${maxSchedules} schedules`, {
    next: "Remove one that is no longer used: steward schedule rm",
  });
}

async function change(
  deps: Deps,
  caller: Caller,
  { scheduleId }: { scheduleId: string },
  what: string,
  decide: (state: ScheduleState, nowMs: number) => ScheduleState,
): Promise<ScheduleView> {
  return retryOnConflict(async () => {
    const before = await loadSchedule(deps, caller.tenantId, scheduleId);
    const nowMs = deps.nowMs();
    const after = decide(before, nowMs);
    if (after !== before) await store(deps, caller, what, before, after);
    return scheduleView(after, nowMs);
  });
}

async function store(
  deps: Deps,
  caller: Caller,
  what: string,
  before: ScheduleState | undefined,
  after: ScheduleState,
): Promise<void> {
  const { tenantId, scheduleId } = after;
  await commit(deps.table, [
    before === undefined ? records.createSchedule(after) : records.replaceSchedule(before, after),
    // What it let begin and has not started must hear that nobody says yes any more.
    ...(before?.standing !== undefined && after.standing === undefined ? gateChanged(tenantId) : []),
    audited(deps.nowMs(), {
      tenantId,
      who: caller.principal.id,
      what,
      record: scheduleId,
      before,
      after,
      requestId: caller.requestId,
    }),
  ]);
}
