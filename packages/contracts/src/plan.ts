import { z } from "zod";
import { recordUpTo } from "./bounded.ts";
import { canonicalHash } from "./canonical.ts";
import { defaults } from "./defaults.ts";
import { applianceIdSchema, tenantIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";
import { risks } from "./risk.ts";
import { generatedNameSchema } from "./run-secret.ts";

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
  /** Names of secrets that the appliance makes for it; who asked, or the recipient, may open each once. */
  generates: z.array(generatedNameSchema).max(5).optional(),
});
export type PlanStep = z.infer<typeof planStepSchema>;

/** A part of the targets: in percent (of all of them), or a number. */
const percentSchema = z.strictObject({ percent: z.number().int().min(1).max(100) });
const countSchema = z.strictObject({ count: z.number().int().min(1).max(10_000) });

/** Who is in a wave: so many of the targets, or those with the tag `ring:<name>`. */
export const waveSchema = z.union([
  percentSchema,
  countSchema,
  z.strictObject({ ring: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be the value of a tag ring:…") }),
]);
export type Wave = z.infer<typeof waveSchema>;

/** How many appliances may fail: in percent of those in the waves that have begun, or a number. */
export const errorBudgetSchema = z.union([
  z.strictObject({ percent: z.number().int().min(0).max(100) }),
  z.strictObject({ count: z.number().int().min(0).max(10_000) }),
]);
export const minHealthySchema = z.union([percentSchema, countSchema]);

/**
 * How a plan is rolled out. What came after the first three is optional, and absent where it is not used: the hashes of
 * plans that were made before stay what they are, and an older agent obeys what uses nothing new.
 */
export const rolloutParametersSchema = z.strictObject({
  /** The first is the canary. Whatever they leave over is one last wave. */
  waves: z.array(waveSchema).min(1).max(20),
  /** How many appliances may have it in hand at one time. */
  maxConcurrency: z.number().int().min(1).max(10_000),
  /** Undo the done steps of a run in reverse when one fails; and where a wave fails, what it had done. */
  undoOnFailure: z.boolean(),
  /** Absent: none may fail. */
  errorBudget: errorBudgetSchema.optional(),
  /** Between the end of a wave and the begin of the next. */
  pauseSeconds: z.number().int().min(1).max(86_400).optional(),
  /** A person lets it go on after the first wave, or after each. */
  confirmWaves: z.enum(["first", "each"]).optional(),
  /** A wave is good when so many heartbeats have come from each of its appliances, and none is newly `critical`. */
  healthGate: z.strictObject({ heartbeats: z.number().int().min(1).max(10) }).optional(),
  /** Of the appliances with the same tag `site:…`, so many stay healthy and untouched at any time. */
  minHealthy: minHealthySchema.optional(),
  /** Hash of the plan's `waveOf`. Absent in a plan of one wave. */
  wavesDigest: digestSchema.optional(),
});
export type RolloutParameters = z.infer<typeof rolloutParametersSchema>;
export const defaultRollout: RolloutParameters = {
  waves: [{ percent: 100 }],
  maxConcurrency: 100,
  undoOnFailure: false,
};

/** What somebody asks for; what they leave out is decided when the plan is made. */
export const rolloutRequestSchema = rolloutParametersSchema.omit({ wavesDigest: true }).partial();
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>;

/** The waves of each target: what `rollout.wavesDigest` is the hash of. */
export function wavesDigest(waveOf: readonly number[]): string {
  return canonicalHash(waveOf);
}

/** Whether the plan's targets go in the waves that its hash covers. */
export function keepsWaves(plan: Pick<Plan, "targets" | "waveOf" | "rollout">): boolean {
  if (plan.waveOf === undefined) return plan.rollout.wavesDigest === undefined;
  return plan.waveOf.length === plan.targets.length && wavesDigest(plan.waveOf) === plan.rollout.wavesDigest;
}

export const planSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  steps: z.array(planStepSchema).min(1).max(defaults.maxSteps),
  /** Sorted, resolved at planning; never the selector. */
  targets: z.array(applianceIdSchema).min(1).max(defaults.maxTargets),
  targetsRoot: digestSchema,
  /** The wave of each target, from 1 and in the order of `targets`. Absent: all are in one. */
  waveOf: z.array(z.number().int().min(1).max(21)).max(defaults.maxTargets).optional(),
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
