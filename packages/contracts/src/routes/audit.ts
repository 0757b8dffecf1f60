import { z } from "zod";
import { auditEntryViewSchema } from "../audit.ts";
import { momentSchema } from "../bounded.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import { sealViewSchema } from "../seal.ts";
import { signedDocumentSchema } from "../signed.ts";
import { requestIdSchema } from "../request-id.ts";

const api = { door: "api", servedBy: "api" } as const;

const text = z.string().min(1).max(200).optional();

/** The trail of what was done, and what vouches for it. */
export const auditRoutes = {
  listAudit: defineRoute({
    ...api,
    id: "listAudit",
    method: "GET",
    path: "/api/v1/audit",
    access: { role: "admin" },
    summary: "The audit trail, newest first",
    query: z.strictObject({
      ...pageQuery,
      who: text,
      what: text,
      record: text,
      /** Of this request: its own entries and those of all that came of it. */
      request: requestIdSchema.optional(),
      /** From this moment on, and up to that one. */
      from: momentSchema.optional(),
      to: momentSchema.optional(),
    }),
    status: 200,
    answer: pageOf(auditEntryViewSchema),
  }),
  listSeals: defineRoute({
    ...api,
    id: "listSeals",
    method: "GET",
    path: "/api/v1/audit/seals",
    access: { role: "admin" },
    summary: "Seals of the audit trail, oldest first, with proofs for the tenant",
    query: z.strictObject({
      ...pageQuery,
      /** The first one that is shown. */
      from: z.coerce.number().int().min(1).max(999_999_999_999).optional(),
      /** `whole`: every tenant's leaf, for the provider's staff. */
      show: z.enum(["own", "whole"]).default("own"),
    }),
    status: 200,
    answer: z.strictObject({
      ...pageOf(sealViewSchema).shape,
      /** Signed by the root: which keys may sign seals. */
      trust: signedDocumentSchema,
      /** base64 SubjectPublicKeyInfo. To be held to the fingerprint that one knows. */
      rootPublicKey: z.base64(),
    }),
  }),
} as const;
