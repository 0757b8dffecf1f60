import { defaults } from "@steward/contracts/defaults";
import type { Plan } from "@steward/contracts/plan";

/** How long a started run of this plan may take, in milliseconds: the sum of its steps' timeouts and the grace. */
export function allowedMsOf(plan: Pick<Plan, "steps">): number {
  const seconds = plan.steps.reduce<number>((sum, step) => sum + step.timeoutSeconds, defaults.runGraceSeconds);
  return seconds * 1000;
}
