import { z } from "zod";
import * as letters from "../dead-letters.ts";
import { queueNames } from "../names.ts";
import { defineRoute } from "../route.ts";

const queues = { door: "api", servedBy: "queues" } as const;
const queueParams = z.strictObject({ queue: z.enum(queueNames) });

/** Messages that nobody could work on. They are of all tenants: for the provider's staff. */
export const deadLetterRoutes = {
  listDeadLetters: defineRoute({
    ...queues,
    id: "listDeadLetters",
    method: "GET",
    path: "/api/v1/queues/{queue}/dead-letters",
    access: { staff: "viewer" },
    summary: "A queue's dead letters, with why they are there as far as is known",
    params: queueParams,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(50) }),
    status: 200,
    answer: letters.deadLettersSchema,
  }),
  redriveDeadLetters: defineRoute({
    ...queues,
    id: "redriveDeadLetters",
    method: "POST",
    path: "/api/v1/queues/{queue}/redrive",
    access: { staff: "operator" },
    summary: "Dead letters once more: a job as a new job, anything else as a message",
    params: queueParams,
    body: letters.chosenLettersSchema,
    status: 200,
    answer: letters.movedLettersSchema,
  }),
  dropDeadLetters: defineRoute({
    ...queues,
    id: "dropDeadLetters",
    method: "POST",
    path: "/api/v1/queues/{queue}/drop",
    access: { staff: "operator" },
    summary: "Throw dead letters away that can never be redriven",
    params: queueParams,
    body: letters.chosenLettersSchema,
    status: 200,
    answer: letters.movedLettersSchema,
  }),
} as const;
