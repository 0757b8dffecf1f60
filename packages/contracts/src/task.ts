import { z } from "zod";
import { defaults } from "./defaults.ts";
import { applianceIdSchema, personIdSchema, taskIdSchema, tenantIdSchema } from "./ids.ts";
import { modes, planSchema, proposedStepSchema, rolloutRequestSchema } from "./plan.ts";
import { runViewSchema } from "./run.ts";
import { runSecretViewSchema } from "./run-secret.ts";
import { targetSelectorSchema } from "./selector.ts";
import { sourceSchema } from "./source.ts";
import { growingAnswerSchema, supportAnswerSchema } from "./support.ts";
import { gateDecisions, rolloutStatuses, runStatuses, taskStatuses, tiers } from "./states.ts";
import { requestIdSchema } from "./request-id.ts";

const shared = {
  /** Who may open the secrets that the runs make: a person of the tenant. By default whoever asks. */
  recipient: personIdSchema.optional(),
  /** Wait for a person's yes even where none is needed: whoever asks wants to look at the plan, or a preview, first. */
  confirm: z.boolean().optional(),
  targets: z.array(targetSelectorSchema).min(1).max(100),
  mode: z.enum(modes).default("apply"),
  verbosity: z.number().int().min(0).max(4).default(0),
  /** How it is rolled out. Without it: a change of several appliances begins with one of them. */
  rollout: rolloutRequestSchema.optional(),
};

/** `POST /tasks`: plain words, or explicit steps; exactly one of the two. */
export const submitTaskSchema = z
  .strictObject({
    instruction: z.string().trim().min(1).max(defaults.maxInstructionCharacters).optional(),
    steps: z.array(proposedStepSchema).min(1).max(defaults.maxSteps).optional(),
    ...shared,
  })
  .refine((body) => (body.instruction === undefined) !== (body.steps === undefined), {
    message: "give either instruction or steps",
    path: ["instruction"],
  });
export type SubmitTask = z.infer<typeof submitTaskSchema>;

export const questionSchema = z.strictObject({
  /** Index of the step and name of the variable that is missing. */
  step: z.number().int().nonnegative(),
  action: z.string(),
  variable: z.string(),
  text: z.string(),
  choices: z.array(z.string()),
});
export type Question = z.infer<typeof questionSchema>;

export const gateReasonSchema = z.strictObject({ rule: z.string(), decision: z.enum(gateDecisions), why: z.string() });
export type GateReason = z.infer<typeof gateReasonSchema>;

/** What the gate decided, and by which rules. `confirmation` says what an approval must carry besides the hash. */
export const gateResultSchema = z.strictObject({
  decision: z.enum(gateDecisions),
  reasons: z.array(gateReasonSchema),
  /** Who may approve: the requester too, another person with `approver`, or the only person after retyping a name. */
  /** `break_glass`: as it is, nobody's yes is enough. */
  approver: z.enum(["requester", "other", "retype", "break_glass"]).optional(),
  /** The text to retype where `approver` is `retype`. */
  retype: z.string().optional(),
  /** Something that refuses it passes by itself: what it stops waits. `untilMs`: when to ask again, where that is known. */
  held: z.strictObject({ untilMs: z.number().optional() }).optional(),
});
export type GateResult = z.infer<typeof gateResultSchema>;

/** `GET /tasks/{id}/gate`: the same, asked now, with every rule's own verdict. */
export const gateExplanationSchema = gateResultSchema.extend({
  moment: z.enum(["plan", "approval", "doorbell", "start"]),
  /** Where it waits for a yes: what the gate would say to the caller's. */
  yourYes: gateResultSchema.optional(),
  rules: z.array(
    z.strictObject({
      rule: z.string(),
      decision: z.enum(gateDecisions),
      /** Nothing: the rule has nothing against it, and nothing to say. */
      why: z.array(z.string()),
      /** It is one of those that make the decision what it is. */
      decides: z.boolean(),
      /** Somebody who breaks the glass passes over it. */
      passable: z.boolean(),
      /** What would change its verdict. */
      next: z.string().optional(),
    }),
  ),
});
export type GateExplanation = z.infer<typeof gateExplanationSchema>;

