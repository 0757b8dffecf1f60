import { defineRoute } from "../route.ts";
import * as session from "../session.ts";

/** Signing in and out. */
export const sessionRoutes = {
  createSession: defineRoute({
    id: "createSession",
    method: "POST",
    path: "/api/v1/sessions",
    door: "api",
    servedBy: "sessions",
    access: { open: true, why: "the body is the proof" },
    summary: "Sign in with a one-time link",
    body: session.createSessionSchema,
    status: 201,
    answer: session.sessionSchema,
  }),
  refreshSession: defineRoute({
    id: "refreshSession",
    method: "POST",
    path: "/api/v1/sessions/refresh",
    door: "api",
    servedBy: "sessions",
    access: { open: true, why: "the refresh token is the proof" },
    summary: "A new access token",
    body: session.refreshSessionSchema,
    status: 200,
    answer: session.sessionSchema,
  }),
  endSession: defineRoute({
    id: "endSession",
    method: "DELETE",
    path: "/api/v1/sessions",
    door: "api",
    servedBy: "sessions",
    access: { signedIn: true },
    summary: "Sign out",
    status: 204,
  }),
} as const;
