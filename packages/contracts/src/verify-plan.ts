import { contentHash, executablePlan, keepsWaves, planHash } from "./plan.ts";
import { targetsRoot } from "./targets-proof.ts";
import type { TaskView } from "./task.ts";

/**
 * True when the plan's hash covers the plan that is shown: computed here, so that a person approves what they read
 * and not a number that came with it.
 */
export function hashCoversPlan(task: TaskView): boolean {
  const { plan } = task;
  if (plan === undefined) return false;
  const { contentHash: claimedContent, planHash: claimedPlan, ...rest } = plan;
  if (plan.tenantId !== task.tenantId || plan.mode !== task.mode) return false;
  try {
    if (targetsRoot(plan.targets) !== plan.targetsRoot || !keepsWaves(plan)) return false;
  } catch {
    // An empty or repeating list of targets has no root.
    return false;
  }
  const content = contentHash(executablePlan(rest));
  const whole = planHash({ contentHash: content, taskId: task.id, mode: plan.mode, expiresAtMs: plan.expiresAtMs });
  return content === claimedContent && whole === claimedPlan;
}
