import type { IndexedAction } from "./action-index.ts";
import { domainOf, flagPhrases } from "./action-index.ts";
import { sharedFacts, thingToChange } from "./complete-steps.ts";
import type { Evidence } from "./evidence.ts";
import { askedIn, type Request } from "./judged-step.ts";
import type { PlanningContext } from "./planning-types.ts";
import type { GroundedStep } from "../task/task-state.ts";
import { canonOf, classOf, isGeneric, isNaming, isVerb, verbOfParticiple, wordOf } from "./words.ts";

interface Proposed {
  indexed: IndexedAction;
  step: GroundedStep;
  /** Places of the tokens that ground its values. */
  tokens: readonly number[];
}

/**
 * Why the words may mean another action than the one that is proposed, although they speak for it. Held against a model that
 * picks what it likes: "lokc user kim" has the word "user" for whatever can be done to one.
 */
export function doubtAbout(
  request: Request,
  steps: readonly Proposed[],
  context: PlanningContext & { index: readonly IndexedAction[] },
): string | undefined {
  const { evidence } = request;
  const values = new Set(steps.flatMap(({ tokens }) => tokens));
  if (steps.some(({ indexed }) => indexed.action.kind !== "read") && isTold(evidence, steps))
    return "It tells what is so, or what somebody else does.";
  for (const { indexed, step, tokens } of steps) {
    const words = steps.length === 1 ? evidence.tokens.keys().toArray() : wordsFor(request, indexed, tokens);
    const own = ownVerbOfOther(evidence, { indexed, step }, { values, words }, context);
    if (own !== undefined) return `What is asked for is closer to ${own.action.title}.`;
    const there = thingToChange(context, step);
    if (there !== undefined) return `There is ${there} already, and what adds one does not change it.`;
    const flag = flagLeftOut(evidence, indexed, step);
    if (flag !== undefined) return `The model left out ${flag}.`;
    const whom = recipientLeftOut(evidence, { indexed, step }, words);
    if (whom !== undefined) return `The model left out ${whom}.`;
    if (indexed.action.kind === "read") {
      if (values.size === 0 && isOnlyShown(evidence, indexed))
        return `Nothing in the request speaks of what ${indexed.action.title} is about.`;
      continue;
    }
    const other = steps.length === 1 ? otherDone(evidence, indexed, values) : undefined;
    if (other !== undefined) return `What is asked for is to ${other}, not ${indexed.action.title}.`;
    if (isNoneInParticular(evidence, { indexed, step }, values, context))
      return `Nothing in the request tells ${indexed.action.title} from what else can be done to it.`;
    const closer = closerAction(evidence, indexed, { values, words }, context.index);
    if (closer !== undefined) return `What is asked for is closer to ${closer.action.title}.`;
    const kind = otherKind(evidence, indexed, values, context.index);
    if (kind !== undefined) return `The model left out "${kind}".`;
  }
  return undefined;
}

/** A yes-or-no that is said and that the step has not. */
function flagLeftOut({ tokens, negated }: Evidence, { action, shapes }: IndexedAction, step: GroundedStep) {
  const said = tokens.flatMap((token, at) =>
    token.kind === "word" && token.class === "content" && !negated[at] ? wordOf(token).split("-").map(canonOf) : [],
  );
  const isSaid = (words: readonly string[]) => said.some((_, at) => words.every((word, k) => said[at + k] === word));
  return [...shapes.values()].find(
    ({ name, type }) => type === "flag" && step.variables[name] === undefined && flagPhrases(action, name).some(isSaid),
  )?.name;
}

const wishes = /^(?:want|need|like|please|have|get|should|must|can|could|needs|wants)$/;

/**
 * A name that does it, has it or did it: "mia changed her password", "smbd restarts by itself", "mia has a new password", "I
 * want mia to change her password".
 */
function isTold({ tokens, isForeign }: Evidence, steps: readonly Proposed[]): boolean {
  if (isForeign) return false;
  const names = new Set(steps.flatMap(({ step }) => Object.values(step.variables).flat().map(String)));
  const values = new Set(
    steps.flatMap((step) => step.tokens).filter((at) => names.has(tokens[at]?.text.toLowerCase() ?? "")),
  );
  const hasVerb = tokens.some(({ kind, canon }) => kind === "word" && isVerb(canon));
  return tokens.some((token, at) => {
    const next = tokens[at + 1];
    if (token.kind !== "word" || next === undefined || !values.has(at - 1)) return false;
    const word = wordOf(token);
    if (word === "to")
      return next.kind === "word" && isVerb(next.canon) && next.class === "content" && !values.has(at + 1);
    if (/^(?:has|had|got)$/.test(word)) return !hasVerb && /^(?:an?|the|his|her|new|no)$/.test(wordOf(next));
    const start = tokens.slice(0, at).findLastIndex(({ kind }) => kind === "separator") + 1;
    const isWished = tokens.slice(start, at).some((one) => wishes.test(wordOf(one)));
    if (isWished || wishes.test(word)) return false;
    return (
      (verbOfParticiple(word) ?? word) !== word ||
      (word.endsWith("s") && word !== token.canon && isVerb(canonOf(word.slice(0, -1))))
    );
  });
}

