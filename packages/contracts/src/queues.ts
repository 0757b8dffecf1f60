import { z } from "zod";
import { healthLevels, pullingSchema } from "./heartbeat.ts";
import { jobIdSchema, taskIdSchema } from "./ids.ts";
import { lanes } from "./names.ts";
import { submitTaskSchema, taskViewSchema } from "./task.ts";

/** Rates and means are of so many minutes back. */
export const rateMinutes = 15;

/** How long a job that is queued now will wait for a slot. `toSeconds` absent: more comes in than is done. */
export const expectedWaitSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("expected"),
    seconds: z.number().nonnegative(),
    fromSeconds: z.number().nonnegative(),
    toSeconds: z.number().nonnegative().optional(),
    basis: z.enum(["measured", "assumed"]),
  }),
  z.strictObject({ kind: z.literal("unknown"), why: z.string() }),
]);

const queueViewSchema = z.strictObject({
  name: z.string(),
  /** As SQS counts: approximate, and a moment old. */
  queued: z.number().int(),
  inFlight: z.number().int(),
  deadLetters: z.number().int(),
  oldestQueuedSeconds: z.number().optional(),
});

const laneViewSchema = z.strictObject({
  lane: z.enum(lanes),
  /** Jobs that wait, with those that are held back. */
  queued: z.number().int(),
  /** Jobs without a message yet: each tenant has a bounded number of messages in a lane at one time. */
  heldBack: z.number().int(),
  /** There are more than were counted (2,000). */
  more: z.boolean(),
  inFlight: z.number().int(),
  oldestQueuedSeconds: z.number().optional(),
  arrivalsPerMinute: z.number(),
  donePerMinute: z.number(),
  failedPerMinute: z.number(),
  /** Means of what ended; absent where nothing did. */
  serviceSeconds: z.number().optional(),
  waitedSeconds: z.number().optional(),
  /** By how much the prediction of a job's length was wrong, up or down, on average. */
  predictionErrorSeconds: z.number().optional(),
  /** |ln(real ÷ predicted)|: half of the jobs, and nine tenths of them, were nearer. 0.7 is twice or half as long. */
  predictionError: z.strictObject({ p50: z.number(), p90: z.number(), jobs: z.number().int() }).optional(),
  expectedWait: expectedWaitSchema,
});
export type LaneView = QueueStatus["lanes"][number];

/** The provider's staff see ids and names; a customer sees `worker-1`, `worker 1`. */
const workerLabel = { id: z.string(), name: z.string() };

export const queueStatusSchema = z.strictObject({
  queues: z.array(queueViewSchema),
  lanes: z.array(laneViewSchema),
  /** What the rates and means are of. */
  minutes: z.number().int(),
  workers: z.array(
    z.strictObject({
      ...workerLabel,
      health: z.enum(healthLevels),
      slots: z.number().int(),
      used: z.number().int(),
      free: z.number().int(),
      models: z.array(z.string()),
      /** The model that it fetches just now. */
      pulling: pullingSchema.optional(),
      draining: z.boolean().optional(),
    }),
  ),
  /** The tenant's own jobs that models work on or will, the newest first, at most 50. */
  jobs: z.array(
    z.strictObject({
      id: jobIdSchema,
      taskId: taskIdSchema,
      lane: z.enum(lanes),
      status: z.enum(["queued", "leased"]),
      tier: z.enum(["ollama", "claude"]),
      heldBack: z.boolean(),
      sinceSeconds: z.number(),
    }),
  ),
});
export type QueueStatus = z.infer<typeof queueStatusSchema>;

/** So far back it is known what came and went, minute by minute. */
export const laneHistoryMinutes = 120;
/** `GET /queue-status/history`: of all tenants together. A minute in which nothing came or went is missing. */
export const laneHistorySchema = z.strictObject({
  at: z.iso.datetime(),
  minutes: z.number().int(),
  points: z.array(
    z.strictObject({
      /** The minute's beginning. */
      at: z.iso.datetime(),
      /** A lane, or what is in front of Claude. */
      queue: z.enum([...lanes, "escalations"]),
      arrivals: z.number().int(),
      done: z.number().int(),
      failed: z.number().int(),
      /** What models wrote. */
      tokens: z.number().int(),
      /** Means; absent where nothing began, or ended. */
      waitedSeconds: z.number().optional(),
      serviceSeconds: z.number().optional(),
    }),
  ),
});
export type LaneHistory = z.infer<typeof laneHistorySchema>;

