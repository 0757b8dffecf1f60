import { z } from "zod";
import { jobIdSchema } from "../ids.ts";
import * as job from "../job.ts";
import { defineRoute } from "../route.ts";

const jobParams = z.strictObject({ jobId: jobIdSchema });
const nodes = { door: "nodes", servedBy: "nodes" } as const;

/** What workers take and give back. */
export const jobRoutes = {
  claimJob: defineRoute({
    ...nodes,
    id: "claimJob",
    method: "POST",
    path: "/api/v1/jobs/{jobId}/claim",
    access: { node: "worker" },
    summary: "Take a job under a lease",
    params: jobParams,
    body: job.claimJobSchema,
    status: 200,
    answer: job.claimAnswerSchema,
  }),
  progressJob: defineRoute({
    ...nodes,
    id: "progressJob",
    method: "POST",
    path: "/api/v1/jobs/{jobId}/progress",
    access: { node: "worker" },
    summary: "Tokens arrive: extend the lease",
    params: jobParams,
    body: job.progressJobSchema,
    status: 200,
    answer: job.progressAnswerSchema,
  }),
  completeJob: defineRoute({
    ...nodes,
    id: "completeJob",
    method: "POST",
    path: "/api/v1/jobs/{jobId}/complete",
    access: { node: "worker" },
    summary: "The model's raw answer",
    params: jobParams,
    body: job.completeJobSchema,
    status: 200,
    answer: job.completeAnswerSchema,
  }),
  releaseJob: defineRoute({
    ...nodes,
    id: "releaseJob",
    method: "POST",
    path: "/api/v1/jobs/{jobId}/release",
    access: { node: "worker" },
    summary: "Give a job back",
    params: jobParams,
    body: job.releaseJobSchema,
    status: 204,
  }),
} as const;
