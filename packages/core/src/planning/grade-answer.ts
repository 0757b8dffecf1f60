import type { Variables, VariableValue } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import { type ModelAnswer, modelAnswerSchema } from "@steward/contracts/job";
import type { Provenance } from "@steward/contracts/plan";
import type { GroundedStep } from "../task/task-state.ts";
import { type IndexedAction, indexActions, nearestActions } from "./action-index.ts";
import { asksFor, type Clause, clausesOf, setsUp } from "./clauses.ts";
import { checkSteps, questionFor, unknownThing, withDefaults } from "./complete-steps.ts";
import { gradeTable } from "./grade-table.ts";
import { doubtAbout } from "./doubts.ts";
import { type Evidence, evidenceOf, groundValue, isAnnounced } from "./grounding.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";
import { asksFavour, saysOther } from "./languages/languages.ts";
import { isNumberWord } from "./quantity.ts";
import { unitOf } from "./units.ts";
import { noActionFits } from "./refusals.ts";
import { whyNotPlain } from "./request-mood.ts";
import { screenInstruction } from "./screen-instruction.ts";
import { checkValue, hasTemplate, saysHowMany } from "./variable-values.ts";
import { withoutSlips } from "./slips.ts";
import { isGeneric, isNaming, isVerb, type Token, wordOf } from "./words.ts";

/** Judges a model's words. Nothing in them is believed: every value must come from somewhere that is not the model. */
export function gradeAnswer(raw: string, context: PlanningContext): Understanding {
  const screened = screenInstruction(context);
  if (screened !== undefined) return { kind: "refused", ...screened, grade: 1 };
  const index = indexActions(context.actions);
  const answer = parseAnswer(raw);
  const named = namesIn(answer, context);
  const evidence = evidenceOf(
    context.instruction,
    (tokens) => withoutSlips(index, tokens, named, new Map<string, string | undefined>()) ?? tokens,
  );
  const nearest = nearestActions(index, evidence.tokens);
  const unsure = (why: string, grade = 0): Understanding => ({ kind: "unsure", why, nearest, grade });
  const unusable = (why: string): Understanding => ({ kind: "unsure", why, nearest, grade: 0, form: true });

  if (answer === undefined) return unusable("The model did not answer in the form that was asked for.");
  if (answer.outOfScope) return { kind: "refused", ...noActionFits(nearest, context.actions), grade: 1 };
  if (answer.steps.length === 0) return unsure("The model proposed nothing.");
  if (answer.steps.length > defaults.maxSteps) return unusable("The model proposed too many steps.");
  if (evidence.allNegated) return unsure("The request says what should not be.");
  const notPlain = whyNotPlain(context.instruction) ?? (evidence.isForeign ? whyNoOrder(context, answer, index) : undefined);
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

  const misplaced = misplacedStep({ evidence, clauses }, judged, context);
  if (misplaced !== undefined) return unsure(misplaced);
  const left = leftOut({ evidence, clauses }, judged, { ...context, index });
  if (left.asked !== undefined) return unsure(`The model left out ${quote(left.asked)}.`);
  const doubt = doubtAbout(evidence, judged, { ...context, index });
  if (doubt !== undefined) return unsure(doubt);
  if (left.spoken === 0) return unsure("Nothing in the request speaks for what the model proposed.");
  const grade = gradeOf(judged, left);
  if (grade < gradeTable.good) return unsure("The model's proposal covers too little of the request.", grade);

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
function namesIn(answer: ModelAnswer | undefined, { targets }: PlanningContext): Set<string> {
  const values = (answer?.steps ?? []).flatMap(({ variables }) => Object.values(variables).flat().map(String));
  return new Set([
    ...[...values, ...namesOf(targets)].flatMap((name) => name.toLowerCase().split(/\s+/)),
    ...targets.flatMap(({ name }) => name.toLowerCase()),
  ]);
}

/** Whatever the targets have that has a name. */
function namesOf(targets: PlanningContext["targets"]): Set<string> {
  return new Set(
    targets.flatMap(({ facts }) =>
      [
        facts.users,
        facts.groups,
        facts.shares,
        facts.services,
        facts.domains,
        facts.mailDomains,
        facts.mailboxes,
      ].flatMap((list) => list ?? []),
    ),
  );
}

/** Why a request in another language than English is no order. */
function whyNoOrder(
  { instruction }: PlanningContext,
  { steps }: ModelAnswer,
  index: readonly IndexedAction[],
): string | undefined {
  if (saysOther(instruction) !== undefined) return "It is not said that it should be done.";
  const changes = steps.some((step) => index.some(({ action }) => action.id === step.action && action.kind !== "read"));
  return changes && /[?¿]/.test(instruction) && !asksFavour(instruction)
    ? "It is a question, and what is proposed changes something."
    : undefined;
}

function parseAnswer(raw: string): ModelAnswer | undefined {
  const text = raw.trim().replace(/^```(?:json)?\s*([\s\S]*?)\s*```$/, "$1");
  try {
    const parsed = modelAnswerSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Prose is an expected answer of a small model; it says nothing that could be used.
    return undefined;
  }
}

interface JudgedStep {
  kind: "judged";
  indexed: IndexedAction;
  step: GroundedStep;
  /** Places of the tokens that ground its values. */
  tokens: number[];
}

/** The request: its words, and the parts in which something is asked for. */
interface Request {
  evidence: Evidence;
  clauses: readonly Clause[];
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
      const isTold =
        isAnnounced(known, places.get(one) ?? 0, one, other) || isAnnounced(known, places.get(other) ?? 0, other, one);
      if (fits && !isTold) return [one, other];
    }
  }
  return undefined;
}

