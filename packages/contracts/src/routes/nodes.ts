import { z } from "zod";
import { reasonOfRevocationSchema } from "../certificate.ts";
import { nodeFilterSchema, nodeSorts } from "../fleet.ts";
import * as node from "../node.ts";
import { digestSchema } from "../release.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import { nodeParams } from "./params.ts";

const api = { door: "api", servedBy: "api" } as const;

/** Machines, as people see them. */
export const nodeRoutes = {
  listNodes: defineRoute({
    ...api,
    id: "listNodes",
    method: "GET",
    path: "/api/v1/nodes",
    access: { role: "viewer" },
    summary: "Appliances and workers of the tenant",
    query: z.strictObject({
      ...pageQuery,
      ...nodeFilterSchema.shape,
      q: z.string().max(100).optional(),
      sort: z.enum(nodeSorts).default("id"),
      /** `desc`: the other way round. Health begins with the worst, what was seen with the latest. */
      order: z.enum(["asc", "desc"]).default("asc"),
      /** Only those in quarantine, and those whose certificate has ended or soon will without having been renewed. */
      attention: z.literal("true").optional(),
      /** Only those that have enrolled, and that nobody has said of yet that they are who they claim to be. */
      unconfirmed: z.literal("true").optional(),
    }),
    status: 200,
    answer: pageOf(node.nodeViewSchema),
    etag: true,
  }),
  getNode: defineRoute({
    ...api,
    id: "getNode",
    method: "GET",
    path: "/api/v1/nodes/{nodeId}",
    access: { role: "viewer" },
    summary: "One node with its facts",
    params: nodeParams,
    status: 200,
    answer: node.nodeViewSchema,
  }),
  inviteNode: defineRoute({
    ...api,
    id: "inviteNode",
    method: "POST",
    path: "/api/v1/nodes",
    access: { role: "admin" },
    summary: "A single-use token to enrol a machine with",
    body: node.inviteNodeSchema,
    status: 201,
    answer: node.nodeInvitationSchema,
  }),
  confirmNode: defineRoute({
    ...api,
    id: "confirmNode",
    method: "POST",
    path: "/api/v1/nodes/{nodeId}/confirm",
    access: { role: "admin", peopleOnly: "a person compares the fingerprint with the machine's screen" },
    summary: "Confirm that the machine's key is the one seen on its screen",
    params: nodeParams,
    body: z.strictObject({ keyFingerprint: digestSchema }),
    status: 200,
    answer: node.nodeViewSchema,
  }),
  revokeNode: defineRoute({
    ...api,
    id: "revokeNode",
    method: "POST",
    path: "/api/v1/nodes/{nodeId}/revoke",
    access: { role: "admin" },
    summary: "Shut a node out at once: all its certificates, what waits for it, and what it still uploads",
    params: nodeParams,
    body: z.strictObject({ reason: reasonOfRevocationSchema }),
    status: 200,
    answer: node.nodeViewSchema,
  }),
  removeNode: defineRoute({
    ...api,
    id: "removeNode",
    method: "DELETE",
    path: "/api/v1/nodes/{nodeId}",
    access: { role: "admin" },
    summary: "Remove a node; its certificate is refused from now on",
    params: nodeParams,
    status: 204,
  }),
} as const;
