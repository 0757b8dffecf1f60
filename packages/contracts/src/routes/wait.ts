import { z } from "zod";
import { defaults } from "../defaults.ts";
import { defineRoute } from "../route.ts";
import * as task from "../task.ts";
import { taskParams } from "./params.ts";

const waitQuery = z.strictObject({
  /** Seconds to wait for the next change. */
  wait: z.coerce.number().int().min(0).max(defaults.maxWaitSeconds).optional(),
  /** The version that the caller has seen: a newer one is answered at once. */
  since: z.coerce.number().int().min(0).optional(),
  /** For whoever follows an answer as it grows: how much of it is known; more of it is answered at once. */
  answerFrom: z.coerce.number().int().min(0).max(defaults.maxDraftCharacters).optional(),
  /** `brief`: of a task with thousands of targets only the first of them, as in a list. For whoever follows it. */
  view: z.enum(["full", "brief"]).optional(),
});

/** The call that waits, in a function of its own. */
export const waitRoutes = {
  getTask: defineRoute({
    id: "getTask",
    method: "GET",
    path: "/api/v1/tasks/{taskId}",
    door: "api",
    servedBy: "wait",
    access: { role: "viewer" },
    summary: "One task, with its plan and runs; `wait` waits for the next change",
    params: taskParams,
    query: waitQuery,
    status: 200,
    answer: task.taskViewSchema,
  }),
} as const;