/** The parts of the request that ask for an action; what is said not to be asks for nothing. */
function askedIn({ evidence, clauses }: Request, indexed: IndexedAction, values: readonly number[]): Clause[] {
  const words = new Set(values.flatMap((at) => evidence.tokens[at]?.canon ?? []));
  const isAsked = (clause: Clause) =>
    evidence.negated[clause.from] !== true && (indexed.action.kind === "read" || !clause.isQuestion);
  return clauses.filter((clause) => isAsked(clause) && asksFor(clause, indexed, words));
}

/** A value is said where its action is asked for, or in a part before, to which that one refers: "… and give her a share". */
function speaksFor(request: Request, indexed: IndexedAction, at: number): boolean {
  return askedIn(request, indexed, [at]).some(
    (clause) => (clause.from <= at && at < clause.to) || (clause.refersBack && at < clause.from),
  );
}

/** After these the order of the words is not the order of what is asked for, or may not be. */
const turnsOrder = new Set(["before", "after", "once", "until", "unless"]);

/** "Update the packages; reboot after that" is in the order in which it is said. */
function isAfterThat(tokens: readonly Token[], at: number): boolean {
  const [one, next] = [tokens[at], tokens[at + 1]];
  return one !== undefined && next !== undefined && /^after (?:that|this)$/.test(`${wordOf(one)} ${wordOf(next)}`);
}

/**
 * Why a step stands where it must not: nothing asks for it, it is there twice, or it comes before one that was asked for
 * earlier.
 */
function misplacedStep(request: Request, judged: readonly JudgedStep[], context: PlanningContext): string | undefined {
  if (judged.length > 1 && request.evidence.tokens.some((token, at, all) => turnsOrder.has(wordOf(token)) && !isAfterThat(all, at)))
    return "The request says which comes first in a way that is easily taken the wrong way round.";
  const seen = new Set<string>();
  // What names something asks for what is done to that, and not for something else besides.
  const holds = ({ from, to }: Clause, tokens: readonly number[]) => tokens.some((at) => from <= at && at < to);
  const named = request.clauses.filter((clause) =>
    judged.some(
      ({ indexed, tokens }) =>
        holds(clause, tokens) ||
        (clause.refersBack && tokens.length > 0 && askedIn(request, indexed, tokens).includes(clause)),
    ),
  );
  const taken = new Set<Clause>(named);
  let block = 0;
  for (const { indexed, step, tokens } of judged) {
    const asked = askedIn(request, indexed, tokens);
    const own = asked.filter((clause) => holds(clause, tokens));
    // A part that names nothing asks for one thing: "how full is the disk" is not the machine's facts besides.
    const free =
      tokens.length > 0
        ? asked
        : asked.filter((clause) => !taken.has(clause) || (named.includes(clause) && saysObject(clause, indexed)));
    if (tokens.length === 0 && free[0] !== undefined) taken.add(free[0]);
    const blocks = (own.length > 0 ? own : free).map((clause) => clause.block);
    if (blocks.length === 0) return `Nothing in the request asks for ${quote(indexed.action.title)}.`;
    const namesake = own.length === 0 ? free[0] : own[0];
    const other = namesake === undefined ? undefined : closerNamesake(namesake, indexed, context);
    if (other !== undefined) return `What is asked for is closer to ${quote(other.action.title)}.`;
    const next = blocks.filter((one) => one >= block);
    if (next.length === 0) return "The model's steps are in another order than they were asked for.";
    block = Math.min(...next);
    const rival = judged.find((one) => one.step !== step && isOneAsked(own, { indexed, tokens }, one));
    // "Add kim and give her a share" asks for two things with one name.
    if (rival !== undefined && !request.clauses.some(({ refersBack }) => refersBack)) return "The model proposed two things where one is asked for.";
    const isCrossed = judged.some(
      (one) => one.step !== step && one.indexed === indexed && own.filter((clause) => holds(clause, one.tokens)).length > 1,
    );
    if (isCrossed && own.length > 1) return "The values of two steps are taken from each other's parts of the request.";
    const known = withDefaults(indexed.action, step.variables, context.targets);
    // What it is done to, and which kind of it: TCP and UDP of one port are two.
    const names = [...indexed.shapes.values()].filter((shape) => shape.required || shape.type === "choice");
    const same = JSON.stringify([step.action, names.map(({ name }) => known[name])]);
    if (seen.has(same)) return "The model proposed the same step twice.";
    seen.add(same);
  }
  return undefined;
}

