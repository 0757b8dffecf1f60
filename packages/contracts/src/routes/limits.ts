import { limitsViewSchema } from "../limits.ts";
import { defineRoute } from "../route.ts";

/** How much of what may be used is used. */
export const limitRoutes = {
  getLimits: defineRoute({
    id: "getLimits",
    method: "GET",
    path: "/api/v1/limits",
    door: "api",
    servedBy: "api",
    access: { role: "viewer" },
    summary: "The tenant's quotas and what is used of them",
    status: 200,
    answer: limitsViewSchema,
  }),
} as const;
