import { z } from "zod";
import { recordUpTo } from "./bounded.ts";
import { canonicalHash } from "./canonical.ts";
import { defaults } from "./defaults.ts";
import { applianceIdSchema, tenantIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";
import { risks } from "./risk.ts";

export const variableValueSchema = z.union([
  z.string().max(4096),
  z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
  z.boolean(),
  z.array(z.string().max(1024)).max(64),
]);
export const variablesSchema = recordUpTo(50, z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,39}$/), variableValueSchema);

export const modes = ["apply", "check"] as const;
export type Mode = (typeof modes)[number];

/**
 * Where a value comes from: `said` in the instruction, `given` as a field by the caller, a `fact` of that very
 * appliance, or `assumed` by the action's defaults.
 */
export const provenanceSchema = z.strictObject({
  source: z.enum(["said", "given", "fact", "assumed"]),
  /** The words of the instruction that ground a `said` value. */
  text: z.string().optional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** What a model or the matcher proposes: nothing but action ids and values. */
export const proposedStepSchema = z.strictObject({ action: z.string().max(80), variables: variablesSchema });
export type ProposedStep = z.infer<typeof proposedStepSchema>;

export const planStepSchema = z.strictObject({
  action: z.string(),
  title: z.string(),
  variables: variablesSchema,
  provenance: z.record(z.string(), provenanceSchema),
  bundle: digestSchema,
  risk: z.enum(risks),
  riskReasons: z.array(z.string()),
  undo: z.enum(["recorded", "none"]),
  timeoutSeconds: z.number().int().positive(),
});
export type PlanStep = z.infer<typeof planStepSchema>;

/** How a plan is rolled out. One wave for now; the shape already carries more. */
export const rolloutParametersSchema = z.strictObject({
  waves: z
    .array(z.strictObject({ percent: z.number().int().min(1).max(100) }))
    .min(1)
    .max(20),
  maxConcurrency: z.number().int().min(1).max(10_000),
  /** Undo the done steps in reverse when one fails. */
  undoOnFailure: z.boolean(),
});
export type RolloutParameters = z.infer<typeof rolloutParametersSchema>;
export const defaultRollout: RolloutParameters = {
  waves: [{ percent: 100 }],
  maxConcurrency: 100,
  undoOnFailure: false,
};

export const planSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  steps: z.array(planStepSchema).min(1).max(defaults.maxSteps),
  /** Sorted, resolved at planning; never the selector. */
  targets: z.array(applianceIdSchema).min(1).max(defaults.maxTargets),
  targetsRoot: digestSchema,
  rollout: rolloutParametersSchema,
  releaseVersion: z.number().int().positive(),
  mode: z.enum(modes),
  verbosity: z.number().int().min(0).max(4),
  risk: z.enum(risks),
  expiresAtMs: z.number().int(),
  contentHash: digestSchema,
  planHash: digestSchema,
});
export type Plan = z.infer<typeof planSchema>;

/** The part of a plan that an appliance executes and that the content hash covers. */
export const executablePlanSchema = z.strictObject({
  tenantId: tenantIdSchema,
  steps: z
    .array(
      z.strictObject({
        action: z.string(),
        variables: variablesSchema,
        bundle: digestSchema,
        undo: z.enum(["recorded", "none"]),
      }),
    )
    .min(1)
    .max(defaults.maxSteps),
  targetsRoot: digestSchema,
  rollout: rolloutParametersSchema,
  releaseVersion: z.number().int().positive(),
});
export type ExecutablePlan = z.infer<typeof executablePlanSchema>;

export function executablePlan(plan: Omit<Plan, "contentHash" | "planHash">): ExecutablePlan {
  return {
    tenantId: plan.tenantId,
    steps: plan.steps.map(({ action, variables, bundle, undo }) => ({ action, variables, bundle, undo })),
    targetsRoot: plan.targetsRoot,
    rollout: plan.rollout,
    releaseVersion: plan.releaseVersion,
  };
}

/** sha256 over what would happen: tenant, steps, undo, targets, rollout, release. A preview cites it. */
export function contentHash(plan: ExecutablePlan): string {
  return canonicalHash(plan);
}

/** sha256 over what was decided: the content, for this task, in this mode, until then. An approval cites it. */
export function planHash(input: { contentHash: string; taskId: string; mode: Mode; expiresAtMs: number }): string {
  return canonicalHash({
    contentHash: input.contentHash,
    taskId: input.taskId,
    mode: input.mode,
    expiresAtMs: input.expiresAtMs,
  });
}
