import { readFileSync } from "node:fs";
import { catalogue } from "@steward/catalogue/catalogue";
import { factsSchema } from "@steward/contracts/facts";
import { proposedStepSchema } from "@steward/contracts/plan";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import type { Understanding } from "@steward/core/planning/planning-types";
import { z } from "zod";

/*
 * A corpus of what models answer, graded by the real grader. `bad.json`: each must not become a plan that does the wrong
 * thing; a question, a no and "cannot tell" are good ends. `good.json`: each must become its plan, or the question or the
 * no that is right, and not go on to a dearer tier.
 */

const steps = z.array(proposedStepSchema);
const outputSchema = z.strictObject({
  /** Of fault, or of virtue. */
  kind: z.string(),
  instruction: z.string(),
  /** Whose facts, by their name in `facts.json`. */
  facts: z.string(),
  /** Exactly what the model wrote. */
  output: z.string(),
});
const badSchema = outputSchema.extend({
  /** Its form is at fault and not its sense: this plan of it would do no wrong. */
  right: steps.optional(),
});
const goodSchema = outputSchema.extend({
  expect: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("plan"), steps }),
    z.strictObject({ kind: z.literal("question"), variable: z.string() }),
    z.strictObject({ kind: z.literal("refused") }),
  ]),
});

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../bench/outputs/${name}.json`, import.meta.url), "utf8"));

export interface OutputRate {
  /** Of good ones that were taken, or bad ones that were caught. */
  rate: number;
  of: number;
  byKind: { kind: string; of: number; right: number }[];
  /** Those that were not, for whoever mends the grader. */
  wrong: { kind: string; instruction: string; output: string; became: string }[];
}

/** The catch rate over the bad outputs and the share of the good ones that are taken as they should be. */
export function gradeModelOutputs(): { bad: OutputRate; good: OutputRate; instructions: string[] } {
  const houses = z.record(z.string(), factsSchema).parse(read("facts"));
  const grade = ({ instruction, facts, output }: z.infer<typeof outputSchema>): Understanding =>
    gradeAnswer(output, {
      instruction,
      actions: catalogue,
      targets: [{ id: "apl_01jd0000000000000000000000", name: "house", facts: houses[facts] ?? {} }],
    });
  const bad = z.array(badSchema).parse(read("bad"));
  const good = z.array(goodSchema).parse(read("good"));
  return {
    bad: rateOf(bad, grade, (one, graded) => graded.kind !== "plan" || isSame(graded.steps, one.right)),
    good: rateOf(good, grade, ({ expect }, graded) => {
      switch (expect.kind) {
        case "plan":
          return graded.kind === "plan" && isSame(graded.steps, expect.steps);
        case "question":
          return graded.kind === "question" && graded.question.variable === expect.variable;
        case "refused":
          return graded.kind === "refused";
        default:
          return expect satisfies never;
      }
    }),
    instructions: [...bad, ...good].map((one) => one.instruction),
  };
}

type Steps = z.infer<typeof steps>;

function isSame(one: Steps, other: Steps | undefined): boolean {
  const plain = (list: Steps) =>
    JSON.stringify(
      list.map(({ action, variables }) => [
        action,
        Object.keys(variables)
          .toSorted((a, b) => (a < b ? -1 : 1))
          .map((name) => [name, variables[name]]),
      ]),
    );
  return other !== undefined && plain(one) === plain(other);
}

function rateOf<T extends z.infer<typeof outputSchema>>(
  outputs: readonly T[],
  grade: (one: T) => Understanding,
  isRight: (one: T, graded: Understanding) => boolean,
): OutputRate {
  const kinds = new Map<string, { kind: string; of: number; right: number }>();
  const wrong: OutputRate["wrong"] = [];
  for (const one of outputs) {
    const graded = grade(one);
    const count = kinds.get(one.kind) ?? { kind: one.kind, of: 0, right: 0 };
    kinds.set(one.kind, count);
    count.of += 1;
    if (isRight(one, graded)) count.right += 1;
    else wrong.push({ ...one, became: describe(graded) });
  }
  return { rate: 1 - wrong.length / outputs.length, of: outputs.length, byKind: [...kinds.values()], wrong };
}

function describe(graded: Understanding): string {
  switch (graded.kind) {
    case "plan":
      return `plan ${graded.steps.map((step) => `${step.action} ${JSON.stringify(step.variables)}`).join(", ")}`;
    case "question":
      return `question about ${graded.question.variable}`;
    case "refused":
      return `no: ${graded.message}`;
    case "unsure":
      return `cannot tell: ${graded.why}`;
  }
}
