import { z } from "zod";
import * as certificate from "../certificate.ts";
import { idSchema } from "../ids.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";

const api = { door: "api", servedBy: "api" } as const;

/** Certificates, as people see them. */
export const certificateRoutes = {
  listCertificates: defineRoute({
    ...api,
    id: "listCertificates",
    method: "GET",
    path: "/api/v1/certificates",
    access: { role: "admin" },
    summary: "The tenant's certificates, of machines and people, newest first",
    query: z.strictObject({
      ...pageQuery,
      kind: z.enum(certificate.certificateKinds).optional(),
      /** Only those of this node or person. */
      holder: z.string().max(100).optional(),
      status: z.enum(certificate.certificateStatuses).optional(),
    }),
    status: 200,
    answer: pageOf(certificate.certificateViewSchema),
  }),
  getCertificate: defineRoute({
    ...api,
    id: "getCertificate",
    method: "GET",
    path: "/api/v1/certificates/{certificateId}",
    access: { role: "admin" },
    summary: "One certificate",
    params: z.strictObject({ certificateId: idSchema("certificate") }),
    status: 200,
    answer: certificate.certificateViewSchema,
  }),
  revokeCertificate: defineRoute({
    ...api,
    id: "revokeCertificate",
    method: "DELETE",
    path: "/api/v1/certificates/{certificateId}",
    access: { role: "admin" },
    summary: "Revoke a person's certificate; a machine is revoked as a whole: POST /nodes/{nodeId}/revoke",
    params: z.strictObject({ certificateId: idSchema("certificate") }),
    status: 204,
  }),
} as const;