/** To whom it is given, where an example says so in that place and the step does not: "give her a share". */
function recipientLeftOut(
  { tokens }: Evidence,
  { indexed, step }: Omit<Proposed, "tokens">,
  words: readonly number[],
): string | undefined {
  const isGiven = words.some((at) => {
    const [verb, whom] = [tokens[at], tokens[at + 1]];
    return (
      verb !== undefined && wordOf(verb) === "give" && whom !== undefined && /^(?:him|her|them)$/.test(wordOf(whom))
    );
  });
  const slots = indexed.templates.flatMap(({ items }) =>
    items.flatMap((item, at) => {
      const next = items[at + 1];
      return item.kind === "word" && item.text === "give" && next?.kind === "slot" ? [next.name] : [];
    }),
  );
  return isGiven ? slots.find((name) => step.variables[name] === undefined) : undefined;
}

/** What should be done by a participle, where it is none of the action's verbs: "I want the account of kim deleted". */
function otherDone(
  { tokens }: Evidence,
  { verbs, bag }: IndexedAction,
  values: ReadonlySet<number>,
): string | undefined {
  // "She is locked out, give her a new password" says what should be done.
  const isSaid = ({ kind, canon, text }: Evidence["tokens"][number]) =>
    kind === "word" && verbs.has(canon) && (verbOfParticiple(text) ?? text.toLowerCase()) === text.toLowerCase();
  if (tokens.some((token, at) => isSaid(token) && !values.has(at))) return undefined;
  const done = tokens.flatMap((token, at) =>
    token.kind === "word" && !values.has(at) && !isVerb(token.canon) && !bag.has(token.canon)
      ? (verbOfParticiple(wordOf(token)) ?? [])
      : [],
  );
  return done.length > 0 && !done.some((verb) => verbs.has(verb)) ? done[0] : undefined;
}

/** True where "list" or "show" is all that speaks for it. */
function isOnlyShown({ tokens, negated }: Evidence, { bag }: IndexedAction): boolean {
  const spoken = tokens.filter(
    (token, at) =>
      token.kind === "word" &&
      token.class === "content" &&
      !negated[at] &&
      !isGeneric(token.canon) &&
      bag.has(token.canon),
  );
  return spoken.every(({ canon }) => canon === "list");
}

/** True where no verb is said and every word that speaks for the action speaks as well for another one of its kind of thing. */
function isNoneInParticular(
  { tokens, negated }: Evidence,
  { indexed, step }: Omit<Proposed, "tokens">,
  values: ReadonlySet<number>,
  context: PlanningContext & { index: readonly IndexedAction[] },
): boolean {
  const said = tokens.flatMap((token, at) => {
    if (token.kind !== "word" || negated[at] || values.has(at)) return [];
    if (wordOf(token) === "new" && indexed.verbs.has("add")) return ["add"];
    // What was done is not asked for; what should be done is a verb by now.
    return token.class === "content" ? [token.canon] : [];
  });
  const spoken = said.filter((canon) => (isVerb(canon) ? asksByVerb(indexed, canon) : indexed.bag.has(canon)));
  if (spoken.some((canon) => isVerb(canon) || indexed.leads.has(canon))) return false;
  // Only where every word is understood is it no matter what else is possible: "zap user kim" may mean anything.
  const isUnderstood = tokens.every(
    (token, at) =>
      token.class !== "content" || values.has(at) || indexed.bag.has(token.canon) || isNaming(wordOf(token)),
  );
  return context.index.some(
    (other) =>
      other !== indexed &&
      !(isUnderstood && cannotBe(other, step, context)) &&
      domainOf(other) === domainOf(indexed) &&
      spoken.every((canon) => other.bag.has(canon)),
  );
}

/** Whoever sets something up adds it. */
function asksByVerb({ verbs }: IndexedAction, verb: string): boolean {
  return verbs.has(verb) || (verb === "setup" && verbs.has("add"));
}

