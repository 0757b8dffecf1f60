import { z } from "zod";
import { defineRoute } from "../route.ts";
import * as secret from "../secret.ts";

const api = { door: "api", servedBy: "secrets" } as const;
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
} as const;
