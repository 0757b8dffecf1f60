import { z } from "zod";
import { defaults } from "../defaults.ts";
import { defineRoute } from "../route.ts";
import { askSupportSchema } from "../support.ts";
import { taskViewSchema } from "../task.ts";

/** Questions. A function of its own: it can search the documentation, and it can start no rollout. */
export const supportRoutes = {
  askSupport: defineRoute({
    id: "askSupport",
    method: "POST",
    path: "/api/v1/support",
    door: "api",
    servedBy: "support",
    access: { role: "viewer" },
    summary: "Ask a question; `wait` waits for the answer",
    query: z.strictObject({ wait: z.coerce.number().int().min(0).max(defaults.maxWaitSeconds).optional() }),
    body: askSupportSchema,
    status: 202,
    answer: taskViewSchema,
    idempotent: true,
  }),
} as const;
