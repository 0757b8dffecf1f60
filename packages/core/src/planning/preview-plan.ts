import { type Plan, planHash } from "@steward/contracts/plan";

/**
 * The same plan to look at: the content and its hash are the very same, only the mode differs. `taskId` is the preview's
 * own.
 */
export function previewPlan(plan: Plan, taskId: string): Plan {
  const mode = "check";
  const { contentHash, expiresAtMs } = plan;
  return { ...plan, mode, planHash: planHash({ contentHash, taskId, mode, expiresAtMs }) };
}
