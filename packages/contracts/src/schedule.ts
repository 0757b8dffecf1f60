import { z } from "zod";
import { canonicalHash } from "./canonical.ts";
import { defaults } from "./defaults.ts";
import { scheduleIdSchema, taskIdSchema, tenantIdSchema } from "./ids.ts";
import { modes, proposedStepSchema, rolloutRequestSchema } from "./plan.ts";
import { cronRecurrenceSchema, rateRecurrenceSchema, timeZoneSchema } from "./recurrence.ts";
import { digestSchema } from "./release.ts";
import { risks } from "./risk.ts";
import { targetSelectorSchema } from "./selector.ts";
import { maxStandingDays } from "./standing-approval.ts";

/** Unique in its tenant, and what a file calls it. */
export const scheduleNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes, such as security-updates");

export const latePolicies = ["run", "skip", "once"] as const;
export const overlapPolicies = ["skip", "wait", "allow"] as const;
export const blackoutPolicies = ["hold", "skip"] as const;

/** When, written as it is said. */
export const whenSchema = z.union([cronRecurrenceSchema, rateRecurrenceSchema.omit({ anchorMs: true })]);

const definitionFields = {
  when: whenSchema,
  steps: z.array(proposedStepSchema).min(1).max(defaults.maxSteps),
  /** Resolved anew at each due time. */
  targets: z.array(targetSelectorSchema).min(1).max(100),
  mode: z.enum(modes).default("apply"),
  verbosity: z.number().int().min(0).max(4).default(0),
  /** Absent: as for any request of its size. */
  rollout: rolloutRequestSchema.optional(),
  /** More appliances than that are not changed without a person who looks at them. */
  maxTargets: z.number().int().min(1).max(defaults.maxTargets).default(100),
  /**
   * What becomes of a due time that nobody came to in time: each one runs, in order; none does; or only the last. What is
   * later than `withinMinutes` is skipped in any case.
   */
  late: z
    .strictObject({
      policy: z.enum(latePolicies).default("skip"),
      withinMinutes: z
        .number()
        .int()
        .min(5)
        .max(7 * 1440)
        .default(60),
    })
    .default({ policy: "skip", withinMinutes: 60 }),
  /** Each due time is put off by up to so much; the same one by the same. */
  jitterSeconds: z.number().int().min(0).max(3600).default(0),
  /** When the task of the due time before has not ended. */
  overlap: z.enum(overlapPolicies).default("skip"),
  /** While a window keeps changes out: the task waits for its end, or there is none. */
  blackout: z.enum(blackoutPolicies).default("hold"),
};

/** What a schedule does, as its author writes it. */
export const scheduleDefinitionSchema = z.strictObject(definitionFields);
export type ScheduleDefinition = z.infer<typeof scheduleDefinitionSchema>;

export const createScheduleSchema = z.strictObject({ name: scheduleNameSchema, ...definitionFields });
export type CreateSchedule = z.infer<typeof createScheduleSchema>;

/** What somebody is shown who gives a standing approval: all that the schedule says, and who asks for it. */
export function definitionHash(shown: Pick<ScheduleView, "definition"> & { author: { id: string } }): string {
  return canonicalHash({ definition: shown.definition, author: shown.author.id });
}

/** `POST /read-schedule`: words about a time and what to do then, to be looked at before they become a schedule. */
export const readScheduleSchema = z.strictObject({
  text: z.string().trim().min(1).max(defaults.maxInstructionCharacters),
  targets: z.array(targetSelectorSchema).min(1).max(100),
  timeZone: timeZoneSchema.default("UTC"),
});
export const scheduleReadingSchema = z.strictObject({
  when: whenSchema,
  steps: z.array(proposedStepSchema).min(1).max(defaults.maxSteps),
});

/** What became of a due time. `untilMs`: of all from `dueAtMs` up to before that one. */
export const scheduleOutcomes = ["started", "waits", "refused", "skipped"] as const;
export const scheduleNoteSchema = z.strictObject({
  dueAt: z.iso.datetime(),
  before: z.iso.datetime().optional(),
  at: z.iso.datetime(),
  outcome: z.enum(scheduleOutcomes),
  taskId: taskIdSchema.optional(),
  why: z.string().optional(),
});

export const scheduleViewSchema = z.strictObject({
  id: scheduleIdSchema,
  tenantId: tenantIdSchema,
  name: scheduleNameSchema,
  definition: scheduleDefinitionSchema,
  status: z.enum(["active", "paused"]),
  paused: z.strictObject({ by: z.string(), at: z.iso.datetime(), why: z.string().optional() }).optional(),
  /** Whoever wrote it as it is now: what it asks for, this one asks for. */
  author: z.strictObject({ id: z.string(), name: z.string() }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.number().int(),
  /** The next due times, the first of which may have passed already. */
  next: z.array(z.iso.datetime()).max(50),
  lastTaskId: taskIdSchema.optional(),
  /** Newest first. */
  log: z.array(scheduleNoteSchema),
  standing: z
    .strictObject({
      by: z.string(),
      name: z.string(),
      at: z.iso.datetime(),
      expiresAt: z.iso.datetime(),
      standingHash: digestSchema,
    })
    .optional(),
  /** What a standing approval would be for, with the appliances and the release of now. Only for a single one. */
  now: z
    .strictObject({
      matches: z.number().int().nonnegative(),
      risk: z.enum(risks).optional(),
      riskReasons: z.array(z.string()),
      standingHash: digestSchema.optional(),
      /** Of all that it says and who wrote it, also what the signature leaves out: times, lateness, overlap. */
      definitionHash: digestSchema,
      /** Why it could not run now. */
      problem: z.string().optional(),
    })
    .optional(),
});
export type ScheduleView = z.infer<typeof scheduleViewSchema>;

export const approveScheduleSchema = z.strictObject({
  /** Both as the schedule shows them. */
  standingHash: digestSchema,
  definitionHash: digestSchema,
  days: z.number().int().min(1).max(maxStandingDays).default(maxStandingDays),
});

export const scheduleParams = z.strictObject({ scheduleId: scheduleIdSchema });
