import { z } from "zod";
import * as queues from "../queues.ts";
import { defineRoute } from "../route.ts";

const api = { door: "api", servedBy: "api" } as const;

/** What waits where, who would do it best, and who did it. */
export const queueRoutes = {
  queueStatus: defineRoute({
    ...api,
    id: "queueStatus",
    method: "GET",
    path: "/api/v1/queue-status",
    access: { role: "viewer" },
    summary: "Lanes, queues and workers, and how long a new job would wait",
    status: 200,
    answer: queues.queueStatusSchema,
  }),
  laneHistory: defineRoute({
    ...api,
    id: "laneHistory",
    method: "GET",
    path: "/api/v1/queue-status/history",
    access: { role: "viewer" },
    summary: "What came into the lanes and went out of them over the last two hours, minute by minute",
    status: 200,
    answer: queues.laneHistorySchema,
  }),
  recommendWorkers: defineRoute({
    ...api,
    id: "recommendWorkers",
    method: "GET",
    path: "/api/v1/nodes/recommend",
    access: { role: "viewer" },
    summary: "The workers that fit best, with their scores' parts",
    query: z.strictObject({
      count: z.coerce.number().int().min(1).max(50).default(3),
      /** By comma: `model:llama3.1:8b,slots:2`. */
      requirements: z
        .string()
        .max(1_000)
        .transform((text) => text.split(",").filter((one) => one !== ""))
        .pipe(z.array(queues.requirementSchema).max(10))
        .optional(),
    }),
    status: 200,
    answer: queues.recommendationSchema,
  }),
  workDistribution: defineRoute({
    ...api,
    id: "workDistribution",
    method: "GET",
    path: "/api/v1/nodes/distribution",
    access: { role: "viewer" },
    summary: "Where work ran: jobs, tokens and seconds by worker, lane, tier and model",
    query: z.strictObject({
      /** Today and so many days before it, UTC. */
      days: z.coerce.number().int().min(1).max(31).default(7),
      /** Staff see all tenants together unless they ask for the one; a customer has its own. */
      scope: z.enum(["installation", "tenant"]).optional(),
    }),
    status: 200,
    answer: queues.distributionSchema,
  }),
  assignOptimal: defineRoute({
    ...api,
    id: "assignOptimal",
    method: "POST",
    path: "/api/v1/tasks/assign-optimal",
    access: { role: "operator" },
    summary: "The worker that fits best; with an instruction, a task whose job goes to it",
    body: queues.assignOptimalSchema,
    status: 200,
    answer: queues.assignmentSchema,
    idempotent: true,
  }),
} as const;