/** True where another action cannot take what is said: it has no such variable, or works on what is not there. */
function cannotBe({ action, shapes }: IndexedAction, step: GroundedStep, context: PlanningContext): boolean {
  const said = Object.keys(step.variables).filter((name) => step.provenance[name]?.source === "said");
  if (said.some((name) => !shapes.has(name))) return true;
  return Object.entries(action.hints).some(([name, { choicesFrom }]) => {
    const value = step.variables[name];
    if (choicesFrom === undefined || typeof value !== "string" || !said.includes(name)) return false;
    const there = sharedFacts(context, choicesFrom);
    return there.length > 0 && !there.includes(value);
  });
}

/**
 * A word that says of which kind the thing is, and that the action does not know ("a minecraft server"), or what is asked for
 * in its place ("set up a vpn for kim").
 */
function otherKind(
  { tokens, negated }: Evidence,
  indexed: IndexedAction,
  values: ReadonlySet<number>,
  index: readonly IndexedAction[],
): string | undefined {
  return tokens.find((token, at) => {
    const isPlain =
      token.kind === "word" && token.class === "content" && !isVerb(token.canon) && !isGeneric(wordOf(token));
    if (!isPlain || values.has(at) || negated[at] || index.some((one) => one.bag.has(token.canon))) return false;
    const next = tokens[at + 1];
    return (next?.kind === "word" && indexed.objects.has(next.canon)) || isDirectObject(tokens, at);
  })?.text;
}

/** Right after a verb and an article. */
function isDirectObject(tokens: Evidence["tokens"], at: number): boolean {
  let before = at - 1;
  let article = false;
  while (tokens[before]?.class === "free") {
    article ||= isIndefinite(tokens[before]);
    before -= 1;
  }
  return article && isVerb(tokens[before]?.canon ?? "");
}

function isIndefinite(token: Evidence["tokens"][number] | undefined): boolean {
  return token !== undefined && /^an?$/.test(wordOf(token));
}

/** Where a step is asked for, without what names its values. */
interface Where {
  values: ReadonlySet<number>;
  words: readonly number[];
}

function wordsFor(request: Request, indexed: IndexedAction, tokens: readonly number[]): number[] {
  const asked = askedIn(request, indexed, tokens);
  const own = asked.filter(({ from, to }) => tokens.some((at) => from <= at && at < to));
  return (own.length > 0 ? own : asked).flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, k) => from + k),
  );
}

function saidIn({ tokens, negated }: Evidence, { values, words }: Where): Set<string> {
  return new Set(
    words.flatMap((at) => {
      const token = tokens[at];
      return token?.kind === "word" && !values.has(at) && !negated[at] ? [token.canon] : [];
    }),
  );
}

/**
 * Another action whose very name is the verb that is said, where nothing but that verb speaks for the one that is proposed:
 * "add user kim" is not to give kim a new password.
 */
function ownVerbOfOther(
  evidence: Evidence,
  { indexed, step }: Omit<Proposed, "tokens">,
  at: Where,
  context: PlanningContext & { index: readonly IndexedAction[] },
): IndexedAction | undefined {
  const said = [...saidIn(evidence, at)];
  const verbOf = ({ action }: IndexedAction) => canonOf(action.id.slice(action.id.lastIndexOf(".") + 1));
  const verbs = said.filter(isVerb);
  if (verbs.length === 0 || verbs.includes(verbOf(indexed))) return undefined;
  const own = said.filter((word) => !isVerb(word) && indexed.bag.has(word) && classOf(word) === "content");
  return context.index.find(
    (other) =>
      verbs.includes(verbOf(other)) &&
      own.every((word) => other.bag.has(word)) &&
      said.some((word) => !isVerb(word) && other.bag.has(word)) &&
      !cannotBe(other, step, context),
  );
}

/** Another action, of the same domain if any word speaks for that, which is asked for by the same verb and by more of what it is about. */
function closerAction(
  evidence: Evidence,
  indexed: IndexedAction,
  at: Where,
  index: readonly IndexedAction[],
): IndexedAction | undefined {
  const said = saidIn(evidence, at);
  const speaks = [...said].some((word) => !isVerb(word) && indexed.bag.has(word));
  const about = (one: IndexedAction) => [...one.objects].filter((word) => said.has(word)).length;
  return index.find(
    (other) =>
      (domainOf(other) === domainOf(indexed) || !speaks) &&
      [...said].some((canon) => isVerb(canon) && other.verbs.has(canon)) &&
      about(other) > about(indexed) &&
      [...other.objects].some((word) => said.has(word) && !indexed.bag.has(word)),
  );
}
