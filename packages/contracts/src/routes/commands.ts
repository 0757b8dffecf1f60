import * as commands from "../commands.ts";
import { defineRoute } from "../route.ts";
import { taskViewSchema } from "../task.ts";
import { taskParams } from "./params.ts";

const api = { door: "api", servedBy: "api" } as const;

/** One action, now: a task with one step. */
export const commandRoutes = {
  executeCommand: defineRoute({
    ...api,
    id: "executeCommand",
    method: "POST",
    path: "/api/v1/commands/execute",
    access: { role: "operator" },
    summary: "Run one action on one appliance",
    body: commands.executeSchema,
    status: 202,
    answer: taskViewSchema,
    idempotent: true,
  }),
  broadcastCommand: defineRoute({
    ...api,
    id: "broadcastCommand",
    method: "POST",
    path: "/api/v1/commands/broadcast",
    access: { role: "operator" },
    summary: "Run one action on all appliances that a selector means",
    body: commands.broadcastSchema,
    status: 202,
    answer: taskViewSchema,
    idempotent: true,
  }),
  commandStats: defineRoute({
    ...api,
    id: "commandStats",
    method: "GET",
    path: "/api/v1/commands/stats",
    access: { role: "viewer" },
    summary: "What is under way: runs, doorbells, and what is stuck",
    status: 200,
    answer: commands.commandStatsSchema,
  }),
  cleanupCommands: defineRoute({
    ...api,
    id: "cleanupCommands",
    method: "POST",
    path: "/api/v1/commands/cleanup",
    access: { role: "operator" },
    summary: "End now what is past its deadline",
    status: 202,
    answer: commands.cleanupAnswerSchema,
    idempotent: true,
  }),
  getResults: defineRoute({
    ...api,
    id: "getResults",
    method: "GET",
    path: "/api/v1/tasks/{taskId}/results",
    access: { role: "viewer" },
    summary: "What the appliances said, equal answers together",
    params: taskParams,
    status: 200,
    answer: commands.taskResultsSchema,
  }),
} as const;
