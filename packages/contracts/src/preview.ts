import { z } from "zod";
import { applianceIdSchema, taskIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";
import { stepResultSchema } from "./run.ts";
import { runStatuses, taskStatuses } from "./states.ts";

/** Appliances on which the very same would change. */
const previewGroupSchema = z.strictObject({
  count: z.number().int().positive(),
  /** The first of them by name. */
  appliances: z.array(z.strictObject({ id: applianceIdSchema, name: z.string() })),
  status: z.enum(runStatuses),
  reason: z.string().optional(),
  steps: z.array(stepResultSchema.pick({ action: true, status: true, changed: true, changes: true, reason: true })),
});

/** `GET /tasks/{id}/preview`: what the plan would change, by appliances that have it in common, the most of them first. */
export const previewViewSchema = z.strictObject({
  /** The preview is a task of its own. */
  taskId: taskIdSchema,
  previewOf: taskIdSchema,
  status: z.enum(taskStatuses),
  /** Of the plan that was previewed: a plan with another one is another change. */
  contentHash: digestSchema,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  appliances: z.number().int(),
  groups: z.array(previewGroupSchema),
  /** Further groups that are not shown. */
  moreGroups: z.number().int(),
});
export type PreviewView = z.infer<typeof previewViewSchema>;
