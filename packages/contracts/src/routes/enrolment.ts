import { z } from "zod";
import { defineRoute } from "../route.ts";
import * as node from "../node.ts";

/** Certificates of machines. */
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
    summary: "A new certificate; the request is signed with the new key, the connection made with the old one",
    body: z.strictObject({ csr: z.string().max(8000) }),
    status: 201,
    answer: z.strictObject({ certificate: z.string() }),
  }),
} as const;
