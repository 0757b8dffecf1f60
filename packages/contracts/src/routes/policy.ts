import { defineRoute } from "../route.ts";
import { putTenantPolicySchema, tenantPolicyViewSchema } from "../tenant-policy.ts";

const api = { door: "api", servedBy: "people" } as const;

/** What a tenant forbids, and what it asks of a change. */
export const policyRoutes = {
  getPolicy: defineRoute({
    ...api,
    id: "getPolicy",
    method: "GET",
    path: "/api/v1/policy",
    access: { role: "viewer" },
    summary: "What the tenant forbids, and what it asks of a change",
    status: 200,
    answer: tenantPolicyViewSchema,
  }),
  putPolicy: defineRoute({
    ...api,
    id: "putPolicy",
    method: "PUT",
    path: "/api/v1/policy",
    access: { role: "admin", peopleOnly: "a token that could loosen the rules would stand above them" },
    summary: "Replace the tenant's policy",
    body: putTenantPolicySchema,
    status: 200,
    answer: tenantPolicyViewSchema,
  }),
} as const;
