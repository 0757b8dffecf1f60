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
 * no that is right, and not go on to a dearer tier. `blind.json` and `unseen.json` have both kinds and are only counted: they
 * were written before the rules that they measure. Of the first nobody reads how one came out; of the second, whose author
 * read no code of the grading, every other one (the even places) was read after the first count, and the others never.
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

const houses = z.record(z.string(), factsSchema).parse(read("facts"));

/** The catch rate over the bad outputs and the share of the good ones that are taken as they should be. */
export function gradeModelOutputs(): { bad: OutputRate; good: OutputRate; instructions: string[] } {
  const bad = z.array(badSchema).parse(read("bad"));
  const good = z.array(goodSchema).parse(read("good"));
  return {
    bad: rateOf(bad, graded, isCaught),
    good: rateOf(good, graded, isTaken),
    instructions: [...bad, ...good].map((one) => one.instruction),
  };
}

const language = z.enum(["en", "de", "es", "fr"]);
const blindSchema = z.strictObject({
  bad: z.array(badSchema.extend({ language })),
  good: z.array(goodSchema.extend({ language })),
});

/** How many of the blind set's outputs came out as they should, by language. Never which. */
export function countBlindOutputs(): {
  languages: { language: string; bad: number; caught: number; good: number; taken: number }[];
  instructions: string[];
} {
  const { bad, good } = blindSchema.parse(read("blind"));
  const languages = language.options.map((one) => {
    const ownBad = bad.filter((output) => output.language === one);
    const ownGood = good.filter((output) => output.language === one);
    return {
      language: one,
      bad: ownBad.length,
      caught: ownBad.filter((output) => isCaught(output, graded(output))).length,
      good: ownGood.length,
      taken: ownGood.filter((output) => isTaken(output, graded(output))).length,
    };
  });
  return { languages, instructions: [...bad, ...good].map((one) => one.instruction) };
}

const unseenSchema = z.strictObject({ bad: z.array(badSchema), good: z.array(goodSchema) });

/** Likewise of the unseen set: those that were read after the first count, and those that never were. */
export function countUnseenOutputs(): {
  halves: { half: "read" | "unread"; bad: number; caught: number; good: number; taken: number }[];
  instructions: string[];
} {
  const { bad, good } = unseenSchema.parse(read("unseen"));
  const halves = (["read", "unread"] as const).map((half, parity) => {
    const ownBad = bad.filter((_, at) => at % 2 === parity);
    const ownGood = good.filter((_, at) => at % 2 === parity);
    return {
      half,
      bad: ownBad.length,
      caught: ownBad.filter((output) => isCaught(output, graded(output))).length,
      good: ownGood.length,
      taken: ownGood.filter((output) => isTaken(output, graded(output))).length,
    };
  });
  return { halves, instructions: [...bad, ...good].map((one) => one.instruction) };
}

function graded({ instruction, facts, output }: z.infer<typeof outputSchema>): Understanding {
  return gradeAnswer(output, {
    instruction,
    actions: catalogue,
    targets: [{ id: "apl_01jd0000000000000000000000", name: "house", facts: houses[facts] ?? {} }],
  });
}

function isCaught({ right }: z.infer<typeof badSchema>, understood: Understanding): boolean {
  return understood.kind !== "plan" || isSame(understood.steps, right);
}

function isTaken({ expect }: z.infer<typeof goodSchema>, understood: Understanding): boolean {
  switch (expect.kind) {
    case "plan":
      return understood.kind === "plan" && isSame(understood.steps, expect.steps);
    case "question":
      return understood.kind === "question" && understood.question.variable === expect.variable;
    case "refused":
      return understood.kind === "refused";
    default:
      return expect satisfies never;
  }
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
