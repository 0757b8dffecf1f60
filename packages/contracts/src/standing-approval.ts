import { z } from "zod";
import { canonicalHash } from "./canonical.ts";
import { personIdSchema, scheduleIdSchema, tenantIdSchema } from "./ids.ts";
import type { ExecutablePlan, Mode } from "./plan.ts";
import { digestSchema } from "./release.ts";
import { targetSelectorSchema } from "./selector.ts";

/** The longest that a standing approval may be valid. */
export const maxStandingDays = 90;

/**
 * A person's yes to what a schedule does, whenever it is due, until it expires. The payload of a
 * `steward-standing-approval-v1`. It takes the place of an approval for a plan with this very content.
 */
export const standingApprovalSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  scheduleId: scheduleIdSchema,
  standingHash: digestSchema,
  /** Who is meant, in the schedule's words; and how many that may be at most. */
  selector: z.array(targetSelectorSchema).min(1).max(100),
  cap: z.number().int().positive(),
  approvedBy: personIdSchema,
  approvedAtMs: z.number().int(),
  /** At most 90 days later. */
  expiresAtMs: z.number().int(),
});
export type StandingApproval = z.infer<typeof standingApprovalSchema>;

/**
 * sha256 over what a standing approval is for: the tenant, the steps with their bundles, how they are rolled out, the
 * mode, the selector and the cap. Neither the targets, which are found at each due time, nor the release's version: the
 * bundles' digests bind the bytes.
 */
export function standingHash(input: {
  plan: Pick<ExecutablePlan, "tenantId" | "steps" | "rollout">;
  mode: Mode;
  selector: readonly string[];
  cap: number;
}): string {
  const { tenantId, steps } = input.plan;
  // Which appliance goes in which wave depends on who is met.
  const { wavesDigest: _, ...rollout } = input.plan.rollout;
  return canonicalHash({
    tenantId,
    steps: steps.map(({ action, variables, bundle, undo }) => ({ action, variables, bundle, undo })),
    rollout,
    mode: input.mode,
    selector: [...new Set(input.selector)].sort(),
    cap: input.cap,
  });
}
