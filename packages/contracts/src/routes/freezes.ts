import { z } from "zod";
import { idSchema } from "../ids.ts";
import { defineRoute } from "../route.ts";
import * as session from "../session.ts";

const api = { door: "api", servedBy: "api" } as const;

/** Nothing new starts. */
export const freezeRoutes = {
  createFreeze: defineRoute({
    ...api,
    id: "createFreeze",
    method: "POST",
    path: "/api/v1/freeze",
    access: { role: "admin" },
    summary: "Let nothing new start",
    body: session.createFreezeSchema,
    status: 201,
    answer: session.freezeViewSchema,
    idempotent: true,
  }),
  listFreezes: defineRoute({
    ...api,
    id: "listFreezes",
    method: "GET",
    path: "/api/v1/freeze",
    access: { role: "viewer" },
    summary: "Freezes in force",
    status: 200,
    answer: z.strictObject({ items: z.array(session.freezeViewSchema) }),
  }),
  endFreeze: defineRoute({
    ...api,
    id: "endFreeze",
    method: "DELETE",
    path: "/api/v1/freeze/{freezeId}",
    access: { role: "admin" },
    summary: "End a freeze",
    params: z.strictObject({ freezeId: idSchema("freeze") }),
    status: 204,
  }),
} as const;
