import { replaceSchedule } from "@steward/aws/records/schedule";
import { signDocument } from "@steward/aws/signing";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { definitionHash, type ScheduleView } from "@steward/contracts/schedule";
import type { StandingApproval } from "@steward/contracts/standing-approval";
import { gate } from "@steward/core/gate/gate";
import { approveSchedule as reduceApproval } from "@steward/core/schedule/reduce-schedule";
import { audited } from "./audit.ts";
import type { Caller, Context, WithSigner } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { planSchedule, standingHashOf } from "./plan-schedule.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadSchedule, scheduleView } from "./schedule-view.ts";

const dayMs = 86_400_000;

/**
 * A person's standing yes to what a schedule does. It is planned here, for the appliances of now, and the gate judges the
 * plan and the person as for any other; what is signed leaves the appliances out. Throws `plan_changed` where the schedule,
 * the release or what an action assumes has changed since it was shown.
 */
export async function approveSchedule(
  deps: Pick<Context, "table" | "release" | "nowMs" | "actions"> & WithSigner,
  caller: Caller,
  params: { scheduleId: string },
  body: { standingHash: string; definitionHash: string; days: number },
): Promise<ScheduleView> {
  return retryOnConflict(async () => {
    const schedule = await loadSchedule(deps, caller.tenantId, params.scheduleId);
    const nowMs = deps.nowMs();
    const { state: task } = await planSchedule(deps, schedule, newId("task", nowMs));
    const { plan } = task;
    if (plan === undefined) throw new AppError("unprocessable", "there is nothing to approve");
    const hash = standingHashOf(schedule, plan);
    if (hash !== body.standingHash || definitionHash(schedule) !== body.definitionHash) {
      throw new AppError("plan_changed", "the schedule is not what you were shown", {
        next: `look at it again: steward schedule show ${schedule.name}`,
      });
    }
    if (schedule.standing?.standingHash === hash && schedule.standing.by === caller.principal.id) {
      const left = schedule.standing.expiresAtMs - nowMs;
      // The same request once more, after a lost reply.
      if (left > (body.days - 1) * dayMs && left <= body.days * dayMs) return scheduleView(schedule, nowMs);
    }
    const context = await gateContext(deps, task, plan, "approval", {
      approver: { id: caller.principal.id, role: caller.role },
      approvedPlanHash: plan.planHash,
    });
    if (plan.risk === "high" && context.requester.id === caller.principal.id) {
      throw new AppError("denied_by_gate", "the risk is high, and you wrote this schedule", {
        next: "Another person with the role approver can give it a standing approval; or approve its tasks one by one.",
      });
    }
    const decision = gate(plan, context);
    if (decision.decision !== "allow") {
      const why = decision.reasons.filter((reason) => reason.decision !== "allow");
      throw new AppError("denied_by_gate", why.map((reason) => reason.why).join("; "), { details: { gate: decision } });
    }
    const standing: StandingApproval = {
      v: 1,
      tenantId: schedule.tenantId,
      scheduleId: schedule.scheduleId,
      standingHash: hash,
      selector: schedule.definition.targets,
      cap: schedule.definition.maxTargets,
      approvedBy: caller.principal.id,
      approvedAtMs: nowMs,
      expiresAtMs: nowMs + body.days * dayMs,
    };
    const document = await signDocument(deps.signer, "steward-standing-approval-v1", standing);
    const { principal } = caller;
    const after = reduceApproval(
      schedule,
      {
        document,
        standingHash: hash,
        by: principal.id,
        name: principal.name,
        atMs: nowMs,
        expiresAtMs: standing.expiresAtMs,
      },
      nowMs,
    );
    await commit(deps.table, [
      replaceSchedule(schedule, after),
      audited(nowMs, {
        tenantId: schedule.tenantId,
        who: principal.id,
        what: "approve-schedule",
        record: schedule.scheduleId,
        before: schedule,
        after,
        requestId: caller.requestId,
      }),
    ]);
    return scheduleView(after, nowMs);
  });
}
