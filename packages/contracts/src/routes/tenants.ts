import { z } from "zod";
import { defineRoute } from "../route.ts";
import { tenantViewSchema } from "../tenant.ts";

const api = { door: "api", servedBy: "api" } as const;

/** Who the installation is for. */
export const tenantRoutes = {
  listTenants: defineRoute({
    ...api,
    id: "listTenants",
    method: "GET",
    path: "/api/v1/tenants",
    access: { signedIn: true },
    summary: "The tenants that the caller may see",
    status: 200,
    answer: z.strictObject({ items: z.array(tenantViewSchema) }),
  }),
} as const;
