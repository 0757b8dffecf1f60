import { addPendingRun } from "@steward/aws/records/presence";
import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { createRun, getRun, listRunsOfRollout, replaceRun, sendRun as storeSent } from "@steward/aws/records/run";
import { replaceTask } from "@steward/aws/records/task";
import { signDocument } from "@steward/aws/signing";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import type { Envelope } from "@steward/contracts/envelope";
import { hasCode } from "@steward/contracts/errors";
import { executablePlan, type Plan } from "@steward/contracts/plan";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import { proveTarget } from "@steward/contracts/targets-proof";
import { gate } from "@steward/core/gate/gate";
import { advanceRollout as decide } from "@steward/core/rollout/advance-rollout";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { isOverdue, overdueEvent } from "@steward/core/run/judge-stuck";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { RunEvent, RunState } from "@steward/core/run/run-state";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { audited } from "./audit.ts";
import type { Context, WithSigner } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { loadNodes } from "./load-targets.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { forgetDoorbell } from "./start-run.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "release" | "log" | "meter"> &
  WithSigner & {
    /** Rings appliances with the doorbell `ssm`. Answers with those for which SSM did not take it. */
    ringSsm: (nodeIds: string[], rolloutId: string) => Promise<{ failed: string[] }>;
  };

const who = "steward:dispatch";
/** Each pass may make the next one possible (create, then send, then ring); more than this many means a mistake. */
const maxPasses = 8;

/**
 * Takes a rollout as far as it goes now. Everything is decided from the runs as they are, every effect may be made
 * twice, and every write is conditional: killed anywhere, the next call goes on from there.
 */
export async function advanceRollout(deps: Deps, message: { tenantId: string; rolloutId: string }): Promise<void> {
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const again = await retryOnConflict(() => onePass(deps, message));
    if (!again) return;
  }
}

/** Answers whether another pass may do more. */
async function onePass(deps: Deps, message: { tenantId: string; rolloutId: string }): Promise<boolean> {
  const rollout = await getRollout(deps.table, message);
  if (rollout === undefined) return false;
  const [runs, task] = await Promise.all([
    listRunsOfRollout(deps.table, message),
    loadTask(deps, rollout.tenantId, rollout.taskId),
  ]);
  const { state, effects } = decide(rollout, runs, deps.nowMs());
  let progressed = false;
  // The reconciler does the same within a minute; whoever cleans up does not want to wait for it.
  for (const run of runs.filter((one) => isOverdue(one, deps.nowMs()))) {
    await changeRun(deps, message.tenantId, run.runId, { type: overdueEvent(run) });
    progressed = true;
  }
  for (const effect of effects) {
    switch (effect.type) {
      case "create_runs":
        await createRuns(deps, effect.runs);
        progressed = true;
        break;
      case "send_run":
        progressed = (await sendRun(deps, task, runs, effect.runId)) || progressed;
        break;
      case "ring":
        await ring(
          deps,
          rollout,
          runs.filter((run) => effect.runIds.includes(run.runId)),
        );
        break;
      case "cancel_runs":
        for (const runId of effect.runIds) {
          await changeRun(deps, message.tenantId, runId, {
            type: "cancel",
            ...(effect.reason === undefined ? {} : { reason: effect.reason }),
          });
        }
        progressed = true;
        break;
      case "retry_runs":
      case "undo_runs":
        for (const runId of effect.runIds) {
          const type = effect.type === "retry_runs" ? "retry" : "begin_undo";
          await changeRun(deps, message.tenantId, runId, { type, round: effect.round });
        }
        progressed = true;
        break;
      case "finish_task":
        await finish(deps, rollout, state, task);
        return false;
      default:
        effect satisfies never;
    }
  }
  if (state !== rollout) await commit(deps.table, [replaceRollout(rollout, state)]);
  return progressed;
}

/** Runs have derived ids: one that is there already was made by an earlier, interrupted pass. */
async function createRuns(deps: Deps, runs: readonly RunState[]): Promise<void> {
  for (const run of runs) {
    try {
      await commit(deps.table, [createRun(run)]);
    } catch (error) {
      if (!hasCode(error, "conflict")) throw error;
    }
  }
}

/**
 * Signs the run's command and marks it `sent`. A freeze leaves it pending, and so does a tenant that is suspended or to be
 * deleted: both may end before the plan does. What can never start is cancelled.
 */
async function sendRun(deps: Deps, task: TaskState, runs: readonly RunState[], runId: string): Promise<boolean> {
  const run = runs.find((one) => one.runId === runId);
  const { plan } = task;
  if (run === undefined || plan === undefined) return false;
  const context = await gateContext(deps, task, plan, "doorbell", { targetIds: [run.applianceId] });
  const decision = gate(plan, context);
  if (decision.decision !== "allow") {
    const isHeld = context.tenantStatus === "suspended" || context.tenantStatus === "deleting";
    if (isHeld || context.freezes.length > 0) return false;
    const why = decision.reasons.filter((reason) => reason.decision !== "allow").map((reason) => reason.why);
    await changeRun(deps, run.tenantId, run.runId, { type: "cancel", reason: why.join("; ") });
    return true;
  }
  const envelope = await signDocument(deps.signer, "steward-envelope-v1", envelopeOf(task, plan, run, deps.nowMs()));
  await changeRun(deps, run.tenantId, run.runId, { type: "send", envelope });
  return true;
}

