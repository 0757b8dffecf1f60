import type { Plan } from "@steward/contracts/plan";
import type { GateContext } from "../gate-context.ts";
import { deny, type Verdict } from "../verdict.ts";

/* Whether it is the plan that was shown, made of what is in force, and still good. */

export function hash(plan: Plan, context: GateContext): Verdict[] {
  const { recomputed, approvedPlanHash } = context;
  const isWhole = recomputed.contentHash === plan.contentHash && recomputed.planHash === plan.planHash;
  if (!isWhole) return [deny("The plan is not what its hash says.")];
  if (approvedPlanHash === undefined) return [];
  return approvedPlanHash === recomputed.planHash ? [] : [deny("The approval is for another plan.")];
}

export function release(plan: Plan, context: GateContext): Verdict[] {
  const inForce = context.release;
  if (context.nowMs >= inForce.expiresAtMs) {
    return [deny("The release has expired; appliances accept nothing from it.", "The provider publishes a release.")];
  }
  if (plan.releaseVersion > inForce.version) return [deny("The plan was made for a release that is not in force.")];
  // An older plan stands while everything that it uses is still the very same.
  return plan.steps
    .filter((step) => !Object.hasOwn(inForce.actions, step.action) || inForce.actions[step.action] !== step.bundle)
    .map((step) => deny(`${step.action} is not in the release in force as the plan has it. Ask for the plan again.`));
}

export function expiry(plan: Plan, context: GateContext): Verdict[] {
  return context.nowMs >= plan.expiresAtMs ? [deny("The plan has expired. Ask for it again.")] : [];
}
