import type { Plan } from "@steward/contracts/plan";
import { hasRole } from "@steward/contracts/roles";
import type { GateContext } from "./gate-context.ts";

/** More appliances than the schedule may change without a person who looks at them. */
export function isOverCap(plan: Pick<Plan, "targets">, { schedule }: Pick<GateContext, "schedule">): boolean {
  return schedule !== undefined && plan.targets.length > schedule.maxTargets;
}

/**
 * Whether the standing approval of a schedule takes the place of a person's yes to this plan. `needsOther`: whoever asked
 * may not be the one who said it. Answers why not; undefined: it does. Only where there is one.
 */
export function standingProblem(plan: Plan, context: GateContext, needsOther: boolean): string | undefined {
  const standing = context.schedule?.standing;
  if (standing === undefined) return "there is none";
  const { approver } = standing;
  if (!standing.isInForce) return "it was revoked, or the schedule was changed since";
  if (context.nowMs >= standing.expiresAtMs) return "it has expired";
  if (standing.standingHash !== standing.recomputedHash)
    return "it is for another content, or for bundles of an older release";
  if (plan.targets.length > standing.cap || isOverCap(plan, context)) {
    return `${plan.targets.length} appliances match, and it is for ${standing.cap} at most`;
  }
  if (approver.role === undefined) return "whoever gave it has no role here any more";
  const isAuthor = approver.id === context.requester.id;
  if (needsOther && context.barred.some(({ id }) => id === approver.id))
    return "whoever gave it may not be the second one";
  if (isAuthor && needsOther) return "whoever wrote the schedule cannot give it";
  if (!hasRole(approver.role, isAuthor ? "operator" : "approver")) return "whoever gave it may not do so any more";
  return undefined;
}