function envelopeOf(task: TaskState, plan: Plan, run: RunState, nowMs: number): Envelope {
  return {
    v: 1,
    tenantId: task.tenantId,
    taskId: task.taskId,
    runId: run.runId,
    attempt: run.attempt,
    applianceId: run.applianceId,
    plan: executablePlan(plan),
    targetProof: proveTarget(plan.targets, run.applianceId),
    mode: plan.mode,
    planExpiresAtMs: plan.expiresAtMs,
    planHash: plan.planHash,
    verbosity: plan.verbosity,
    notBeforeMs: nowMs,
    expiresAtMs: Math.min(plan.expiresAtMs, nowMs + defaults.envelopeSeconds * 1000),
    ...yesTo(task, plan),
  };
}

/** The yes that an appliance wants to see: a person's to this plan, or else a standing one, where the plan needs any. */
function yesTo(task: TaskState, plan: Plan): Pick<Envelope, "approval" | "standing"> {
  if (task.approval !== undefined) return { approval: task.approval.document };
  const standing = task.schedule?.standing;
  // An agent of before does not know the field: what needs nobody's yes goes without.
  return standing === undefined || plan.risk === "low" || plan.mode === "check" ? {} : { standing };
}

/**
 * Rings. Every appliance's next heartbeat names the run too, whatever its doorbell: a ring that SSM loses costs one
 * interval and nothing else.
 */
async function ring(deps: Deps, rollout: RolloutState, runs: readonly RunState[]): Promise<void> {
  const nodes = await loadNodes(
    deps,
    rollout.tenantId,
    runs.map((run) => run.applianceId),
  );
  const bySsm: string[] = [];
  await Promise.all(
    runs.map(async (run, index) => {
      await addPendingRun(deps.table, run.applianceId, run.runId);
      if (nodes[index]?.doorbell === "ssm") bySsm.push(run.applianceId);
    }),
  );
  let refused: string[] = [];
  if (bySsm.length > 0) {
    try {
      refused = (await deps.ringSsm(bySsm, rollout.rolloutId)).failed;
      if (refused.length > 0) deps.meter("DoorbellsFailed", refused.length);
    } catch (error) {
      refused = bySsm;
      deps.meter("DoorbellsFailed", bySsm.length);
      deps.log("warn", "ring_failed", { rolloutId: rollout.rolloutId, count: bySsm.length, error: String(error) });
    }
  }
  for (const run of runs) {
    const ring = { type: "ring", refused: refused.includes(run.applianceId) } as const;
    const now = await changeRun(deps, run.tenantId, run.runId, ring);
    // It may have started or ended while it was rung for; nobody else would take it off the list then.
    if (now?.status !== "sent") await forgetDoorbell(deps, run.applianceId, run.runId);
  }
}

/** One event on one run, decided on the run as it is now. What has ended meanwhile stays as it is. Answers what it is then. */
async function changeRun(deps: Deps, tenantId: string, runId: string, event: RunEvent): Promise<RunState | undefined> {
  return retryOnConflict(async () => {
    const run = await getRun(deps.table, { tenantId, runId });
    if (run === undefined) return run;
    // Only a further attempt leads out of an end.
    if (runHasEnded(run.status) && event.type !== "retry" && event.type !== "begin_undo") return run;
    let step: ReturnType<typeof reduceRun>;
    try {
      step = reduceRun(run, event, deps.nowMs());
    } catch (error) {
      // It moved on between the decision and now, for example started while we were ringing.
      if (hasCode(error, "invalid_transition")) return run;
      throw error;
    }
    if (step.state === run) return run;
    await commit(deps.table, [
      ...(event.type === "send" ? storeSent(run, step.state) : [replaceRun(run, step.state)]),
      ...(event.type === "ring"
        ? []
        : [
            audited(deps.nowMs(), {
              tenantId,
              who,
              what: `${event.type}-run`,
              record: runId,
              before: run,
              after: step.state,
            }),
          ]),
    ]);
    if (step.effects.some((effect) => effect.type === "forget_doorbell"))
      await forgetDoorbell(deps, run.applianceId, runId);
    return step.state;
  });
}

/** The rollout's end and the task's are one transaction. */
async function finish(deps: Deps, before: RolloutState, after: RolloutState, task: TaskState): Promise<void> {
  const { result } = after;
  if (result === undefined) return;
  const writes = after === before ? [] : [replaceRollout(before, after)];
  if (!taskHasEnded(task.status)) {
    const nowMs = deps.nowMs();
    const { status: _, ...taskResult } = result;
    const done = reduceTask(task, { type: "finish", status: result.status, result: taskResult }, nowMs).state;
    writes.push(
      replaceTask(task, done),
      audited(nowMs, {
        tenantId: task.tenantId,
        who,
        what: "finish-task",
        record: task.taskId,
        before: task,
        after: done,
      }),
    );
  }
  if (writes.length > 0) await commit(deps.table, writes);
}
