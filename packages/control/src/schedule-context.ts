import { getPerson } from "@steward/aws/records/person";
import { getSchedule } from "@steward/aws/records/schedule";
import { executablePlan, type Plan } from "@steward/contracts/plan";
import { roleIn } from "@steward/contracts/roles";
import type { SignedDocument } from "@steward/contracts/signed";
import { type StandingApproval, standingApprovalSchema, standingHash } from "@steward/contracts/standing-approval";
import type { ScheduleContext } from "@steward/core/gate/gate-context";
import { grantsOf } from "@steward/core/principal/grants";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";

/** What the gate is told of the schedule that asked for a plan; undefined where none did. */
export async function scheduleContext(
  deps: Pick<Context, "table">,
  task: TaskState,
  plan: Plan,
): Promise<ScheduleContext | undefined> {
  if (task.schedule === undefined) return undefined;
  const { scheduleId, maxTargets, standing: document } = task.schedule;
  // What is not readable is nobody's yes.
  const said = document === undefined ? undefined : readStanding(document);
  if (said?.tenantId !== task.tenantId || said.scheduleId !== scheduleId) return { maxTargets };
  const [schedule, approver] = await Promise.all([
    getSchedule(deps.table, { tenantId: task.tenantId, scheduleId }),
    getPerson(deps.table, said.approvedBy),
  ]);
  return {
    maxTargets,
    standing: {
      standingHash: said.standingHash,
      recomputedHash: standingHash({
        plan: executablePlan(plan),
        mode: plan.mode,
        selector: said.selector,
        cap: said.cap,
      }),
      cap: said.cap,
      expiresAtMs: said.expiresAtMs,
      // A newer one for the same content is a yes to this plan too.
      isInForce: schedule?.status !== "removed" && schedule?.standing?.standingHash === said.standingHash,
      approver: { id: said.approvedBy, role: roleIn(grantsOf(approver), task.tenantId) },
    },
  };
}

function readStanding(document: SignedDocument): StandingApproval | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(document.payload, "base64").toString("utf8"));
    return document.type === "steward-standing-approval-v1" ? standingApprovalSchema.parse(payload) : undefined;
  } catch {
    return undefined;
  }
}
