import type { Action } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import type { GroundedStep } from "../task/task-state.ts";
import { type IndexedAction, indexActions, nearestActions } from "./action-index.ts";
import { checkSteps, questionFor, unknownThing, withDefaults } from "./complete-steps.ts";
import { type ClauseReading, readByExamples, readByWords } from "./match-clause.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";
import { isNegated, screenInstruction } from "./screen-instruction.ts";
import { isGeneric, isQuestion, type Token, tokenize, verbOfTypo } from "./words.ts";

/** How a clause came out: read in exactly one way, known to be wrong, or not understood. */
type ClauseOutcome =
  | { kind: "read"; reading: ClauseReading; byWords: boolean }
  | { kind: "invalid"; reading: ClauseReading }
  | { kind: "none" };

/** Prepares a catalogue once; the answer takes an instruction in well under a millisecond. */
export function buildMatcher(actions: readonly Action[]): (context: PlanningContext) => Understanding {
  indexActions(actions);
  return (context) => matchInstruction({ ...context, actions });
}

/**
 * The first tier: reads an instruction by the examples and words of the catalogue. It answers only when exactly one
 * reading fits and every word that asks for something is accounted for; everything else is left to the next tier.
 */
export function matchInstruction(context: PlanningContext): Understanding {
  const screened = screenInstruction(context);
  if (screened !== undefined) return { kind: "refused", ...screened, grade: 1 };
  const index = indexActions(context.actions);
  const tokens = withoutTargets(tokenize(context.instruction), context);
  const unsure = (why: string): Understanding => ({
    kind: "unsure",
    why,
    nearest: nearestActions(index, tokens),
    grade: 0,
  });
  if (isNegated(context.instruction)) return unsure("It is said what should not be.");
  if (tokens.every((token) => token.class === "free" || token.kind === "separator")) {
    return unsure("Nothing is asked for.");
  }

  const outcomes = readSegments(index, tokens, context);
  if (outcomes === undefined) return unsure("No single reading accounts for every word.");
  if (outcomes.length > defaults.maxSteps) {
    return refusal(`A plan has at most ${defaults.maxSteps} steps.`, ["Split it into several requests."]);
  }
  const wrong = outcomes.find((outcome) => outcome.kind === "invalid");
  if (wrong !== undefined) {
    const { indexed, invalid } = wrong.reading;
    const [first] = invalid;
    const next = indexed.action.examples.slice(0, 2).map(asExample);
    return refusal(
      `${indexed.action.title}: ${first?.variable ?? "a value"} ${first?.message ?? "is not valid"}.`,
      next,
    );
  }
  const readings = outcomes.filter((outcome) => outcome.kind === "read");
  if (isQuestion(context.instruction) && readings.some(({ reading }) => reading.indexed.action.kind !== "read")) {
    return unsure("It is a question, not a request.");
  }
  return understandingOf(context, readings, unsure);
}

function understandingOf(
  context: PlanningContext,
  readings: Extract<ClauseOutcome, { kind: "read" }>[],
  unsure: (why: string) => Understanding,
): Understanding {
  const steps = readings.map(({ reading }): GroundedStep => {
    const { variables, provenance } = reading;
    return { action: reading.indexed.action.id, variables, provenance };
  });
  const grade = readings.some((one) => one.byWords) ? 0.9 : 1;
  for (const [at, step] of steps.entries()) {
    const action = readings[at]?.reading.indexed.action;
    const unknown = action === undefined ? undefined : unknownThing(context, action, step);
    if (action === undefined || unknown === undefined) continue;
    const { [unknown]: _value, ...variables } = step.variables;
    const { [unknown]: _source, ...provenance } = step.provenance;
    steps[at] = { ...step, variables, provenance };
    return { kind: "question", question: questionFor(context, action, at, unknown), steps, grade };
  }
  const completion = checkSteps(context, steps);
  switch (completion.kind) {
    case "complete":
      return { kind: "plan", steps, grade };
    case "missing":
      return { kind: "question", question: completion.question, steps, grade };
    case "invalid": {
      const said = steps[completion.step]?.provenance[completion.variable];
      const title = readings[completion.step]?.reading.indexed.action.title ?? "";
      if (said === undefined) return unsure(`${title}: ${completion.variable} ${completion.message}`);
      return refusal(`${title}: ${completion.variable} "${said.text}" ${completion.message}.`, []);
    }
  }
}

/**
 * Reads the sentence as a whole, or cut at its commas and ands into parts that each stand alone. Undefined where no
 * way of cutting works, or more than one does.
 */