/** True where one verb and one thing to do it with stand for two steps: "restart bob's mail" is not two of his services. */
function isOneAsked(
  own: readonly Clause[],
  one: Pick<JudgedStep, "indexed" | "tokens">,
  other: Pick<JudgedStep, "indexed" | "tokens">,
): boolean {
  const [clause] = own;
  const isSame = one.tokens.length > 0 && JSON.stringify(one.tokens) === JSON.stringify(other.tokens);
  if (!isSame || clause === undefined || own.length > 1 || clause.verbs.size > 1) return false;
  return !(saysObject(clause, one.indexed) && saysObject(clause, other.indexed)) || clause.objects.size < 2;
}

function saysObject({ objects }: Clause, indexed: IndexedAction): boolean {
  return objects.has([...indexed.objects].at(-1) ?? "");
}

/**
 * What is done likewise to another kind of thing, where the words say that one, or no kind at all and it is a person's:
 * a password is the user's unless the file server's is asked for.
 */
function closerNamesake(
  { words }: Clause,
  indexed: IndexedAction,
  { actions }: PlanningContext,
): IndexedAction | undefined {
  const tail = (id: string) => id.slice(id.indexOf(".") + 1);
  const { id } = indexed.action;
  const says = (one: IndexedAction, not: IndexedAction) =>
    [...words].filter((word) => one.bag.has(word) && !not.bag.has(word)).length;
  return indexActions(actions).find((other) => {
    if (other === indexed || !id.includes(".") || tail(other.action.id) !== tail(id)) return false;
    const [own, others] = [says(indexed, other), says(other, indexed)];
    const domain = other.action.id.slice(0, other.action.id.indexOf("."));
    const isOfPeople = other.required.some((name) => other.action.hints[name]?.choicesFrom === domain);
    const isSameKind = other.required.every((name) => indexed.required.includes(name));
    return isSameKind && (others > own || (own === 0 && isOfPeople));
  });
}

interface LeftOut {
  /** Something that was asked for and that no step has. */
  asked: string | undefined;
  /** Words that speak for one of the actions. */
  spoken: number;
  accounted: number;
  content: number;
}

/**
 * What reads as a value or as "how many" wherever it stands: anything but plain letters, whom it is about in general,
 * and the rights of an administrator.
 */
