import { z } from "zod";
import { defineRoute } from "../route.ts";

/** Keys to queues that end by themselves. Times are spans: a worker's clock may be wrong. */
export const queueCredentialsSchema = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
  expiresInSeconds: z.number().int().min(0),
  /** Where the queues are, and whose. */
  region: z.string(),
  stage: z.string(),
});

/** What a worker does with its place here, besides working: it has no cloud account, and may go. */
export const workerRoutes = {
  queueCredentials: defineRoute({
    id: "queueCredentials",
    method: "POST",
    path: "/api/v1/queue-credentials",
    door: "nodes",
    servedBy: "enrol",
    access: { node: "worker" },
    summary: "Keys for an hour: to receive from the lanes and the worker's own queue, and nothing else",
    status: 201,
    answer: queueCredentialsSchema,
  }),
  leave: defineRoute({
    id: "leave",
    method: "POST",
    path: "/api/v1/leave",
    door: "nodes",
    servedBy: "enrol",
    access: { node: "worker" },
    summary: "The worker is taken off its host: it is removed, and its certificate refused",
    status: 204,
  }),
} as const;
