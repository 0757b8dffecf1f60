import { z } from "zod";
import { defaults } from "./defaults.ts";
import { applianceIdSchema, runIdSchema, taskIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";
import { generatedNameSchema } from "./run-secret.ts";
import { runStatuses } from "./states.ts";

export const executorNames = ["ansible", "simulate"] as const;
export type ExecutorName = (typeof executorNames)[number];

/** Of how many of a step's tasks it is told how long they took. */
export const maxSlowestTasks = 10;

/** One thing that a step changed, or would (`check`). A check says how, as a unified diff, where that is not a secret. */
export const stepChangeSchema = z.strictObject({ task: z.string().max(200), diff: z.string().max(8_000).optional() });
export type StepChange = z.infer<typeof stepChangeSchema>;

/** How one step of a run ended on the appliance. `result` is what a `read` action found. */
export const stepResultSchema = z.strictObject({
  action: z.string().max(80),
  status: z.enum(["succeeded", "failed", "skipped", "simulated", "undone"]),
  changed: z.number().int().nonnegative(),
  durationMs: z.number().nonnegative().max(1e10),
  reason: z.string().max(2000).optional(),
  result: z.unknown().optional(),
  changes: z.array(stepChangeSchema).max(50).optional(),
  /** Names of the generated secrets that are in force now, as the playbook says. */
  secrets: z.array(generatedNameSchema).max(5).optional(),
  /** The tasks that took longest, longest first. */
  slowest: z
    .array(z.strictObject({ task: z.string().max(120), durationMs: z.number().nonnegative().max(1e10) }))
    .max(maxSlowestTasks)
    .optional(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

export const chunkSchema = z.strictObject({
  number: z.number().int().min(0).max(100_000),
  /** sha256 of the gzipped chunk as stored. */
  sha256: digestSchema,
  /** Bytes as stored. */
  bytes: z.number().int().positive(),
});

/** The output's table of contents: the client fetches every chunk and checks every hash. */
export const outputManifestSchema = z.strictObject({
  chunks: z.array(chunkSchema).max(defaults.maxOutputChunks),
  /** sha256 and size of the whole output, unzipped. */
  sha256: digestSchema,
  bytes: z.number().int().nonnegative(),
  truncated: z.boolean().default(false),
});
export type OutputManifest = z.infer<typeof outputManifestSchema>;

/** `POST /runs/{id}/start`. The same ledger id gets the same answer; another one is refused. */
export const startRunSchema = z.strictObject({
  attempt: z.number().int().positive(),
  ledgerId: z.uuid(),
  executor: z.enum(executorNames),
});
export const startRunAnswerSchema = z.strictObject({
  startedAtMs: z.number().int(),
  /** On the server's clock: past it the run counts as unreachable. */
  deadlineMs: z.number().int(),
  serverTimeMs: z.number().int(),
});

/** `POST /runs/{id}/chunks`: asks for a place to put one chunk. */
export const requestChunkSchema = z.strictObject({
  attempt: z.number().int().positive(),
  ledgerId: z.uuid(),
  ...chunkSchema.shape,
});
export const chunkPlaceSchema = z.strictObject({
  url: z.url(),
  headers: z.record(z.string(), z.string()),
  /** True when this very chunk is stored already: nothing to upload. */
  stored: z.boolean(),
});

/** `POST /runs/{id}/result`: posted until it is taken. */
export const runResultSchema = z.strictObject({
  attempt: z.number().int().positive(),
  ledgerId: z.uuid(),
  executor: z.enum(executorNames),
  status: z.enum(["succeeded", "failed", "simulated"]),
  /** `interrupted`, `timed_out`, or what failed. */
  reason: z.string().max(2000).optional(),
  steps: z.array(stepResultSchema).max(20),
  output: outputManifestSchema.optional(),
});
export type RunResult = z.infer<typeof runResultSchema>;

export const runViewSchema = z.strictObject({
  id: runIdSchema,
  applianceId: applianceIdSchema,
  applianceName: z.string(),
  wave: z.number().int(),
  attempt: z.number().int(),
  /** What this attempt is for; absent: to do what the plan says. */
  operation: z.literal("undo").optional(),
  status: z.enum(runStatuses),
  executor: z.enum(executorNames).optional(),
  steps: z.array(stepResultSchema),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  reason: z.string().optional(),
  outputBytes: z.number().int().optional(),
});
export type RunView = z.infer<typeof runViewSchema>;

/** `GET /nodes/{nodeId}/runs`: a run among those of its appliance, and what it is a share of. */
export const nodeRunViewSchema = z.strictObject({
  ...runViewSchema.shape,
  taskId: taskIdSchema,
  createdAt: z.iso.datetime(),
});
export type NodeRunView = z.infer<typeof nodeRunViewSchema>;

/** `GET /tasks/{id}/runs/{applianceId}/output`: the chunks known so far; `complete` once the manifest is in. */
export const runOutputSchema = z.strictObject({
  runId: runIdSchema,
  attempt: z.number().int(),
  complete: z.boolean(),
  /** It was kept for as long as the tenant's policy says, and is gone. */
  expired: z.boolean().optional(),
  chunks: z.array(z.strictObject({ ...chunkSchema.shape, url: z.url() })),
  sha256: digestSchema.optional(),
  bytes: z.number().int().optional(),
});

/** Of the stored chunks' bytes, so many in one answer, or one chunk: an answer in base64 fits a function's. */
export const maxChunkBytesAnswered = 2 * 1024 * 1024;
export const maxChunksAnswered = 100;

/** `GET /tasks/{id}/runs/{applianceId}/output/chunks?from=`: the chunks themselves, for a page, which reaches nothing else. */
export const runOutputChunksSchema = z.strictObject({
  runId: runIdSchema,
  attempt: z.number().int(),
  /** The manifest is in: `count` will not grow. */
  complete: z.boolean(),
  expired: z.boolean().optional(),
  /** Chunks and their bytes as stored, as far as they are known. */
  count: z.number().int().nonnegative(),
  storedBytes: z.number().int().nonnegative(),
  /** In order and without gaps, from `from` on, as they are stored: gzip, as base64. */
  chunks: z.array(z.strictObject({ ...chunkSchema.shape, gzip: z.string() })),
  sha256: digestSchema.optional(),
  bytes: z.number().int().optional(),
});
export type RunOutputChunks = z.infer<typeof runOutputChunksSchema>;