const looksNamed =
  /[^\p{L}'’-]|^-|^(?:all|every|everyone|everybody|everything|any|each|root|sudo|admin|administrator)$/iu;

const subjects = new Set(["he", "she", "they"]);
const machines = new Set(["machine", "server", "system", "host"]);

/** What of the instruction the steps do not account for. */
function leftOut(
  { evidence, clauses }: Request,
  judged: readonly JudgedStep[],
  context: PlanningContext & { index: readonly IndexedAction[] },
): LeftOut {
  const used = new Set(judged.flatMap((one) => one.tokens));
  const textAt = (at: number) => evidence.tokens[at]?.text.toLowerCase() ?? "";
  // Said twice is one value: "nginx hangs, restart nginx".
  const usedTexts = new Set([...used].map(textAt));
  const bare = clauses.filter((clause) => isBare(evidence, clause, judged));
  const targets = new Set(context.targets.flatMap((target) => [target.name.toLowerCase(), target.id]));
  const names = namesOf(context.targets);
  const cues = new Set(judged.flatMap((one) => [...one.indexed.cues.values()].flatMap((words) => [...words])));
  const count: LeftOut = { asked: undefined, spoken: 0, accounted: 0, content: 0 };
  evidence.tokens.forEach((token, at) => {
    if (token.class !== "content" || evidence.negated[at]) return;
    if (subjects.has(wordOf(token))) return;
    // On which machine is said by the targets.
    if (machines.has(token.canon) && !judged.some((one) => one.indexed.bag.has(token.canon))) return;
    // What follows "named" is counted by itself.
    const next = evidence.tokens[at + 1];
    if (isNaming(wordOf(token)) && next !== undefined && used.has(at + 1)) return;
    count.content += 1;
    const speaksForAction = token.kind === "word" && (judged.some((one) => one.indexed.bag.has(token.canon)) ||
        isSetUp({ evidence, clauses }, at, judged));
    if (speaksForAction) count.spoken += 1;
    // "To the groups media and users": it is one more of what was taken, whatever else the word may mean.
    const isOneMore =
      !used.has(at) && !isVerb(token.canon) && isAlone(evidence, at) && isListedWith(evidence, at, used);
    if (isOneMore) {
      count.asked ??= token.text;
      return;
    }
    if (usedTexts.has(textAt(at)) || speaksForAction || targets.has(textAt(at))) {
      count.accounted += 1;
      return;
    }
    const before = previous(evidence, at);
    const isNamed =
      before?.class === "content" &&
      (isNaming(wordOf(before)) || cues.has(before.canon)) &&
      !isGeneric(wordOf(token)) &&
      !isGeneric(token.canon);
    const isAsked =
      token.kind === "quoted" ||
      (isVerb(token.canon) && !isSetUp({ evidence, clauses }, at, judged)) ||
      names.has(textAt(at)) ||
      (!isGeneric(wordOf(token)) && bare.some(({ from, to }) => from <= at && at < to)) ||
      // "Share" asks for something to do with shares, also where only a user is added.
      (!isGeneric(wordOf(token)) && context.index.some((one) => one.objects.has(token.canon))) ||
      isNamed ||
      looksNamed.test(wordOf(token)) ||
      // "Of one gigabyte", "valid ninety days".
      (isNumberWord(wordOf(token)) && unitOf(wordOf(evidence.tokens[at + 1] ?? token)) !== undefined) ||
      (at > 0 && token.gloss === undefined && /^\p{Lu}/u.test(token.text)) ||
      // A word of another language that nobody knows may say anything.
      (evidence.isForeign && token.gloss === undefined) ||
      isListedWith(evidence, at, used);
    if (isAsked) count.asked ??= token.text;
  });
  return count;
}

/**
 * A part in which nothing but the verb speaks for the step that takes its value from there. Then each of its words counts:
 * "add salt to the soup" is no user.
 */
function isBare(evidence: Evidence, { from, to, inherits }: Clause, judged: readonly JudgedStep[]): boolean {
  const here = judged.filter(({ tokens }) => tokens.some((at) => from <= at && at < to));
  const speaks = ({ indexed, tokens }: JudgedStep) =>
    evidence.tokens.some(
      (token, at) =>
        from <= at && at < to && !tokens.includes(at) && !isVerb(token.canon) && indexed.bag.has(token.canon),
    );
  return !inherits && here.length > 0 && !here.some(speaks);
}

/** True for the "set up" of something that is added. */
function isSetUp({ evidence, clauses }: Request, at: number, judged: readonly JudgedStep[]): boolean {
  const clause = clauses.find(({ from, to }) => from <= at && at < to);
  return (
    evidence.tokens[at]?.canon === "setup" &&
    clause !== undefined &&
    judged.some(({ indexed }) => setsUp(clause, indexed))
  );
}

/** True for a word that is all there is between two breaks. */
function isAlone({ tokens }: Evidence, at: number): boolean {
  const isBreak = (place: number, step: 1 | -1): boolean => {
    const token = tokens[place];
    if (token === undefined || token.kind === "separator") return true;
    return token.class === "free" && isBreak(place + step, step);
  };
  return isBreak(at - 1, -1) && isBreak(at + 1, 1);
}

/** True for a word that "and" or a comma joins to one that was taken: "for anna and bob", of which only anna was. */
function isListedWith({ tokens }: Evidence, at: number, used: ReadonlySet<number>): boolean {
  const joins = (middle: number, step: 1 | -1): boolean => {
    const token = tokens[middle];
    if (token?.kind !== "separator" || token.text === ".") return false;
    // ", and".
    return tokens[middle + step]?.kind === "separator" ? joins(middle + step, step) : used.has(middle + step);
  };
  return joins(at - 1, -1) || joins(at + 1, 1);
}

function previous({ tokens }: Evidence, at: number) {
  for (let before = at - 1; before >= 0; before -= 1) if (tokens[before]?.class !== "free") return tokens[before];
  return undefined;
}

function gradeOf(judged: readonly JudgedStep[], left: LeftOut): number {
  const { parts, firmness } = gradeTable;
  const sources = judged.flatMap((one) => Object.values(one.step.provenance).map(({ source }) => firmness[source]));
  const grounding = sources.length === 0 ? 1 : sources.reduce((sum, one) => sum + one, 0) / sources.length;
  const completeness = left.content === 0 ? 0 : left.accounted / left.content;
  const grade = parts.schema + parts.grounding * grounding + parts.completeness * completeness;
  return Math.round(grade * 1000) / 1000;
}

function quote(text: string): string {
  return `"${text.slice(0, 60)}"`;
}
