import { defineRoute } from "../route.ts";
import * as task from "../task.ts";
import { taskParams } from "./params.ts";

/** The yes to a plan. */
export const approveRoutes = {
  approveTask: defineRoute({
    id: "approveTask",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/approve",
    door: "api",
    servedBy: "approve",
    access: { role: "operator", peopleOnly: "a yes is a person's word" },
    summary: "Say yes to exactly this plan",
    params: taskParams,
    body: task.approveTaskSchema,
    status: 200,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
} as const;
