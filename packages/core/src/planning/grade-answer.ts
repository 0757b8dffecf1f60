import type { Variables, VariableValue } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import { type ModelAnswer, modelAnswerSchema } from "@steward/contracts/job";
import type { Provenance } from "@steward/contracts/plan";
import { type IndexedAction, indexActions, nearestActions } from "./action-index.ts";
import { clausesOf } from "./clauses.ts";
import { checkSteps, questionFor, unknownThing, withDefaults } from "./complete-steps.ts";
import { gradeTable } from "./grade-table.ts";
import { knownNames } from "./coordination.ts";
import { doubtAbout } from "./doubts.ts";
import { type Evidence, evidenceOf } from "./evidence.ts";
import { groundValue, isAnnounced } from "./grounding.ts";
import { type JudgedStep, quote, type Request, speaksFor } from "./judged-step.ts";
import { type LeftOut, leftOut } from "./left-out.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";
import { glossed } from "./languages/languages.ts";
import { asksFavour, saysOther } from "./languages/signs.ts";
import { noActionFits } from "./refusals.ts";
import { whyNotPlain } from "./request-mood.ts";
import { screenInstruction } from "./screen-instruction.ts";
import { checkValue, hasTemplate, saysHowMany } from "./variable-values.ts";
import { withoutSlips } from "./slips.ts";
import { misplacedStep } from "./step-order.ts";

/** Judges a model's words. Nothing in them is believed: every value must come from somewhere that is not the model. */
export function gradeAnswer(raw: string, context: PlanningContext): Understanding {
  const screened = screenInstruction(context);
  if (screened !== undefined) return { kind: "refused", ...screened, grade: 1 };
  const index = indexActions(context.actions);
  const answer = parseAnswer(raw);
  const named = namesIn(answer, context);
  const evidence = evidenceOf(context.instruction, {
    names: knownNames(context),
    translate: glossed,
    mend: (tokens) => withoutSlips(index, tokens, named, new Map<string, string | undefined>()) ?? tokens,
  });
  const nearest = nearestActions(index, evidence.tokens);
  const unsure = (why: string, grade = 0): Understanding => ({ kind: "unsure", why, nearest, grade });
  const unusable = (why: string): Understanding => ({ kind: "unsure", why, nearest, grade: 0, form: true });

  if (answer === undefined) return unusable("The model did not answer in the form that was asked for.");
  if (answer.outOfScope) return { kind: "refused", ...noActionFits(nearest, context.actions), grade: 1 };
  if (answer.steps.length === 0) return unsure("The model proposed nothing.");
  if (answer.steps.length > defaults.maxSteps) return unusable("The model proposed too many steps.");
  if (evidence.allNegated) return unsure("The request says what should not be.");
  const notPlain =
    whyNotPlain(context.instruction, isRead(answer, index)) ??
    (evidence.isForeign ? whyNoOrder(context, answer, index) : undefined);
  if (notPlain !== undefined) return unsure(notPlain);

  const clauses = clausesOf(evidence.tokens, new Set(index.flatMap((one) => [...one.objects])));
  const judged: JudgedStep[] = [];
  for (const proposed of answer.steps) {
    const indexed = index.find((one) => one.action.id === proposed.action);
    if (indexed === undefined) return unusable(`The model proposed ${quote(proposed.action)}, which is no action.`);
    const step = judgeStep({ evidence, clauses }, indexed, proposed.variables, context);
    if (step.kind === "unsure") return step.form === true ? unusable(step.why) : unsure(step.why);
    if (step.kind === "refused") return { kind: "refused", message: step.message, next: [], grade: 1 };
    judged.push(step);
  }

  const misplaced = misplacedStep({ evidence, clauses }, judged, { ...context, index });
  if (misplaced !== undefined) return unsure(misplaced);
  const left = leftOut({ evidence, clauses }, judged, { ...context, index });
  if (left.asked !== undefined) return unsure(`The model left out ${quote(left.asked)}.`);
  const doubt = doubtAbout({ evidence, clauses }, judged, { ...context, index });
  if (doubt !== undefined) return unsure(doubt);
  if (left.spoken === 0) return unsure("Nothing in the request speaks for what the model proposed.");
  const grade = gradeOf(judged, left);
  if (grade < (isRead(answer, index) ? gradeTable.goodToLook : gradeTable.good))
    return unsure("The model's proposal covers too little of the request.", grade);

  const steps = judged.map((one) => one.step);
  for (const [at, { indexed, step }] of judged.entries()) {
    const unknown = unknownThing(context, indexed.action, step);
    if (unknown === undefined) continue;
    const { [unknown]: _value, ...variables } = step.variables;
    const { [unknown]: _source, ...provenance } = step.provenance;
    const question = questionFor(context, indexed.action, at, unknown);
    return { kind: "question", question, steps: steps.with(at, { ...step, variables, provenance }), grade };
  }
  const completion = checkSteps(context, steps);
  switch (completion.kind) {
    case "complete":
      return { kind: "plan", steps, grade };
    case "missing":
      return { kind: "question", question: completion.question, steps, grade };
    case "invalid":
      return unsure(`${completion.variable} ${completion.message}`, grade);
  }
}

