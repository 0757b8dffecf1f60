import { defineRoute } from "../route.ts";
import * as schedule from "../schedule.ts";
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
  approveSchedule: defineRoute({
    id: "approveSchedule",
    method: "POST",
    path: "/api/v1/schedules/{scheduleId}/approve",
    door: "api",
    servedBy: "approve",
    access: { role: "operator", peopleOnly: "a yes is a person's word" },
    summary: "Say yes to what a schedule does, whenever it is due",
    params: schedule.scheduleParams,
    body: schedule.approveScheduleSchema,
    status: 200,
    answer: schedule.scheduleViewSchema,
    idempotent: true,
  }),
  breakGlass: defineRoute({
    id: "breakGlass",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/break-glass",
    door: "api",
    servedBy: "approve",
    access: { role: "approver", peopleOnly: "a person answers for it" },
    summary: "Say yes alone and at once, past windows, blast radius, preview and the second person",
    params: taskParams,
    body: task.breakGlassSchema,
    status: 200,
    answer: task.taskViewSchema,
    idempotent: true,
  }),
} as const;
