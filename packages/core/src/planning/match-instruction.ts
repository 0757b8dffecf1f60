import type { Action } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import type { GroundedStep } from "../task/task-state.ts";
import { type IndexedAction, indexActions, nearestActions } from "./action-index.ts";
import { checkSteps, questionFor, sharedFacts, thingToChange, unknownThing, withDefaults } from "./complete-steps.ts";
import { knownNames, onceForEach, pluralsOf } from "./coordination.ts";
import { type ClauseReading, readByExamples, readByWords } from "./match-clause.ts";
import { evidenceOf } from "./evidence.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";
import { whyNotPlain } from "./request-mood.ts";
import { isNegated, screenInstruction } from "./screen-instruction.ts";
import { withoutSlips } from "./slips.ts";
import { isVerbToken, otherOrders } from "./word-orders.ts";
import { isGeneric, isQuestion, isVerb, type Token, tokenize } from "./words.ts";

/** How a clause came out: read in exactly one way, known to be wrong, or not understood. */
type ClauseOutcome = Known | { kind: "none" };
type Known = { kind: "read"; reading: ClauseReading; byWords: boolean } | { kind: "invalid"; reading: ClauseReading };

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
  const unsure = (why: string): Extract<Understanding, { kind: "unsure" }> => ({
    kind: "unsure",
    why,
    nearest: nearestActions(index, tokens),
    grade: 0,
  });
  // `gradeAnswer` takes no model's word for these either: nobody is asked, nor paid, for a sure no.
  // Without the tables of other languages, which are large: of a request in one of them that says "not" of a part, a model may
  // be asked in vain.
  const isNo = isNegated(context.instruction);
  if (isNo && evidenceOf(context.instruction).allNegated) return { ...unsure(negated), final: true };
  const notPlain = whyNotPlain(context.instruction);
  if (notPlain !== undefined) {
    return mayBeLook(context.instruction, tokens, index) ? unsure(notPlain) : { ...unsure(notPlain), final: true };
  }
  // Where only a part says "not", a model may tell which one.
  if (isNo) return unsure(negated);
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

const negated = "It is said what should not be.";

/** "Show it": nothing is wrong with it for who only looks, and a word of it is one of what only looks. */
function mayBeLook(instruction: string, tokens: readonly Token[], index: readonly IndexedAction[]): boolean {
  const speaks = ({ action, bag }: IndexedAction) =>
    action.kind === "read" && tokens.some(({ class: one, canon }) => one === "content" && bag.has(canon));
  return whyNotPlain(instruction, true) === undefined && index.some(speaks);
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
  const there = steps.map((step) => thingToChange(context, step)).find((thing) => thing !== undefined);
  if (there !== undefined) return unsure(`There is ${there} already, and what adds one does not change it.`);
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
): Known[] | undefined {
  const lexicon: Lexicon = { index, context, known: knownNames(context), slips: new Map() };
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
  const ways: Known[][][] = [[[]]];
  for (let to = 1; to <= parts.length; to += 1) {
    ways[to] = [];
    for (let from = Math.max(0, to - defaults.maxSteps); from < to; from += 1) {
      const before = ways[from] ?? [];
      if (before.length === 0) continue;
      const words = segment(from, to);
      const isPolite = words.every((token) => token.class === "free");
      // A part that has no word of the catalogue is a name of some list.
      if (!isPolite && parts.length > 1 && !speaksForAny(lexicon, words)) continue;
      const outcomes = isPolite ? [] : readPart(lexicon, words, parts.slice(0, from).flat(), joints[from - 1] ?? []);
      if (!isPolite && outcomes.length === 0) continue;
      for (const way of before) ways[to]?.push([...way, ...outcomes]);
    }
  }
  const found = ways[parts.length] ?? [];
  const valid = found.filter((way) => way.every((outcome) => outcome.kind === "read"));
  const candidates = valid.length > 0 ? valid : found;
  const distinct = new Map(candidates.map((way) => [JSON.stringify(way.map(keyOf)), way]));
  const [only] = distinct.values();
  return distinct.size === 1 ? only : undefined;
}

function speaksForAny({ index, known, slips }: Lexicon, words: readonly Token[]): boolean {
  const isSaid = words.some(
    ({ kind, canon }) => kind === "word" && (isVerb(canon) || index.some((one) => one.bag.has(canon))),
  );
  return isSaid || withoutSlips(index, words, known, slips) !== undefined;
}

/** What there is to look up for every clause of a sentence. */
interface Lexicon {
  index: readonly IndexedAction[];
  context: PlanningContext;
  /** Every name that the targets know. */
  known: ReadonlySet<string>;
  slips: Map<string, string | undefined>;
}

/**
 * A part without a verb goes on with the one before it: "remove the share papers and the share films" removes both, and
 * does not make a share films. What it would be by itself counts only where that is the same, changes nothing, or "then"
 * begins something new. Nor is "the share films" alone a request to make it.
 */
