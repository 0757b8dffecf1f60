import { z } from "zod";
import { tokenIdSchema } from "../ids.ts";
import * as principals from "../principals.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";

const api = { door: "api", servedBy: "people" } as const;
const access = { role: "admin", peopleOnly: "a token cannot make or see another" } as const;

/** Service tokens: for scripts, never more than who made them. */
export const tokenRoutes = {
  listTokens: defineRoute({
    ...api,
    id: "listTokens",
    method: "GET",
    path: "/api/v1/tokens",
    access,
    summary: "The tenant's service tokens",
    query: z.strictObject(pageQuery),
    status: 200,
    answer: pageOf(principals.tokenViewSchema),
  }),
  // Not repeatable by key: the answer would be kept, and with it the token.
  createToken: defineRoute({
    ...api,
    id: "createToken",
    method: "POST",
    path: "/api/v1/tokens",
    access,
    summary: "Make a service token; it is shown once",
    body: principals.createTokenSchema,
    status: 201,
    answer: principals.madeTokenSchema,
  }),
  revokeToken: defineRoute({
    ...api,
    id: "revokeToken",
    method: "DELETE",
    path: "/api/v1/tokens/{tokenId}",
    access,
    summary: "Revoke a service token",
    params: z.strictObject({ tokenId: tokenIdSchema }),
    status: 204,
  }),
} as const;
