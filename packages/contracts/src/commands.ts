import { z } from "zod";
import { applianceIdSchema, runIdSchema, taskIdSchema } from "./ids.ts";
import { rolloutRequestSchema, proposedStepSchema } from "./plan.ts";
import { stepResultSchema } from "./run.ts";
import { runStatuses, taskStatuses } from "./states.ts";
import { submitTaskSchema } from "./task.ts";
import { targetSelectorSchema } from "./selector.ts";

const command = {
  ...proposedStepSchema.shape,
  variables: proposedStepSchema.shape.variables.default({}),
  mode: submitTaskSchema.shape.mode,
  verbosity: submitTaskSchema.shape.verbosity,
};

/** `POST /commands/execute`: one action on one appliance. A task with one step: the same gate, the same rollout. */
export const executeSchema = z.strictObject({ nodeId: applianceIdSchema, ...command });

/** `POST /commands/broadcast`: one action on all that the selector means. */
export const broadcastSchema = z.strictObject({
  selector: targetSelectorSchema,
  ...command,
  rollout: rolloutRequestSchema.optional(),
});

/** Appliances with the same outcome. */
const resultGroupSchema = z.strictObject({
  count: z.number().int().positive(),
  /** The first of them by name. */
  appliances: z.array(z.strictObject({ id: applianceIdSchema, name: z.string() })),
  status: z.enum(runStatuses),
  reason: z.string().optional(),
  /** What they have in common, in one line; absent: their results are the very same, and stand below `steps`. */
  glance: z.string().optional(),
  steps: z.array(stepResultSchema.omit({ durationMs: true })),
});
export type ResultGroup = z.infer<typeof resultGroupSchema>;

/** `GET /tasks/{id}/results`: who said the same stands together; what needs a look comes first. */
export const taskResultsSchema = z.strictObject({
  taskId: taskIdSchema,
  status: z.enum(taskStatuses),
  appliances: z.number().int(),
  /** Of them, those that have ended. */
  answered: z.number().int(),
  groups: z.array(resultGroupSchema),
  /** Further groups that are not shown. */
  moreGroups: z.number().int(),
});
export type TaskResults = z.infer<typeof taskResultsSchema>;

const stuckSchema = z.strictObject({
  taskId: taskIdSchema,
  runId: runIdSchema,
  applianceId: applianceIdSchema,
  applianceName: z.string(),
  status: z.enum(runStatuses),
  forSeconds: z.number().int(),
  /** In a sentence: why it counts as stuck. */
  why: z.string(),
});

/** `GET /commands/stats`: what is under way in the tenant, counted from the runs of its running tasks. */
export const commandStatsSchema = z.strictObject({
  tasks: z.strictObject({ running: z.number().int(), waitingForApproval: z.number().int() }),
  /** Runs of the running tasks, by status. */
  runs: z.record(z.string(), z.number().int()),
  doorbells: z.strictObject({
    /** Appliances that were told to come and have not started yet, by how they are told. */
    pull: z.number().int(),
    ssm: z.number().int(),
    /** Of them, those that were rung more than once. */
    again: z.number().int(),
    /** Rings that SSM did not take (throttled, or no managed instance); their next heartbeat names the run too. */
    refused: z.number().int(),
  }),
  longestWaitSeconds: z.number().int().optional(),
  longestRunSeconds: z.number().int().optional(),
  stuck: z.array(stuckSchema),
  /** More tasks run than were looked at. */
  more: z.boolean(),
});
export type CommandStats = z.infer<typeof commandStatsSchema>;

/** `POST /commands/cleanup`: what was found to be past its deadline, and is being ended. */
export const cleanupAnswerSchema = z.strictObject({
  tasks: z.array(taskIdSchema),
  runs: z.array(runIdSchema),
});
export type CleanupAnswer = z.infer<typeof cleanupAnswerSchema>;