/** What the model's values and the targets' things are called: no slip of another word. */
function namesIn(answer: ModelAnswer | undefined, context: PlanningContext): Set<string> {
  const values = (answer?.steps ?? []).flatMap(({ variables }) => Object.values(variables).flat().map(String));
  return new Set([
    ...[...values, ...knownNames(context)].flatMap((name) => name.toLowerCase().split(/\s+/)),
    ...context.targets.flatMap(({ name }) => name.toLowerCase()),
  ]);
}

/** True where what is proposed changes nothing. */
function isRead({ steps }: ModelAnswer, index: readonly IndexedAction[]): boolean {
  return steps.every((step) => index.some(({ action }) => action.id === step.action && action.kind === "read"));
}

/** Why a request in another language than English is no order. */
function whyNoOrder(
  { instruction }: PlanningContext,
  answer: ModelAnswer,
  index: readonly IndexedAction[],
): string | undefined {
  if (saysOther(instruction) !== undefined) return "It is not said that it should be done.";
  return !isRead(answer, index) && /[?¿]/.test(instruction) && !asksFavour(instruction)
    ? "It is a question, and what is proposed changes something."
    : undefined;
}

function parseAnswer(raw: string): ModelAnswer | undefined {
  // The space around what is fenced is JSON's to pass over: a pattern for it would try every run of spaces.
  const text = raw.trim().replace(/^```(?:json)?([\s\S]*)```$/, "$1");
  try {
    const parsed = modelAnswerSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Prose is an expected answer of a small model; it says nothing that could be used.
    return undefined;
  }
}

