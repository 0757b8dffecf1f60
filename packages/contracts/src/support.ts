import { z } from "zod";
import { defaults } from "./defaults.ts";
import { targetSelectorSchema } from "./selector.ts";

/** `POST /support`: a question. `targets`: whose own facts the answer may use; without them nobody's. */
export const askSupportSchema = z.strictObject({
  question: z.string().trim().min(1).max(defaults.maxInstructionCharacters),
  targets: z.array(targetSelectorSchema).min(1).max(defaults.maxSupportTargets).optional(),
});
export type AskSupport = z.infer<typeof askSupportSchema>;

/** What an answer was made from: a piece of the documentation, an action of the catalogue, or an appliance's own facts. */
export const passageSources = ["documentation", "catalogue", "facts"] as const;

/** A source that an answer cites as `[number]`. */
export const citationSchema = z.strictObject({
  number: z.number().int().positive(),
  source: z.enum(passageSources),
  title: z.string(),
  /** File and anchor in the repository: `docs/mail.md#…`. Facts are nowhere else. */
  href: z.string().optional(),
  /** The passage as it stands there. */
  excerpt: z.string(),
});
export type Citation = z.infer<typeof citationSchema>;

export const supportAnswerSchema = z.strictObject({
  /** `model`: a model's words, held to the sources. `documentation`: the passages that fit best, as they stand. */
  source: z.enum(["model", "documentation"]),
  text: z.string(),
  citations: z.array(citationSchema),
  /** What a person could ask for next, in words: it does nothing until somebody submits it as a task of its own. */
  proposal: z.strictObject({ instruction: z.string() }).optional(),
});
export type SupportAnswer = z.infer<typeof supportAnswerSchema>;

/** The words of a model as they come, which nobody has checked yet. */
export const growingAnswerSchema = z.strictObject({
  /** Of which attempt: another one begins anew at 0. */
  attempt: z.number().int(),
  /** Where `text` begins, and how much there is in all. */
  offset: z.number().int().nonnegative(),
  text: z.string(),
  length: z.number().int().nonnegative(),
});
export type GrowingAnswer = z.infer<typeof growingAnswerSchema>;
