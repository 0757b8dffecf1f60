import { z } from "zod";
import { personIdSchema } from "../ids.ts";
import * as principals from "../principals.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import { principalSchema } from "../session.ts";

const api = { door: "api", servedBy: "people" } as const;
const access = { role: "admin", peopleOnly: "who may do what is for people to say" } as const;
const params = z.strictObject({ personId: personIdSchema });

/** People and what they may do. */
export const principalRoutes = {
  whoAmI: defineRoute({
    ...api,
    id: "whoAmI",
    method: "GET",
    path: "/api/v1/whoami",
    access: { signedIn: true },
    summary: "Who is signed in, and what that may do",
    status: 200,
    answer: principalSchema,
  }),
  listPrincipals: defineRoute({
    ...api,
    id: "listPrincipals",
    method: "GET",
    path: "/api/v1/principals",
    access,
    summary: "The tenant's people",
    query: z.strictObject(pageQuery),
    status: 200,
    answer: pageOf(principals.personViewSchema),
  }),
  // Not repeatable by key: the answer would be kept, and with it the link. Who lost it asks for a new link.
  invitePrincipal: defineRoute({
    ...api,
    id: "invitePrincipal",
    method: "POST",
    path: "/api/v1/principals",
    access,
    summary: "Invite a person; the one-time link is shown once",
    body: principals.invitePrincipalSchema,
    status: 201,
    answer: principals.invitationSchema,
  }),
  changePrincipal: defineRoute({
    ...api,
    id: "changePrincipal",
    method: "PUT",
    path: "/api/v1/principals/{personId}",
    access,
    summary: "Change a person's roles, or disable and enable",
    params,
    body: principals.changePrincipalSchema,
    status: 200,
    answer: principals.personViewSchema,
  }),
  createLink: defineRoute({
    ...api,
    id: "createLink",
    method: "POST",
    path: "/api/v1/principals/{personId}/link",
    access,
    summary: "A new one-time link; the one before is void",
    params,
    status: 201,
    answer: principals.oneTimeLinkSchema,
  }),
  endSessions: defineRoute({
    ...api,
    id: "endSessions",
    method: "DELETE",
    path: "/api/v1/principals/{personId}/sessions",
    access,
    summary: "Sign a person out everywhere",
    params,
    status: 204,
  }),
} as const;