function judgeStep(
  request: Request,
  indexed: IndexedAction,
  proposed: Variables,
  context: PlanningContext,
): JudgedStep | { kind: "unsure"; why: string; form?: true } | { kind: "refused"; message: string } {
  const { action } = indexed;
  const { evidence } = request;
  const mayUse = (at: number) => speaksFor(request, indexed, at);
  const variables: Record<string, VariableValue> = {};
  const provenance: Record<string, Provenance> = {};
  const tokens: number[] = [];
  const places = new Map<string, number>();
  const mentioned = new Set(evidence.tokens.map((token) => token.text.toLowerCase()));
  for (const [name, value] of Object.entries(proposed)) {
    const shape = indexed.shapes.get(name);
    if (shape === undefined) return { kind: "unsure", why: `${action.id} has no variable ${quote(name)}.`, form: true };
    if (saysHowMany(shape, value)) return { kind: "unsure", why: `The model took a word for how many as ${name}.` };
    if (hasTemplate(value)) return { kind: "unsure", why: `The model put template syntax into ${name}.` };
    // Small models fill in what they need not; empty means that nothing was named.
    if (value === "" || value === false || (Array.isArray(value) && value.length === 0)) continue;
    const reading = checkValue(action, name, value);
    if (!reading.ok) {
      const isSaid = typeof value === "string" && mentioned.has(value.toLowerCase());
      if (isSaid)
        return { kind: "refused", message: `${action.title}: ${name} ${quote(String(value))} ${reading.message}.` };
      if (!indexed.required.includes(name))
        return { kind: "unsure", why: `The model made up ${name}, and it is not valid.` };
      continue;
    }
    const { [name]: _own, ...others } = proposed;
    const assumed = withDefaults(action, others, context.targets)[name];
    const ground = groundValue(evidence, indexed, name, reading.value, { context, assumed, mayUse });
    if (ground === undefined) {
      // A required value is asked for instead; an optional one shows that the model adds what nobody said.
      if (!indexed.required.includes(name)) return { kind: "unsure", why: `The model made up ${name}.` };
      continue;
    }
    variables[name] = reading.value;
    provenance[name] = ground.provenance;
    tokens.push(...ground.tokens);
    if (ground.tokens[0] !== undefined) places.set(name, ground.tokens[0]);
  }
  const either = interchangeable(evidence, indexed, variables, { context, places });
  if (either !== undefined) return { kind: "unsure", why: `Nothing tells ${either[0]} from ${either[1]}.` };
  return { kind: "judged", indexed, step: { action: action.id, variables, provenance }, tokens };
}

/** Two values that could be each other's, where no word before either says whose it is: who gets the mail of whom? */
function interchangeable(
  evidence: Evidence,
  indexed: IndexedAction,
  variables: Record<string, VariableValue>,
  { context, places }: { context: PlanningContext; places: ReadonlyMap<string, number> },
): [string, string] | undefined {
  const known = { evidence, indexed, context };
  const { action } = indexed;
  const names = [...places.keys()].filter((name) => typeof variables[name] === "string");
  for (const one of names) {
    for (const other of names) {
      if (one >= other) continue;
      const fits = checkValue(action, one, variables[other]).ok && checkValue(action, other, variables[one]).ok;
      const follows =
        followsChoice(indexed, evidence, places, { one, other }) ||
        followsChoice(indexed, evidence, places, { one: other, other: one });
      const isTold =
        follows ||
        isAnnounced(known, places.get(one) ?? 0, one, other) ||
        isAnnounced(known, places.get(other) ?? 0, other, one);
      if (fits && !isTold) return [one, other];
    }
  }
  return undefined;
}

/** The one that comes right after a word of a few, as it does in the examples and the other never does: "A nas", "CNAME www". */
function followsChoice(
  { shapes, templates }: IndexedAction,
  { tokens }: Evidence,
  places: ReadonlyMap<string, number>,
  { one, other }: { one: string; other: string },
): boolean {
  const before = (places.get(one) ?? 0) - 1;
  const choice = [...places].find(([name, at]) => at === before && shapes.get(name)?.type === "choice")?.[0];
  if (choice === undefined || tokens[before] === undefined) return false;
  const slots = templates.map(({ items }) => items.flatMap((item) => (item.kind === "slot" ? [item.name] : [])));
  const goOn = (first: string, second: string) =>
    slots.some((names) =>
      names.some((slot, at) => slot === choice && names[at + 1] === first && names.slice(at + 2).includes(second)),
    );
  return goOn(one, other) && !goOn(other, one);
}

function gradeOf(judged: readonly JudgedStep[], left: LeftOut): number {
  const { parts, firmness } = gradeTable;
  const sources = judged.flatMap((one) => Object.values(one.step.provenance).map(({ source }) => firmness[source]));
  const grounding = sources.length === 0 ? 1 : sources.reduce((sum, one) => sum + one, 0) / sources.length;
  const completeness = left.content === 0 ? 0 : left.accounted / left.content;
  const grade = parts.schema + parts.grounding * grounding + parts.completeness * completeness;
  return Math.round(grade * 1000) / 1000;
}
