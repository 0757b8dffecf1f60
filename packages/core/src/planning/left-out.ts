import { domainOf, type IndexedAction } from "./action-index.ts";
import { type Clause, setsUp } from "./clauses.ts";
import { knownNames } from "./coordination.ts";
import type { Evidence } from "./evidence.ts";
import type { JudgedStep, Request } from "./judged-step.ts";
import type { PlanningContext } from "./planning-types.ts";
import { isNumberWord } from "./quantity.ts";
import { isAfterThat } from "./step-order.ts";
import { unitOf } from "./units.ts";
import { canonOf, isGeneric, isNaming, isVerb, type Token, wordOf } from "./words.ts";

export interface LeftOut {
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

/** Turns what a verb means: "power off" is no "power". */
const particles = new Set(["off", "down", "away", "over"]);
/** Whom it is for, where nothing takes that: "open port 80 for the guests" is not for all. */
const people = new Set(
  "guest visitor kid child children family staff team customer client colleague friend neighbour neighbor public".split(
    " ",
  ),
);

const subjects = new Set(["he", "she", "they"]);
/** Before a machine: not one of the targets, as far as anybody can tell. */
const elsewhere = new Set(["other", "another", "second", "third", "next", "previous", "old", "older", "wrong"]);
const machines = new Set(["machine", "server", "system", "host"]);

/** What of the instruction the steps do not account for. */
export function leftOut(
  { evidence, clauses }: Request,
  judged: readonly JudgedStep[],
  context: PlanningContext & { index: readonly IndexedAction[] },
): LeftOut {
  const used = new Set(judged.flatMap((one) => one.tokens));
  const textAt = (at: number) => evidence.tokens[at]?.text.toLowerCase() ?? "";
  // Said twice is one value: "nginx hangs, restart nginx".
  const usedTexts = new Set([...used].map(textAt).flatMap((text) => [text, ...text.split("@").slice(0, 1)]));
  const bare = clauses.filter(
    (clause, at) => isBare(evidence, clause, judged) && !isReason(evidence, clause, clauses[at + 1], judged),
  );
  const targets = new Set(context.targets.flatMap((target) => [target.name.toLowerCase(), target.id]));
  const names = knownNames(context);
  const cues = new Set(judged.flatMap((one) => [...one.indexed.cues.values()].flatMap((words) => [...words])));
  // Who only looks at everything does nothing to it.
  const onlyLooks = judged.every(({ indexed }) => indexed.action.kind === "read");
  const speaks = ({ canon }: Token) => judged.some(({ indexed }) => indexed.bag.has(canon));
  const partOf = (at: number) => {
    const part = clauses.find(({ from, to }) => from <= at && at < to);
    return part === undefined
      ? []
      : evidence.tokens.slice(part.from, part.to).map((one, k) => [one, part.from + k] as const);
  };
  const reasonsFor = clauses.filter(
    (clause, at) => isStatement(evidence, clause, used) && isReason(evidence, clause, clauses[at + 1], judged),
  );
  const count: LeftOut = { asked: undefined, spoken: 0, accounted: 0, content: 0 };
  evidence.tokens.forEach((token, at) => {
    if (token.class !== "content" || evidence.negated[at]) return;
    if (subjects.has(wordOf(token))) return;
    if (isAfterThat(evidence.tokens, at)) return;
    // On which machine is said by the targets.
    if (elsewhere.has(wordOf(token)) && machines.has(evidence.tokens[at + 1]?.canon ?? "")) count.asked ??= token.text;
    if (machines.has(token.canon) && !speaks(token)) return;
    // What follows "named" is counted by itself, and so is what "type" announces.
    const isVariable = judged.some(
      ({ indexed, tokens }) => tokens.includes(at + 1) && isNameOfVariable(indexed, token),
    );
    if (used.has(at + 1) && (isNaming(wordOf(token)) || (isVariable && !speaks(token)))) return;
    count.content += 1;
    const speaksForAction = token.kind === "word" && (speaks(token) || isSetUp({ evidence, clauses }, at, judged));
    if (speaksForAction) count.spoken += 1;
    // "To the groups media and users": it is one more of what was taken, whatever else the word may mean.
    const isOneMore =
      !used.has(at) &&
      !isVerb(token.canon) &&
      !isOfSome(evidence, at) &&
      isAlone(evidence, at) &&
      isListedWith(evidence, at, used);
    if (isOneMore && !isApposed(evidence, at, used)) {
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
      (looksNamed.test(wordOf(token)) && !(onlyLooks && isGeneric(wordOf(token)))) ||
      // "Of one gigabyte", "valid ninety days".
      (isNumberWord(wordOf(token)) && unitOf(wordOf(evidence.tokens[at + 1] ?? token)) !== undefined) ||
      (at > 0 && token.gloss === undefined && /^\p{Lu}/u.test(token.text)) ||
      // A word of another language that nobody knows may say anything.
      (evidence.isForeign && token.gloss === undefined) ||
      (isListedWith(evidence, at, used) && !/^(?:only|just)$/.test(wordOf(token)) && !isApposed(evidence, at, used)) ||
      (!partOf(at).some(([one, place]) => speaks(one) || used.has(place)) && isOtherOrder({ evidence, clauses }, at)) ||
      unitOf(wordOf(token)) !== undefined ||
      (particles.has(wordOf(token)) && partOf(at).some(([one]) => speaks(one))) ||
      (people.has(token.canon) && !used.has(at + 1) && wordOf(previous(evidence, at) ?? token) === "for") ||
      (!onlyLooks &&
        !isGeneric(wordOf(token)) &&
        !isOfDomain(token, judged, context.index) &&
        isSaidOfIt({ evidence, clauses }, at, judged));
    if (isAsked) count.asked ??= token.text;
    // Why it should be done need not be understood where the order comes after it.
    else if (reasonsFor.some(({ from, to }) => from <= at && at < to)) count.content -= 1;
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

/** "Forget the rest and …": a verb that nobody knows, before what it is done to, in a part where nothing else is known. */
function isOtherOrder({ evidence: { tokens }, clauses }: Request, at: number): boolean {
  const clause = clauses.find(({ from, to }) => from <= at && at < to);
  const [first] = tokens
    .entries()
    .filter(([k, { class: one }]) => k >= (clause?.from ?? 0) && one !== "free")
    .map(([k]) => k);
  const next = tokens[at + 1];
  return (
    first === at &&
    next !== undefined &&
    /^(?:the|an?|my|our|your|his|her|its|their|it|all|every|this|that|these|those)$/.test(wordOf(next))
  );
}

const starters = /^(?:i|we|he|she|it|they|there|the|this|that|my|our|his|her|their|an?)$/;

/** It begins with whom or what it is about, and not with a verb that nobody knows: "forget it and …". */
function isStatement({ tokens }: Evidence, { from, to }: Clause, used: ReadonlySet<number>): boolean {
  const [first] = tokens.slice(from, to);
  const isJoined = tokens[to]?.kind === "separator" && !/^(?:and|&|plus|then|but)$/.test(tokens[to]?.text ?? "");
  return isJoined && first !== undefined && (used.has(from) || starters.test(wordOf(first)));
}

/** "Mia lost her laptop, lock her account": why, before a part that says what should be done and to whom. */
function isReason(
  { tokens }: Evidence,
  clause: Clause,
  next: Clause | undefined,
  judged: readonly JudgedStep[],
): boolean {
  const hasVerb = ({ from, to }: Clause) =>
    tokens.slice(from, to).some(({ kind, class: one, canon }) => kind === "word" && one === "content" && isVerb(canon));
  if (next === undefined || hasVerb(clause) || !hasVerb(next)) return false;
  return tokens
    .slice(next.from, next.to)
    .some(
      (token) =>
        /^(?:him|her|them|his|their|he|she|they)$/.test(wordOf(token)) ||
        (token.class === "content" &&
          !isVerb(token.canon) &&
          judged.some(({ indexed }) => indexed.bag.has(token.canon))),
    );
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

function isNameOfVariable({ shapes }: IndexedAction, { canon }: Pick<Token, "canon">): boolean {
  return [...shapes.keys()].some((name) => canonOf(name) === canon);
}

/** A word for what the actions of a domain are about, though not this one's own: "the network folder music" is a share. */
function isOfDomain({ canon }: Token, judged: readonly JudgedStep[], index: readonly IndexedAction[]): boolean {
  const domains = new Set(judged.map(({ indexed }) => domainOf(indexed)));
  return (
    judged.some(({ indexed }) => isNameOfVariable(indexed, { canon })) ||
    index.some((one) => domains.has(domainOf(one)) && one.bag.has(canon))
  );
}

/** What says why or for whom, and not what: nothing behind it is about how it should be done. */
const reasons = new Set(["because", "since", "so", "who", "which", "that", "for"]);

/**
 * After the verb every word says what should be done, or how: "lock mia temporarily" is not to lock her. And whatever comes
 * after a "but" makes it less.
 */
function isSaidOfIt({ evidence: { tokens }, clauses }: Request, at: number, judged: readonly JudgedStep[]): boolean {
  const clause = clauses.find(({ from, to }) => from <= at && at < to);
  if (clause === undefined) return false;
  if (tokens[clause.from - 1]?.text === "but") return true;
  const words = tokens.slice(clause.from, at).filter(({ kind }) => kind === "word");
  const verb = words.findIndex(({ canon }) => isVerb(canon) || judged.some(({ indexed }) => indexed.leads.has(canon)));
  return verb !== -1 && !words.slice(verb).some((word) => reasons.has(wordOf(word)));
}

/** "A new colleague, tobias": who is described so has no name by it. */
function isOfSome({ tokens }: Evidence, at: number): boolean {
  const start = tokens.slice(0, at).findLastIndex((token) => token.class !== "free");
  return tokens.slice(start + 1, at).some((token) => /^an?$/.test(wordOf(token)));
}

/** "For the new trainee, jana": who that is comes after it. */
function isApposed({ tokens }: Evidence, at: number, used: ReadonlySet<number>): boolean {
  const start = tokens.slice(0, at).findLastIndex((token) => token.class !== "free");
  const isDescribed = tokens.slice(start + 1, at).some((token) => /^(?:an?|the|my|our)$/.test(wordOf(token)));
  return isDescribed && tokens[at + 1]?.text === "," && used.has(at + 2);
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
