import { z } from "zod";
import { queueNames } from "./names.ts";

/** A message that was received too often. What it holds is a pointer; its claim secret is not shown. */
export const deadLetterSchema = z.strictObject({
  messageId: z.string(),
  sentAt: z.iso.datetime(),
  receives: z.number().int(),
  /** What it points at; absent where it cannot be read. */
  pointer: z
    .strictObject({
      tenantId: z.string(),
      kind: z.enum(["job", "rollout", "node", "notice"]),
      id: z.string(),
      /** What a job is for. */
      taskId: z.string().optional(),
    })
    .optional(),
  /** Its first characters, where it cannot be read. Whoever shows them makes control characters visible. */
  text: z.string().optional(),
  /** Why it is here, as far as the records know. */
  reason: z.string(),
  /** What a redrive would do, or why none is possible. */
  redrive: z.discriminatedUnion("possible", [
    z.strictObject({ possible: z.literal(true), as: z.enum(["new_job", "message"]) }),
    z.strictObject({ possible: z.literal(false), why: z.string() }),
  ]),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const deadLettersSchema = z.strictObject({
  queue: z.enum(queueNames),
  /** As SQS counts: approximate, with those that somebody else looks at just now. */
  total: z.number().int(),
  items: z.array(deadLetterSchema),
  /** Whether these are all. SQS has no pages: it shows some, and who wants the others redrives or drops these first. */
  complete: z.boolean(),
});
export type DeadLetters = z.infer<typeof deadLettersSchema>;

/** Which: by their ids, or all that the call gets through (at most 100). */
export const chosenLettersSchema = z
  .strictObject({
    messageIds: z.array(z.string().min(1).max(100)).min(1).max(100).optional(),
    all: z.literal(true).optional(),
  })
  .refine(({ messageIds, all }) => (messageIds === undefined) !== (all === undefined), {
    message: "give either messageIds or all",
    path: ["messageIds"],
  });
export type ChosenLetters = z.infer<typeof chosenLettersSchema>;

export const movedLettersSchema = z.strictObject({
  /** Gone from the dead letters; `as`: what became of it, such as the id of the new job. */
  done: z.array(z.strictObject({ messageId: z.string(), as: z.string() })),
  refused: z.array(z.strictObject({ messageId: z.string(), why: z.string() })),
  /** Ids that were not found: gone already, or somebody else looks at them just now. */
  missing: z.array(z.string()),
  /** How many are left, as SQS counts. */
  left: z.number().int(),
});
export type MovedLetters = z.infer<typeof movedLettersSchema>;
