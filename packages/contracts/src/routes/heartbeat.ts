import { heartbeatAnswerSchema, heartbeatSchema } from "../heartbeat.ts";
import { defineRoute } from "../route.ts";

/** The check-in. */
export const heartbeatRoutes = {
  heartbeat: defineRoute({
    id: "heartbeat",
    method: "POST",
    path: "/api/v1/heartbeat",
    door: "nodes",
    servedBy: "heartbeat",
    access: { node: "any" },
    summary: "Check in",
    body: heartbeatSchema,
    status: 200,
    answer: heartbeatAnswerSchema,
  }),
} as const;
