import { z } from "zod";
import { defineRoute } from "../route.ts";
import { actionViewSchema, healthViewSchema, statsSchema } from "../views.ts";

const api = { door: "api", servedBy: "api" } as const;

/** What is there and how it does. */
export const overviewRoutes = {
  listActions: defineRoute({
    ...api,
    id: "listActions",
    method: "GET",
    path: "/api/v1/actions",
    access: { role: "viewer" },
    summary: "The catalogue",
    status: 200,
    answer: z.strictObject({ items: z.array(actionViewSchema) }),
  }),
  stats: defineRoute({
    ...api,
    id: "stats",
    method: "GET",
    path: "/api/v1/stats",
    access: { role: "viewer" },
    summary: "Counts: what is wrong, running, waiting",
    status: 200,
    answer: statsSchema,
  }),
  metrics: defineRoute({
    ...api,
    id: "metrics",
    method: "GET",
    path: "/metrics",
    access: { role: "viewer" },
    summary: "Machines, alerts, requests and lanes in numbers, as Prometheus reads them",
    query: z.strictObject({
      /** Staff see all tenants together unless they ask for the one; a customer has its own. */
      scope: z.enum(["installation", "tenant"]).optional(),
    }),
    status: 200,
    answer: z.string(),
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    takesServiceToken: true,
  }),
  health: defineRoute({
    ...api,
    id: "health",
    method: "GET",
    path: "/health",
    access: { open: true, why: "liveness, no data" },
    summary: "Liveness, with dependencies",
    status: 200,
    answer: healthViewSchema,
  }),
} as const;
