import { signDocument } from "@steward/aws/signing";
import type { Approval } from "@steward/contracts/envelope";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { Plan } from "@steward/contracts/plan";
import type { GateResult, TaskView } from "@steward/contracts/task";
import { gate } from "@steward/core/gate/gate";
import { neededApproval } from "@steward/core/gate/rules/approval";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import type { Caller, Context, WithSigner } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { requireRecipient } from "./secret-recipient.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

/**
 * A person's yes to exactly one plan. The approval is signed and bound to the plan's hash; the gate judges the person
 * and the plan as they are now. Throws `plan_changed` for another hash, `denied_by_gate` with the rules that refuse.
 */
export async function approvePlan(
  deps: Pick<Context, "table" | "queues" | "release" | "nowMs" | "secret" | "log"> & WithSigner,
  caller: Caller,
  params: { taskId: string },
  body: { planHash: string; confirmation?: string | undefined; recipient?: string | undefined },
): Promise<TaskView> {
  return retryOnConflict(async () => {
    const { task, plan } = await loadShownPlan(deps, caller, params, body);
    if (task.approval?.by === caller.principal.id) return fullTaskView(deps, task);
    const nowMs = deps.nowMs();
    const context = await gateContext(deps, task, plan, "approval", {
      approver: {
        id: caller.principal.id,
        role: caller.role,
        ...(body.confirmation === undefined ? {} : { confirmation: body.confirmation }),
      },
      approvedPlanHash: body.planHash,
    });
    const decision = gate(plan, context);
    if (decision.decision !== "allow") throw deniedByGate(decision, task.taskId);
    const approval: Approval = {
      v: 1,
      tenantId: task.tenantId,
      taskId: task.taskId,
      planHash: plan.planHash,
      approvedBy: caller.principal.id,
      approvedAtMs: nowMs,
      expiresAtMs: plan.expiresAtMs,
    };
    const document = await signDocument(deps.signer, "steward-approval-v1", approval);
    const { state, effects } = reduceTask(
      task,
      {
        type: "approve",
        approval: {
          by: caller.principal.id,
          name: caller.principal.name,
          atMs: nowMs,
          document,
          // Where it was not asked for, it does not stand for a second person that somebody may want later.
          retyped: neededApproval(plan, context)?.approver === "retype" && context.requester.id === caller.principal.id,
        },
        gate: decision,
        rolloutId: newId("rollout", nowMs),
      },
      nowMs,
    );
    await storeTask(deps, {
      before: task,
      after: state,
      effects,
      who: caller.principal.id,
      what: "approve-plan",
      requestId: caller.requestId,
    });
    return fullTaskView(deps, state);
  });
}

/**
 * A task and its plan, if they are what the person was shown. Throws `invalid_transition` where there is no plan yet,
 * `plan_changed` where it is another one, or where another person gets what it makes.
 */
export async function loadShownPlan(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { taskId: string },
  shown: { planHash: string; recipient?: string | undefined },
): Promise<{ task: TaskState; plan: Plan }> {
  const task = await loadTask(deps, caller.tenantId, params.taskId);
  const { plan } = task;
  if (plan === undefined) throw new AppError("invalid_transition", "this task has no plan to approve yet");
  if (plan.planHash !== shown.planHash) {
    throw new AppError("plan_changed", "the plan is not the one that you were shown", {
      next: `look at it again: steward tasks show ${task.taskId}`,
    });
  }
  requireRecipient(task, shown.recipient);
  return { task, plan };
}

export function deniedByGate(decision: GateResult, taskId: string): AppError {
  const why = decision.reasons.filter((reason) => reason.decision !== "allow");
  return new AppError("denied_by_gate", why.map((reason) => reason.why).join("; "), {
    details: { gate: decision },
    next: `see every rule with: steward gate explain ${taskId}`,
  });
}
