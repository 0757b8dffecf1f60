import { z } from "zod";
import { defineRoute } from "../route.ts";
import { createWindowSchema, windowIdSchema, windowViewSchema } from "../window.ts";

const api = { door: "api", servedBy: "people" } as const;
const changing = { role: "admin", peopleOnly: "a token that could move the windows would stand above them" } as const;

/** When appliances may be changed. */
export const windowRoutes = {
  createWindow: defineRoute({
    ...api,
    id: "createWindow",
    method: "POST",
    path: "/api/v1/windows",
    access: changing,
    summary: "A maintenance window (changes only within it) or a blackout (nothing within it)",
    body: createWindowSchema,
    status: 201,
    answer: windowViewSchema,
    idempotent: true,
  }),
  listWindows: defineRoute({
    ...api,
    id: "listWindows",
    method: "GET",
    path: "/api/v1/windows",
    access: { role: "viewer" },
    summary: "Maintenance windows and blackouts, and which are open",
    status: 200,
    answer: z.strictObject({ items: z.array(windowViewSchema) }),
  }),
  removeWindow: defineRoute({
    ...api,
    id: "removeWindow",
    method: "DELETE",
    path: "/api/v1/windows/{windowId}",
    access: changing,
    summary: "Remove a window; what it held goes on",
    params: z.strictObject({ windowId: windowIdSchema }),
    status: 204,
  }),
} as const;
