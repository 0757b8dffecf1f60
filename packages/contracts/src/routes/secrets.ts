import { z } from "zod";
import { runIdSchema, taskIdSchema } from "../ids.ts";
import { defineRoute } from "../route.ts";
import * as runSecret from "../run-secret.ts";
import * as secret from "../secret.ts";

const api = { door: "api", servedBy: "secrets" } as const;
const tenantSecretParams = z.strictObject({ tenantSecret: runSecret.tenantSecretNameSchema });
const params = z.strictObject({ secretName: secret.secretNameSchema });

/** The installation's own secrets. A value goes in and never comes out. */
export const secretRoutes = {
  listSecrets: defineRoute({
    ...api,
    id: "listSecrets",
    method: "GET",
    path: "/api/v1/secrets",
    access: { staff: "admin" },
    summary: "The installation's secrets: how old they are and when they change, never what they are",
    status: 200,
    answer: z.strictObject({ items: z.array(secret.secretViewSchema) }),
  }),
  setSecret: defineRoute({
    ...api,
    id: "setSecret",
    method: "PUT",
    path: "/api/v1/secrets/{secretName}",
    access: { staff: "admin", peopleOnly: "whoever puts a secret in answers for it" },
    summary: "Give a secret a new value; the one before stays for one turn",
    params,
    body: secret.setSecretSchema,
    takesSecrets: true,
    status: 200,
    answer: secret.secretViewSchema,
  }),
  rotateSecret: defineRoute({
    ...api,
    id: "rotateSecret",
    method: "POST",
    path: "/api/v1/secrets/{secretName}/rotate",
    access: { staff: "admin", peopleOnly: "whoever changes a secret answers for it" },
    summary: "Have a secret made anew now",
    params,
    status: 202,
    answer: secret.secretViewSchema,
    idempotent: true,
  }),
  openRunSecret: defineRoute({
    ...api,
    id: "openRunSecret",
    method: "POST",
    path: "/api/v1/tasks/{taskId}/secrets/{runId}/{secretRef}/open",
    access: { role: "viewer", peopleOnly: "a secret is handed to the person that it was made for" },
    summary: "See a secret that a run has made: once, and only its recipient",
    params: z.strictObject({ taskId: taskIdSchema, runId: runIdSchema, secretRef: runSecret.secretRefSchema }),
    body: runSecret.openRunSecretSchema,
    status: 200,
    answer: runSecret.openedRunSecretSchema,
  }),
  listTenantSecrets: defineRoute({
    ...api,
    id: "listTenantSecrets",
    method: "GET",
    path: "/api/v1/tenant-secrets",
    access: { role: "operator" },
    summary: "The tenant's own secrets, which a request may refer to as secret:<name>; never what they are",
    status: 200,
    answer: z.strictObject({ items: z.array(runSecret.tenantSecretViewSchema) }),
  }),
  setTenantSecret: defineRoute({
    ...api,
    id: "setTenantSecret",
    method: "PUT",
    path: "/api/v1/tenant-secrets/{tenantSecret}",
    access: { role: "admin", peopleOnly: "whoever puts a secret in answers for it" },
    summary: "Give a secret of the tenant a new value. It goes in and never comes out",
    params: tenantSecretParams,
    body: runSecret.setTenantSecretSchema,
    takesSecrets: true,
    status: 200,
    answer: runSecret.tenantSecretViewSchema,
  }),
  removeTenantSecret: defineRoute({
    ...api,
    id: "removeTenantSecret",
    method: "DELETE",
    path: "/api/v1/tenant-secrets/{tenantSecret}",
    access: { role: "admin", peopleOnly: "whoever takes a secret away answers for it" },
    summary: "Remove a secret of the tenant, with all of its versions",
    params: tenantSecretParams,
    status: 204,
  }),
} as const;