/** What a worker must have, as it is written: `model:llama3.1:8b`, `slots:2` (free ones; 1 unless said), `gpu-memory-mb:16000`. */
export const requirementSchema = z
  .string()
  .regex(
    /^(model:[A-Za-z0-9][\w.:/-]{0,119}|slots:\d{1,4}|gpu-memory-mb:\d{1,7})$/,
    "must be model:<name>, slots:<n> or gpu-memory-mb:<n>",
  );
/** The same, read. */
export interface WorkerRequirement {
  model?: string;
  freeSlots: number;
  gpuMemoryMb?: number;
}
/** Of two that say the same kind of thing the last one counts. */
export function readRequirements(written: readonly string[]): WorkerRequirement {
  const requirement: WorkerRequirement = { freeSlots: 1 };
  for (const one of written) {
    const value = one.slice(one.indexOf(":") + 1);
    if (one.startsWith("model:")) requirement.model = value;
    else if (one.startsWith("slots:")) requirement.freeSlots = Number(value);
    else requirement.gpuMemoryMb = Number(value);
  }
  return requirement;
}

const scorePartSchema = z.strictObject({
  name: z.enum(["cpu", "memory", "activeJobs", "health"]),
  weight: z.number(),
  /** 0 to 1. */
  value: z.number(),
  /** `weight × value`. */
  points: z.number(),
});
export const scoredWorkerSchema = z.strictObject({
  ...workerLabel,
  health: z.enum(healthLevels),
  free: z.number().int(),
  slots: z.number().int(),
  models: z.array(z.string()),
  /** Out of 100: the sum of its parts. */
  score: z.number(),
  parts: z.array(scorePartSchema),
});
export type ScoredWorker = z.infer<typeof scoredWorkerSchema>;
/** `GET /nodes/recommend` */
export const recommendationSchema = z.strictObject({
  items: z.array(scoredWorkerSchema),
  /** Those that do not fit, and why. */
  unfit: z.array(z.strictObject({ ...workerLabel, why: z.string() })),
});
export type Recommendation = z.infer<typeof recommendationSchema>;

/** `POST /tasks/assign-optimal`. With an instruction the task is submitted, and its job goes to that worker's own queue. */
export const assignOptimalSchema = z
  .strictObject({
    taskType: z.enum(["support", "action"]),
    requirements: z.array(requirementSchema).max(10).default([]),
    instruction: submitTaskSchema.shape.instruction,
    /** Which appliances it is about. */
    targets: submitTaskSchema.shape.targets.optional(),
    mode: submitTaskSchema.shape.mode,
  })
  .refine(({ instruction, targets }) => instruction === undefined || targets !== undefined, {
    message: "say which appliances the instruction is about",
    path: ["targets"],
  });
export type AssignOptimal = z.infer<typeof assignOptimalSchema>;
export const assignmentSchema = z.strictObject({
  /** Absent where a request is repeated whose first answer was lost: who fits now is another question. */
  worker: scoredWorkerSchema.optional(),
  task: taskViewSchema.optional(),
  /** Whether a job of the task went to the worker's own queue; and why not, where no model was needed. */
  assigned: z.boolean(),
  why: z.string().optional(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** `GET /nodes/distribution`: where work ran. */
export const distributionSchema = z.strictObject({
  /** `installation`: of all tenants together, for the provider's staff. */
  scope: z.enum(["installation", "tenant"]),
  /** Days, UTC. */
  from: z.iso.date(),
  to: z.iso.date(),
  items: z.array(
    z.strictObject({
      worker: z.strictObject(workerLabel),
      lane: z.enum(lanes),
      tier: z.enum(["ollama", "claude"]),
      model: z.string(),
      jobs: z.number().int(),
      failures: z.number().int(),
      tokens: z.number().int(),
      seconds: z.number(),
      costUsd: z.number(),
      /** Of all seconds in this answer. */
      share: z.number(),
    }),
  ),
  /** There is more than one answer holds: the smallest are left out. */
  more: z.boolean(),
});
export type Distribution = z.infer<typeof distributionSchema>;
