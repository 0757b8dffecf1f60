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
    summary: "Sign in with a one-time link, a service token or an issuer's ID token",
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
  loginOptions: defineRoute({
    id: "loginOptions",
    method: "GET",
    path: "/api/v1/login-options",
    door: "api",
    servedBy: "sessions",
    access: { open: true, why: "it says where to sign in; a tenant is named by an id that nobody guesses" },
    summary: "The issuers that people of a tenant sign in with",
    query: session.loginOptionsQuery,
    status: 200,
    answer: session.loginOptionsSchema,
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