function readPart(
  lexicon: Lexicon,
  words: readonly Token[],
  before: readonly Token[],
  joint: readonly Token[],
): Known[] {
  const alone = readClause(lexicon, words);
  if (words.some(isVerbToken)) return alone;
  const isHarmless = alone.every(({ reading }) => reading.indexed.action.kind === "read");
  const isReference = /^(?:the|this|that|these|those|my|our)$/i.test(words[0]?.text ?? "");
  const verb = before.findLast(isVerbToken);
  if (verb === undefined) return isHarmless || !isReference ? alone : [];
  const continued = readClause(lexicon, [verb, ...words]);
  if (continued.length === 0) return isHarmless || joint.some(({ text }) => text === "then") ? alone : [];
  return alone.length === 0 || isReference || keysOf(alone) === keysOf(continued) ? continued : [];
}

/** The outcomes of a clause: one, or one for each name of a list; none where it is not understood. */
function readClause(lexicon: Lexicon, words: readonly Token[]): Known[] {
  const asItIs = readOrdered(lexicon, words);
  const mended = withoutSlips(lexicon.index, words, lexicon.known, lexicon.slips);
  if (mended === undefined) return asItIs;
  const read = readOrdered(lexicon, mended);
  if (asItIs.length === 0) return read;
  // Where a slip may have been a name as well, nobody can tell which it was.
  const isBoth = read.some((one) => one.kind === "read") && keysOf(read) !== keysOf(asItIs);
  return isBoth ? [] : asItIs;
}

function readOrdered(lexicon: Lexicon, words: readonly Token[]): Known[] {
  const direct = readListed(lexicon, words);
  if (direct.some((one) => one.kind === "read")) return direct;
  for (const order of otherOrders(words)) {
    const read = readListed(lexicon, order);
    // Words that were moved must come to something whole: they refuse nothing, and ask for nothing.
    if (read.length > 0 && read.every((one) => one.kind === "read" && isComplete(one, lexicon.context))) return read;
  }
  return direct;
}

function readListed(lexicon: Lexicon, words: readonly Token[]): Known[] {
  const { index, context, known } = lexicon;
  const plurals = pluralsOf(index, words);
  const whole = readWords(index, words, context);
  if (whole.kind !== "none") return takesOneOfMany(whole, plurals, context) ? [] : [whole];
  const outcomes: Known[] = [];
  for (const { item, words: one } of onceForEach(words, plurals.size > 0, known)) {
    // What the first one asks for is what all ask for.
    const asked = outcomes[0] === undefined ? index : [outcomes[0].reading.indexed];
    const outcome = readWords(asked, one, context);
    if (outcome.kind !== "read" || !isNameFor(outcome.reading, item, lexicon)) return [];
    outcomes.push(outcome);
  }
  return outcomes;
}

/** "The unused shares": one word where several things are meant is no name, unless there is a thing of that name. */
function takesOneOfMany(outcome: Known, plurals: ReadonlySet<string>, context: PlanningContext): boolean {
  const { indexed, variables } = outcome.reading;
  if (!indexed.required.some((name) => plurals.has(name)) && ![...indexed.objects].some((one) => plurals.has(one))) {
    return false;
  }
  return indexed.required.some((name) => {
    const value = variables[name];
    const kind = indexed.action.hints[name]?.choicesFrom;
    const isText = typeof value === "string" && /^\p{L}+$/u.test(value);
    return isText && (kind === undefined || !sharedFacts(context, kind).includes(value));
  });
}

/** True where an item of a list became a required value, and is not known as something else: "user carol and photos". */
function isNameFor({ indexed, variables }: ClauseReading, item: Token, lexicon: Lexicon): boolean {
  const lower = item.text.toLowerCase();
  const name = indexed.required.find((one) => String(variables[one]).toLowerCase() === lower);
  if (name === undefined) return false;
  if (lexicon.index.some((one) => one.bag.has(item.canon)) && item.kind === "word" && !lexicon.known.has(lower))
    return false;
  const kind = indexed.action.hints[name]?.choicesFrom;
  return !lexicon.known.has(lower) || kind === undefined || sharedFacts(lexicon.context, kind).includes(lower);
}

function isComplete({ reading }: Extract<Known, { kind: "read" }>, context: PlanningContext): boolean {
  return openVariables(reading, context) === 0;
}

function keysOf(outcomes: readonly Known[]): string {
  return JSON.stringify(outcomes.map(keyOf));
}

function readWords(all: readonly IndexedAction[], words: readonly Token[], context: PlanningContext): ClauseOutcome {
  const said = words.map(({ canon }) => canon);
  const index = all.filter((one) => one.isWordless || said.some((canon) => one.bag.has(canon)));
  const byExamples = index.flatMap((one) => readByExamples(one, words, context));
  if (byExamples.length > 0) return pick(byExamples, context, false);
  const byWords = index.flatMap((one) => readByWords(one, words, context) ?? []);
  const outcome = pick(byWords, context, true);
  if (outcome.kind === "none" || byWords.some(({ indexed }) => speaksForOther(all, indexed, words)))
    return { kind: "none" };
  return outcome;
}

/**
 * True where all the words that speak for an action speak for another one as well, which has no place for the value: "a
 * certificate authority for home" is not a certificate for the host home.
 */
function speaksForOther(index: readonly IndexedAction[], indexed: IndexedAction, words: readonly Token[]): boolean {
  const spoken = words.filter(
    ({ kind, class: of, canon }) => kind === "word" && of === "content" && indexed.bag.has(canon),
  );
  if (spoken.length < 2) return false;
  return index.some((other) => other !== indexed && spoken.every(({ canon }) => other.bag.has(canon)));
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
