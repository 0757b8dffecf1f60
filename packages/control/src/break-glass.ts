import { signDocument } from "@steward/aws/signing";
import type { Approval } from "@steward/contracts/envelope";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { TaskView } from "@steward/contracts/task";
import { gate } from "@steward/core/gate/gate";
import { reduceTask } from "@steward/core/task/reduce-task";
import { deniedByGate, loadShownPlan } from "./approve-plan.ts";
import type { Caller, Context, WithSigner } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

/**
 * An approver's yes, alone and at once: past the second person, windows, the blast radius and the preview, and past
 * nothing else. Also of a task that runs already and is held by a window. It is an approval like any other (signed, of
 * one plan hash), is audited under a name of its own, and rings an alarm.
 */
export async function breakGlass(
  deps: Pick<Context, "table" | "queues" | "release" | "nowMs" | "secret" | "log" | "meter"> & WithSigner,
  caller: Caller,
  params: { taskId: string },
  body: { planHash: string; reason: string; recipient?: string | undefined },
): Promise<TaskView> {
  const { principal } = caller;
  return retryOnConflict(async () => {
    const { task, plan } = await loadShownPlan(deps, caller, params, body);
    if (task.breakGlass?.by === principal.id) return fullTaskView(deps, task);
    const nowMs = deps.nowMs();
    const { id: by, name } = principal;
    const approver = { id: by, role: caller.role };
    const context = await gateContext(deps, task, plan, "approval", {
      approver,
      approvedPlanHash: body.planHash,
      breakGlass: { by, name, role: caller.role, reason: body.reason },
    });
    const decision = gate(plan, context);
    if (decision.decision !== "allow") throw deniedByGate(decision, task.taskId);
    const { breakGlass: _, ...plain } = context;
    // Neither at the approval nor, as things are now, when it is sent.
    const isOpen = [plain, { ...plain, moment: "doorbell" as const, approved: true }].every(
      (asked) => gate(plan, asked).decision === "allow",
    );
    if (task.status === "awaiting_approval" && isOpen) {
      throw new AppError("unprocessable", "no glass is in the way: your yes alone is enough", {
        next: `steward tasks approve ${task.taskId}`,
      });
    }
    const approval: Approval = {
      v: 1,
      tenantId: task.tenantId,
      taskId: task.taskId,
      planHash: plan.planHash,
      approvedBy: by,
      approvedAtMs: nowMs,
      expiresAtMs: plan.expiresAtMs,
    };
    const document = await signDocument(deps.signer, "steward-approval-v1", approval);
    const { state, effects } = reduceTask(
      task,
      {
        type: "break_glass",
        approval: { by, name, atMs: nowMs, document },
        breakGlass: { by, name, reason: body.reason, atMs: nowMs },
        gate: decision,
        rolloutId: newId("rollout", nowMs),
      },
      nowMs,
    );
    await storeTask(deps, {
      before: task,
      after: state,
      effects,
      who: by,
      what: "break-glass",
      requestId: caller.requestId,
    });
    deps.meter("GlassBroken", 1);
    deps.log("warn", "glass_broken", { taskId: task.taskId, tenantId: task.tenantId, by });
    return fullTaskView(deps, state);
  });
}
