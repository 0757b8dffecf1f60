import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Facts } from "@steward/contracts/actions";
import { factsSchema } from "@steward/contracts/facts";
import { proposedStepSchema } from "@steward/contracts/plan";
import { z } from "zod";

/** What is right to come of a request. */
const outcomeSchema = z.union([
  /** These steps, in this order, with these values and no others. */
  z.strictObject({ plan: z.array(proposedStepSchema).min(1).max(10) }),
  /** A question for this variable, where it matters of this action. */
  z.strictObject({ ask: z.string(), for: z.string().optional() }),
  /** No plan. In a word why, for who reads the file. */
  z.strictObject({ refuse: z.string() }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

export const requestSchema = z.strictObject({
  id: z.string().regex(/^[a-z]+-\d{3}$/),
  text: z.string().min(1),
  /** Name of an appliance in `bench/facts.json`. */
  facts: z.string().default("home"),
  expect: outcomeSchema,
  /** What is right too. */
  or: z.array(outcomeSchema).optional(),
});

const languages = ["en", "de", "es", "fr"] as const;
const familySchema = z.strictObject({
  about: z.string(),
  language: z.enum(languages),
  /** False: no answer to any of them may be a plan. */
  mayAct: z.boolean(),
  requests: z.array(requestSchema),
});

export interface Request {
  id: string;
  family: string;
  language: (typeof languages)[number];
  text: string;
  facts: Facts;
  mayAct: boolean;
  /** Any of these is right; the first is what a person would expect. */
  right: readonly [Outcome, ...Outcome[]];
  /** Nobody looks at these one by one while the matcher is worked on. */
  heldOut: boolean;
}

const bench = new URL("../../bench/", import.meta.url);

/** Every request of `bench/requests`, by family. @throws ZodError where a file is not of the form */
export function loadRequests(): Request[] {
  const appliances = z
    .record(z.string(), factsSchema)
    .parse(JSON.parse(readFileSync(new URL("facts.json", bench), "utf8")));
  const files = readdirSync(fileURLToPath(new URL("requests/", bench)))
    .filter((name) => name.endsWith(".json"))
    .sort();
  return files.flatMap((name) => {
    const { requests, ...family } = familySchema.parse(
      JSON.parse(readFileSync(new URL(`requests/${name}`, bench), "utf8")),
    );
    return requests.map(({ expect, or = [], facts, ...request }): Request => {
      const known = appliances[facts];
      if (known === undefined) throw new Error(`${request.id}: there is no appliance ${facts} in bench/facts.json`);
      return {
        ...request,
        family: name.replace(/\.json$/, ""),
        language: family.language,
        mayAct: family.mayAct,
        facts: known,
        right: [expect, ...or],
        heldOut: isHeldOut(request.id),
      };
    });
  });
}

/** One request in three, by its id alone: nobody chooses which. */
function isHeldOut(id: string): boolean {
  return createHash("sha256").update(id).digest().readUInt32BE(0) % 3 === 0;
}
