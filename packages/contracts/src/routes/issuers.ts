import { z } from "zod";
import { issuerIdSchema } from "../ids.ts";
import * as principals from "../principals.ts";
import { defineRoute } from "../route.ts";

const api = { door: "api", servedBy: "people" } as const;
const access = { role: "admin", peopleOnly: "who says who somebody is, is for people to say" } as const;

/** Who else may say who somebody is (OpenID Connect). */
export const issuerRoutes = {
  listIssuers: defineRoute({
    ...api,
    id: "listIssuers",
    method: "GET",
    path: "/api/v1/issuers",
    access,
    summary: "The tenant's issuers",
    status: 200,
    answer: z.strictObject({ items: z.array(principals.issuerViewSchema) }),
  }),
  createIssuer: defineRoute({
    ...api,
    id: "createIssuer",
    method: "POST",
    path: "/api/v1/issuers",
    access,
    summary: "Let people sign in with an OpenID Connect issuer",
    body: principals.createIssuerSchema,
    status: 201,
    answer: principals.issuerViewSchema,
    idempotent: true,
  }),
  removeIssuer: defineRoute({
    ...api,
    id: "removeIssuer",
    method: "DELETE",
    path: "/api/v1/issuers/{issuerId}",
    access,
    summary: "Remove an issuer; whoever signed in with it is signed out",
    params: z.strictObject({ issuerId: issuerIdSchema }),
    status: 204,
  }),
} as const;