/** What one tier took for a task, its failures too. Latency is from taking the job to its answer. */
export const tierUseSchema = z.strictObject({
  tier: z.enum(tiers),
  model: z.string().optional(),
  attempts: z.number().int().nonnegative(),
  latencyMs: z.number().nonnegative(),
  promptTokens: z.number().int().nonnegative().optional(),
  completionTokens: z.number().int().nonnegative().optional(),
  costUsd: z.number().nonnegative().optional(),
  /** Why its last attempt was not enough; absent where it was. */
  fellShort: z.string().optional(),
});
export type TierUse = z.infer<typeof tierUseSchema>;

/** How the plan came to be: kept on the job, shown with the task. */
export const planningSchema = z.strictObject({
  tier: z.enum(tiers),
  model: z.string().optional(),
  grade: z.number().min(0).max(1).optional(),
  latencyMs: z.number().nonnegative(),
  promptTokens: z.number().int().nonnegative().optional(),
  completionTokens: z.number().int().nonnegative().optional(),
  attempts: z.number().int().nonnegative().optional(),
  /** Of all tiers together, in US dollars. */
  costUsd: z.number().nonnegative().optional(),
  /** Every tier that was asked, in order. */
  tiers: z.array(tierUseSchema).optional(),
});
export type Planning = z.infer<typeof planningSchema>;