function readSegments(
  index: readonly IndexedAction[],
  tokens: readonly Token[],
  context: PlanningContext,
): Exclude<ClauseOutcome, { kind: "none" }>[] | undefined {
  const parts: Token[][] = [[]];
  const joints: Token[][] = [];
  for (const token of tokens) {
    const last = parts.at(-1);
    if (token.kind === "separator") {
      if (last?.length === 0) joints.at(-1)?.push(token);
      else {
        joints.push([token]);
        parts.push([]);
      }
    } else last?.push(token);
  }
  if (parts.at(-1)?.length === 0) parts.pop();
  // Each break doubles the ways; a sentence with so many is a list that a model may read.
  if (parts.length > 2 * defaults.maxSteps) return undefined;

  const segment = (from: number, to: number) =>
    parts.slice(from, to).flatMap((part, at) => (at === 0 ? part : [...(joints[from + at - 1] ?? []), ...part]));
  type Way = Exclude<ClauseOutcome, { kind: "none" }>[];
  const ways: Way[][] = [[[]]];
  for (let to = 1; to <= parts.length; to += 1) {
    ways[to] = [];
    for (let from = Math.max(0, to - 4); from < to; from += 1) {
      const before = ways[from] ?? [];
      if (before.length === 0) continue;
      const words = segment(from, to);
      const outcome = words.every((token) => token.class === "free")
        ? { kind: "polite" as const }
        : readClause(index, words, context);
      if (outcome.kind === "none") continue;
      for (const way of before) ways[to]?.push(outcome.kind === "polite" ? way : [...way, outcome]);
    }
  }
  const found = ways[parts.length] ?? [];
  const valid = found.filter((way) => way.every((outcome) => outcome.kind === "read"));
  const candidates = valid.length > 0 ? valid : found;
  const distinct = new Map(candidates.map((way) => [JSON.stringify(way.map(keyOf)), way]));
  const [only] = distinct.values();
  return distinct.size === 1 ? only : undefined;
}

function readClause(index: readonly IndexedAction[], words: readonly Token[], context: PlanningContext): ClauseOutcome {
  const direct = readWords(index, words, context);
  if (direct.kind !== "none") return direct;
  // A slip of the pen is forgiven in the verb and nowhere else.
  const at = words.findIndex((token) => token.class === "content" && token.kind === "word");
  const first = words[at];
  const meant =
    first === undefined || index.some((one) => one.bag.has(first.canon)) ? undefined : verbOfTypo(first.text);
  if (first === undefined || meant === undefined) return direct;
  return readWords(index, words.with(at, { ...first, canon: meant }), context);
}

function readWords(index: readonly IndexedAction[], words: readonly Token[], context: PlanningContext): ClauseOutcome {
  const byExamples = index.flatMap((one) => readByExamples(one, words, context));
  if (byExamples.length > 0) return pick(byExamples, context, false);
  const byWords = index.flatMap((one) => readByWords(one, words, context) ?? []);
  return pick(byWords, context, true);
}

/** The one reading that is left when those that leave more open are dropped. */
function pick(readings: readonly ClauseReading[], context: PlanningContext, byWords: boolean): ClauseOutcome {
  const valid = readings.filter((reading) => reading.invalid.length === 0);
  const candidates = valid.length > 0 ? valid : readings;
  // Which action is meant is never decided by which one asks for less.
  if (new Set(candidates.map((reading) => reading.indexed)).size > 1) return { kind: "none" };
  const [reading, ...others] = distinctBest(candidates, context);
  if (reading === undefined || others.length > 0) return { kind: "none" };
  return reading.invalid.length > 0 ? { kind: "invalid", reading } : { kind: "read", reading, byWords };
}

function distinctBest(readings: readonly ClauseReading[], context: PlanningContext): ClauseReading[] {
  const open = readings.map((reading) => openVariables(reading, context));
  const least = Math.min(...open);
  const best = readings.filter((_, at) => open[at] === least);
  const fullest = best.filter((reading) => !best.some((other) => saysMore(other, reading)));
  const closest = Math.min(...fullest.map((reading) => reading.passed));
  const fitting = fullest.filter((reading) => reading.passed === closest);
  return [...new Map(fitting.map((reading) => [keyOf({ reading }), reading])).values()];
}

/** True where one reading has all that the other has, and more: then the other passed something over. */
function saysMore(one: ClauseReading, other: ClauseReading): boolean {
  if (one.indexed !== other.indexed || one.invalid.length > 0) return false;
  const named = Object.entries(other.variables);
  return (
    named.length < Object.keys(one.variables).length &&
    named.every(([name, value]) => JSON.stringify(one.variables[name]) === JSON.stringify(value))
  );
}

function openVariables({ indexed, variables, invalid }: ClauseReading, context: PlanningContext): number {
  const known = withDefaults(indexed.action, variables, context.targets);
  const named = new Set(invalid.map((one) => one.variable));
  return indexed.required.filter((name) => known[name] === undefined && !named.has(name)).length;
}

function keyOf({ reading }: { reading: ClauseReading }): string {
  return JSON.stringify([reading.indexed.action.id, reading.variables, reading.invalid]);
}

/** Leaves out "on nas-1" and "on the appliance": the targets are chosen, not understood. */
function withoutTargets(tokens: readonly Token[], context: PlanningContext): Token[] {
  const names = new Set(context.targets.flatMap((target) => [target.name.toLowerCase(), target.id]));
  const machines = new Set(["appliance", "machine", "box", "server", "computer", "device", "system", "host"]);
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) continue;
    let next = at + 1;
    const isPlace = ["on", "onto", "at"].includes(token.canon);
    let pointed = false;
    while (isPlace && tokens[next]?.class === "free") {
      pointed = true;
      next += 1;
    }
    const what = tokens[next];
    const isTarget =
      what?.kind === "word" &&
      (names.has(what.text.toLowerCase()) || (pointed && machines.has(what.canon) && isGeneric(what.canon)));
    if (isPlace && isTarget) at = next;
    else kept.push(token);
  }
  return kept;
}

function refusal(message: string, next: string[]): Understanding {
  return { kind: "refused", message, next, grade: 1 };
}

/** An example as a person would read it: `add user <username>`. */
export function asExample(example: string): string {
  return example.replace(/\{(\w+)\}/g, "<$1>");
}
