import { z } from "zod";
import { applianceIdSchema, taskIdSchema } from "../ids.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import * as run from "../run.ts";
import { runStatuses, taskStatuses } from "../states.ts";
import * as task from "../task.ts";
import { taskParams } from "./params.ts";

const api = { door: "api", servedBy: "api" } as const;

/** Asking for changes, and what becomes of them. */
export const taskRoutes = {
  submitTask: defineRoute({
    ...api,
    id: "submitTask",
    method: "POST",
    path: "/api/v1/tasks",
    access: { role: "operator" },
    summary: "Ask for a change, in plain words or as explicit steps",
    body: task.submitTaskSchema,
    status: 202,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
  listTasks: defineRoute({
    ...api,
    id: "listTasks",
    method: "GET",
    path: "/api/v1/tasks",
    access: { role: "viewer" },
    summary: "Tasks, newest first",
    query: z.strictObject({ ...pageQuery, status: z.enum(taskStatuses).optional() }),
    status: 200,
    answer: pageOf(task.taskViewSchema),
  }),
  answerTask: defineRoute({
    ...api,
    id: "answerTask",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/answer",
    access: { role: "operator" },
    summary: "Answer the task's question",
    params: taskParams,
    body: task.answerTaskSchema,
    status: 200,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
  rejectTask: defineRoute({
    ...api,
    id: "rejectTask",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/reject",
    access: { role: "operator", peopleOnly: "a no is a person's word; what a token asked for, it cancels" },
    summary: "Say no",
    params: taskParams,
    body: task.reasonSchema,
    status: 200,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
  cancelTask: defineRoute({
    ...api,
    id: "cancelTask",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/cancel",
    access: { role: "operator" },
    summary: "Stop what has not started",
    params: taskParams,
    body: task.reasonSchema,
    status: 200,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
  explainGate: defineRoute({
    ...api,
    id: "explainGate",
    method: "GET",
    path: "/api/v1/tasks/{taskId}/gate",
    access: { role: "viewer" },
    summary: "Which rules decided, asked now",
    params: taskParams,
    status: 200,
    answer: task.gateResultSchema,
  }),
  listRuns: defineRoute({
    ...api,
    id: "listRuns",
    method: "GET",
    path: "/api/v1/tasks/{taskId}/runs",
    access: { role: "viewer" },
    summary: "A task's runs, in the order of its targets",
    params: taskParams,
    query: z.strictObject({
      ...pageQuery,
      wave: z.coerce.number().int().min(1).max(100).optional(),
      status: z.enum(runStatuses).optional(),
    }),
    status: 200,
    answer: pageOf(run.runViewSchema),
  }),
  getOutput: defineRoute({
    ...api,
    id: "getOutput",
    method: "GET",
    path: "/api/v1/tasks/{taskId}/runs/{applianceId}/output",
    access: { role: "viewer" },
    summary: "Where the output's chunks are, with their hashes",
    params: z.strictObject({ taskId: taskIdSchema, applianceId: applianceIdSchema }),
    status: 200,
    answer: run.runOutputSchema,
  }),
} as const;