export const taskResultSchema = z.strictObject({
  /** One sentence for a person. */
  message: z.string(),
  /** What the person can do next, such as rephrasings or connecting a model. */
  next: z.array(z.string()).optional(),
  /** Counts of runs by status. */
  counts: z.record(z.string(), z.number().int()).optional(),
  /** The same by wave, where there were several. */
  waves: z.array(z.record(z.string(), z.number().int())).optional(),
  /** What stopped it before its end. */
  stopped: z.enum(["canary", "budget", "health"]).optional(),
  /** It was taken back: what the counts say is undone is as it was before. */
  undone: z.literal(true).optional(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

/** How far it is with the appliances. What each wave has come to is in `waves`. */
export const rolloutViewSchema = z.strictObject({
  status: z.enum(rolloutStatuses),
  /** `undo`: it takes back what it did. */
  operation: z.literal("undo").optional(),
  /** How often it was tried again or undone. */
  round: z.number().int().optional(),
  /** Since when it is paused. `afterWave`: it waits for somebody's word before the next one. */
  paused: z
    .strictObject({
      since: z.iso.datetime(),
      by: z.string().optional(),
      reason: z.string().optional(),
      afterWave: z.number().int().optional(),
    })
    .optional(),
  /** Why nothing more is sent. */
  stopped: z
    .strictObject({ cause: z.enum(["canary", "budget", "health"]), wave: z.number().int(), why: z.string() })
    .optional(),
  /** Why nothing is sent at the moment. */
  hold: z.string().optional(),
});
export type RolloutView = z.infer<typeof rolloutViewSchema>;

/** How many of one wave are where. `counts` is by status of a run; its sum may be below `total` while runs are made. */
export const waveViewSchema = z.strictObject({
  wave: z.number().int().positive(),
  total: z.number().int(),
  counts: z.partialRecord(z.enum(runStatuses), z.number().int()),
});
export type WaveView = z.infer<typeof waveViewSchema>;

const saidBy = { by: z.string(), name: z.string(), at: z.iso.datetime() };
const escalationViewSchema = z.strictObject({
  ...saidBy,
  note: z.string().optional(),
  answer: z.strictObject({ ...saidBy, note: z.string() }).optional(),
});
const feedbackViewSchema = z.strictObject({
  ...saidBy,
  verdict: z.enum(["right", "wrong"]),
  note: z.string().optional(),
});

export const taskViewSchema = z.strictObject({
  id: taskIdSchema,
  tenantId: tenantIdSchema,
  kind: z.enum(["support", "action"]),
  status: z.enum(taskStatuses),
  version: z.number().int(),
  instruction: z.string().optional(),
  mode: z.enum(modes),
  requestedBy: z.strictObject({ id: z.string(), name: z.string() }),
  source: sourceSchema.optional(),
  /** All of them; in a list of tasks, and where `brief` was asked for, only the first: `targetCount` says how many. */
  targets: z.array(z.strictObject({ id: applianceIdSchema, name: z.string() })),
  targetCount: z.number().int().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
  question: questionSchema.optional(),
  plan: planSchema.optional(),
  /** Who may open the secrets that the plan makes. */
  recipient: personIdSchema.optional(),
  gate: gateResultSchema.optional(),
  planning: planningSchema.optional(),
  /** The request that asked for it: what its runs, entries of the trail and lines of logs are found by. */
  requestId: requestIdSchema.optional(),
  /** This one only shows what that task would change. */
  previewOf: taskIdSchema.optional(),
  /** The newest preview of this one: `GET /tasks/{id}/preview`. */
  previewTaskId: taskIdSchema.optional(),
  approval: z.strictObject({ by: personIdSchema, at: z.iso.datetime() }).optional(),
  /** Somebody has passed over the rules that may be passed over. */
  breakGlass: z
    .strictObject({ by: personIdSchema, name: z.string(), reason: z.string(), at: z.iso.datetime() })
    .optional(),
  result: taskResultSchema.optional(),
  /** A person of the provider was asked to look at it, and has or has not answered yet. */
  escalation: escalationViewSchema.optional(),
  /** What people think of its plan or answer, one opinion each. */
  feedback: z.array(feedbackViewSchema).optional(),
  /** What a question was answered with; of one that nobody could answer, the nearest passages. */
  answer: supportAnswerSchema.optional(),
  /** What is there of the answer so far, from `answerFrom` on. */
  growing: growingAnswerSchema.optional(),
  rollout: rolloutViewSchema.optional(),
  /** Every run is counted here, by wave. */
  waves: z.array(waveViewSchema).optional(),
  /** At most `defaults.maxRunsShown`, first those that somebody must look at. All: `GET /tasks/{id}/runs`. */
  runs: z.array(runViewSchema).optional(),
  /** What the runs have made for somebody to open. */
  secrets: z.array(runSecretViewSchema).optional(),
});
export type TaskView = z.infer<typeof taskViewSchema>;

export const approveTaskSchema = z.strictObject({
  planHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The retyped name, where the gate asks for it. */
  confirmation: z.string().max(200).optional(),
  /** As the task shows it. Needed where that is somebody else than who asked. */
  recipient: personIdSchema.optional(),
});
export const breakGlassSchema = z.strictObject({
  planHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Kept in the trail, shown with the task. */
  reason: z.string().trim().min(3).max(500),
  /** As for an approval. */
  recipient: personIdSchema.optional(),
});
/** `POST /tasks/{id}/escalate`: what the provider's staff should know. */
export const escalateTaskSchema = z.strictObject({ note: z.string().trim().min(1).max(1_000).optional() });
export const answerEscalationSchema = z.strictObject({ note: z.string().trim().min(1).max(2_000) });
/** `POST /tasks/{id}/feedback`: whether its plan or answer is what was meant. */
export const giveFeedbackSchema = z.strictObject({
  verdict: z.enum(["right", "wrong"]),
  note: z.string().trim().min(1).max(500).optional(),
});
export type GiveFeedback = z.infer<typeof giveFeedbackSchema>;
export const answerTaskSchema = z.strictObject({ answer: z.string().trim().min(1).max(200) });
export const reasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() });
