import { z } from "zod";
import * as certificate from "../certificate.ts";
import { idSchema } from "../ids.ts";
import * as node from "../node.ts";
import { defineRoute } from "../route.ts";

/** Everything that the issuing key signs: certificates of machines, and of people's browsers. */
export const enrolmentRoutes = {
  enrol: defineRoute({
    id: "enrol",
    method: "POST",
    path: "/api/v1/enrol",
    door: "api",
    servedBy: "enrol",
    access: { open: true, why: "the single-use token is the proof" },
    summary: "Enrol a machine",
    body: node.enrolSchema,
    status: 201,
    answer: node.enrolmentSchema,
  }),
  renew: defineRoute({
    id: "renew",
    method: "POST",
    path: "/api/v1/renew",
    door: "nodes",
    servedBy: "enrol",
    access: { node: "any" },
    summary: "A new certificate; the request is signed with the new key, its proof and the connection with the old one",
    /** `proof`: the old key's signature of `renewalStatement`. */
    body: z.strictObject({ csr: certificate.csrSchema, proof: z.base64().max(200) }),
    status: 201,
    answer: z.strictObject({ certificate: z.string() }),
  }),
  renewExpired: defineRoute({
    id: "renewExpired",
    method: "POST",
    path: "/api/v1/renew-expired",
    door: "api",
    servedBy: "enrol",
    access: { open: true, why: "a fresh signature by the key of an expired, unrevoked certificate is the proof" },
    summary: "A new certificate for a machine that was off while its own expired, up to 90 days late",
    body: certificate.renewExpiredSchema,
    status: 201,
    answer: z.strictObject({ certificate: z.string() }),
  }),
  createCertificate: defineRoute({
    id: "createCertificate",
    method: "POST",
    path: "/api/v1/certificates",
    door: "api",
    servedBy: "enrol",
    access: { role: "viewer", peopleOnly: "a certificate signs its person in, for 90 days" },
    summary: "A certificate for the caller's own browser",
    body: z.strictObject({ csr: certificate.csrSchema }),
    status: 201,
    /** PEM: the certificate, then its issuer. */
    answer: z.strictObject({ id: idSchema("certificate"), certificate: z.string(), expiresAt: z.iso.datetime() }),
  }),
} as const;
