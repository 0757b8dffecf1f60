import { z } from "zod";

/**
 * What made a plan be asked for. Whoever answers for it is the task's requester in every case: the person, the token's
 * maker, the schedule's author. The gate judges all of them by the same rules.
 */
export const sourceKinds = ["person", "token", "schedule", "git", "alert", "model"] as const;

/** `id`: which schedule, repository, alert or task it was. */
export const sourceSchema = z.strictObject({ kind: z.enum(sourceKinds), id: z.string().max(200).optional() });
export type Source = z.infer<typeof sourceSchema>;
