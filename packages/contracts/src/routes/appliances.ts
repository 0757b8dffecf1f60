import { z } from "zod";
import { factsSchema } from "../facts.ts";
import { runIdSchema } from "../ids.ts";
import { digestSchema } from "../release.ts";
import { defineRoute } from "../route.ts";
import * as run from "../run.ts";
import { signedDocumentSchema } from "../signed.ts";
import { nodeParams } from "./params.ts";
import * as runSecret from "../run-secret.ts";

const runParams = z.strictObject({ runId: runIdSchema });
const nodes = { door: "nodes", servedBy: "nodes" } as const;

/** What appliances fetch and report. */
export const applianceRoutes = {
  putFacts: defineRoute({
    ...nodes,
    id: "putFacts",
    method: "PUT",
    path: "/api/v1/appliance/{nodeId}/facts",
    access: { node: "appliance" },
    summary: "What the appliance says of itself",
    params: nodeParams,
    body: factsSchema,
    status: 204,
  }),
  getTrust: defineRoute({
    ...nodes,
    id: "getTrust",
    method: "GET",
    path: "/api/v1/trust",
    access: { node: "any" },
    summary: "The trust document",
    status: 200,
    answer: signedDocumentSchema,
  }),
  getRelease: defineRoute({
    ...nodes,
    id: "getRelease",
    method: "GET",
    path: "/api/v1/release",
    access: { node: "any" },
    summary: "The release",
    status: 200,
    answer: signedDocumentSchema,
  }),
  getBundle: defineRoute({
    ...nodes,
    id: "getBundle",
    method: "GET",
    path: "/api/v1/bundles/{digest}",
    access: { node: "appliance" },
    summary: "Where a bundle is",
    params: z.strictObject({ digest: digestSchema }),
    status: 200,
    answer: z.strictObject({ url: z.url() }),
  }),
  getEnvelope: defineRoute({
    ...nodes,
    id: "getEnvelope",
    method: "GET",
    path: "/api/v1/runs/{runId}/envelope",
    access: { node: "appliance" },
    summary: "The signed command",
    params: runParams,
    status: 200,
    answer: signedDocumentSchema,
  }),
  startRun: defineRoute({
    ...nodes,
    id: "startRun",
    method: "POST",
    path: "/api/v1/runs/{runId}/start",
    access: { node: "appliance" },
    summary: "Ask to start; only after the yes does anything run",
    params: runParams,
    body: run.startRunSchema,
    status: 200,
    answer: run.startRunAnswerSchema,
  }),
  requestChunk: defineRoute({
    ...nodes,
    id: "requestChunk",
    method: "POST",
    path: "/api/v1/runs/{runId}/chunks",
    access: { node: "appliance" },
    summary: "A place for one chunk of output",
    params: runParams,
    body: run.requestChunkSchema,
    status: 200,
    answer: run.chunkPlaceSchema,
  }),
  storeRunSecret: defineRoute({
    ...nodes,
    id: "storeRunSecret",
    method: "PUT",
    path: "/api/v1/runs/{runId}/secrets/{secretName}",
    access: { node: "appliance" },
    summary: "Keep a secret that was made for a step, before the step uses it",
    params: z.strictObject({ runId: runIdSchema, secretName: runSecret.generatedNameSchema }),
    body: runSecret.storeRunSecretSchema,
    takesSecrets: true,
    status: 204,
  }),
  fetchRunSecret: defineRoute({
    ...nodes,
    id: "fetchRunSecret",
    method: "GET",
    path: "/api/v1/runs/{runId}/secrets/{secretName}",
    access: { node: "appliance" },
    summary: "The value of a secret that a variable of this run's plan refers to",
    params: z.strictObject({ runId: runIdSchema, secretName: runSecret.tenantSecretNameSchema }),
    query: runSecret.fetchSecretQuerySchema,
    status: 200,
    answer: runSecret.fetchedSecretSchema,
  }),
  recordRun: defineRoute({
    ...nodes,
    id: "recordRun",
    method: "POST",
    path: "/api/v1/runs/{runId}/result",
    access: { node: "appliance" },
    summary: "How it ended",
    params: runParams,
    body: run.runResultSchema,
    status: 200,
    answer: z.strictObject({ accepted: z.boolean(), status: z.string() }),
  }),
  pendingRuns: defineRoute({
    ...nodes,
    id: "pendingRuns",
    method: "GET",
    path: "/api/v1/runs",
    access: { node: "appliance" },
    summary: "Runs that wait for this appliance",
    status: 200,
    answer: z.strictObject({ runs: z.array(runIdSchema) }),
  }),
} as const;
