import type { Facts, VariableHint, Variables, VariableValue } from "@steward/contracts/actions";
import type { Provenance } from "@steward/contracts/plan";
import { flagPhrases, type IndexedAction, type Item } from "./action-index.ts";
import type { PlanningContext } from "./planning-types.ts";
import { type Reading, readList, readText, type VariableShape } from "./variable-values.ts";
import { isNumberWord, quantityAt } from "./quantity.ts";
import { areAlike, canonOf, isGeneric, isNaming, isVerb, type Token } from "./words.ts";

/** One way to understand a clause. */
export interface ClauseReading {
  indexed: IndexedAction;
  variables: Variables;
  provenance: Record<string, Provenance>;
  /** How many words and slots of the example were passed over: the closer example is the one that was meant. */
  passed: number;
  /** Values that were named and that their schema refuses. */
  invalid: { variable: string; message: string }[];
}

type Bound = ReadonlyMap<string, { reading: Reading; text: string }>;

/** What has been bound so far, and how much of the example was passed over for it. */
interface Progress {
  bound: Bound;
  passed: number;
}

/** Bounds the search on a sentence made to be slow. */
const maxSteps = 4_000;

/** Every way to read the tokens as this action by one of its examples. Each token is accounted for in each of them. */
export function readByExamples(
  indexed: IndexedAction,
  given: readonly Token[],
  context: PlanningContext,
): ClauseReading[] {
  const { tokens, flags } = takeFlags(indexed, given);
  const present = new Set(tokens.map((token) => token.canon));
  const search = { left: maxSteps };
  const found: ClauseReading[] = [];
  for (const template of indexed.templates) {
    if (!template.needs.every((word) => present.has(word))) continue;
    const from = { indexed, context, tokens, search, tails: indexed.tails };
    align(from, template.items, 0, 0, { bound: new Map(), passed: 0 }, (so) =>
      found.push(toReading(indexed, so, flags)),
    );
  }
  return found;
}

/**
 * The reading by words alone: every content word speaks for the action, or is the one value that it must have. For
 * sentences that no example foresaw, and actions that have none.
 */
export function readByWords(
  indexed: IndexedAction,
  given: readonly Token[],
  context: PlanningContext,
): ClauseReading | undefined {
  const { tokens, flags } = takeFlags(indexed, given);
  const rest: Token[] = [];
  let spoken = 0;
  let last: Token | undefined;
  for (const token of tokens) {
    if (token.class === "free") continue;
    if (token.class === "weak" && token.kind === "word") {
      // Other prepositions give roles ("from", "to", "with"), which words alone cannot tell.
      if (!["for", "of", "on"].includes(token.canon)) return undefined;
    } else if (token.kind === "word" && indexed.bag.has(token.canon)) {
      // "Start nginx" is not asked of what stops and starts it, nor "a group called choir" of what adds a user to a group.
      if (isVerb(token.canon) && !indexed.verbs.has(token.canon)) return undefined;
      if (isCueOfOptional(indexed, token.canon)) return undefined;
      spoken += 1;
      last = token;
    } else rest.push(token);
  }
  if (rest.length > 1) return undefined;
  const [only] = rest;
  const isEnough = only === undefined ? spoken >= 1 : spoken >= 2 || isBare(indexed, last, only, context);
  if (!isEnough) return undefined;
  const bound = new Map<string, { reading: Reading; text: string }>();
  const [value] = rest;
  if (value !== undefined) {
    const [name, ...others] = indexed.required;
    const shape = name === undefined ? undefined : indexed.shapes.get(name);
    const isThing = value.kind === "word" && (isGeneric(value.text) || isCommonNoun(tokens, tokens.indexOf(value)));
    if (isThing && shape !== undefined && isTaken(indexed, shape.name, value.text, context)) return undefined;
    if (shape === undefined || others.length > 0 || !mayBeValue(indexed, shape, value, false, context))
      return undefined;
    bound.set(shape.name, { reading: readText(indexed.action, shape, value.text), text: value.text });
  }
  return toReading(indexed, { bound, passed: 0 }, flags);
}

/** One word and a name are enough where the verb needs no more ("nginx restart"), or nothing is changed ("nginx status"). */
function isBare(indexed: IndexedAction, word: Token | undefined, value: Token, context: PlanningContext): boolean {
  if (word === undefined) return false;
  const isSaid = indexed.bareVerbs.has(word.canon) || (indexed.action.kind === "read" && !isVerb(word.canon));
  return isSaid && indexed.required.some((name) => isKnown(indexed, name, value.text, context));
}

function isCueOfOptional(indexed: IndexedAction, canon: string): boolean {
  const isCue = (name: string) => indexed.cues.get(name)?.has(canon) === true;
  if (indexed.objects.has(canon) || indexed.required.some(isCue)) return false;
  return [...indexed.shapes.values()].some(({ name, required, type }) => !required && type !== "flag" && isCue(name));
}

interface Search {
  indexed: IndexedAction;
  context: PlanningContext;
  tokens: readonly Token[];
  search: { left: number };
  tails: IndexedAction["tails"];
}

function align(
  on: Search,
  items: readonly Item[],
  i: number,
  j: number,
  so: Progress,
  yieldReading: (so: Progress) => void,
): void {
  on.search.left -= 1;
  if (on.search.left < 0) return;
  const item = items[i];
  const token = on.tokens[j];
  if (item === undefined && token === undefined) return yieldReading(so);
  const go = (nextI: number, nextJ: number, next = so) => align(on, items, nextI, nextJ, next, yieldReading);
  const passOver = () => go(i + 1, j, { ...so, passed: so.passed + 1 });

  if (token?.class === "free") go(i, j + 1);
  // "Add a dns record": what the action is about may be said where no example says it.
  else if (token?.kind === "word" && on.indexed.objects.has(token.canon)) go(i, j + 1);
  if (item === undefined) {
    for (const tail of on.tails) {
      if (so.bound.has(tail.name)) continue;
      // It has to begin with its own first word, or any value could stand for anything at the end.
      const [opening] = tail.items;
      const isOpened = opening?.kind !== "word" || (token !== undefined && meets(token, opening));
      const rest = { ...on, tails: on.tails.filter((other) => other.name !== tail.name) };
      if (isOpened) align(rest, tail.items, 0, j, so, yieldReading);
    }
    return;
  }
  switch (item.kind) {
    case "break":
      if (token?.kind === "separator") go(i + 1, j + 1);
      return go(i + 1, j);
    case "word":
      if (token !== undefined && meets(token, item)) go(i + 1, j + 1);
      if (item.class !== "weak") return;
      // Without its preposition a second value has no role: then the preposition goes together with its slot.
      if (items[i + 1]?.kind === "slot" && so.bound.size > 0) return go(i + 2, j, { ...so, passed: so.passed + 2 });
      return passOver();
    case "slot": {
      const shape = on.indexed.shapes.get(item.name);
      const before = items[i - 1];
      const isNamed = before?.kind === "word" && isNaming(before.text);
      if (shape !== undefined && !so.bound.has(item.name)) {
        for (const { end, reading, text } of valuesAt(on, shape, j, isNamed)) {
          go(i + 1, end, { ...so, bound: new Map(so.bound).set(item.name, { reading, text }) });
        }
      }
      // Not named: a default or a question fills it.
      return passOver();
    }
  }
}

function meets(token: Token, item: Extract<Item, { kind: "word" }>): boolean {
  if (token.kind !== "word" || token.class !== item.class) return false;
  return item.class === "content" ? token.canon === item.canon : areAlike(token.canon, item.canon);
}

/** Every value that the shape could take from token `j` on. */
function* valuesAt(
  on: Search,
  shape: VariableShape,
  j: number,
  isNamed: boolean,
): Generator<{ end: number; reading: Reading; text: string }> {
  const { indexed, tokens, context } = on;
  const first = tokens[j];
  if (first === undefined || !mayBeValue(indexed, shape, first, isNamed, context)) return;
  // "For the house" names nothing, "the dnsmasq service" does where there is one.
  if (!isNamed && isCommonNoun(tokens, j) && isTaken(indexed, shape.name, first.text, context)) return;
  if (shape.type === "list") {
    if (isGeneric(first.text) && readList(indexed.action, shape, [first.text]).ok) return;
    const items = [first.text];
    let end = j + 1;
    yield { end, reading: readList(indexed.action, shape, items), text: first.text };
    // "To the group media and yan": one group, and somebody else.
    const cue = tokens[j - 1];
    if (cue?.text.toLowerCase() === cue?.canon && cue?.canon === canonOf(shape.name)) return;
    for (;;) {
      let next = end;
      while (tokens[next]?.kind === "separator" && next < end + 2) next += 1;
      const token = tokens[next];
      if (next === end || token === undefined || !mayBeValue(indexed, shape, token, isNamed, context)) return;
      items.push(token.text);
      end = next + 1;
      yield { end, reading: readList(indexed.action, shape, [...items]), text: items.join(", ") };
    }
  }
  if (shape.type === "number") {
    const quantity = quantityAt(tokens, j, indexed.action.hints[shape.name]?.unit);
    if (quantity !== undefined) {
      const text = tokens
        .slice(j, quantity.end)
        .map((token) => token.text)
        .join(" ");
      yield { end: quantity.end, reading: readText(indexed.action, shape, String(quantity.value)), text };
      // "500 mb" may also be met by an example that has the unit itself.
      if (quantity.end === j + 1 || !/^\d/.test(first.text)) return;
    }
  }
  const single = readText(indexed.action, shape, first.text);
  // Any word stands where a choice may stand; only one of the choices is meant as one.
  if (shape.type === "choice" && !single.ok) return;
  // "The server" is no service; but that nobody may be called "everyone" is worth saying.
  const isTooGeneral = isGeneric(first.text) && !isNamed && !isKnown(indexed, shape.name, first.text, context);
  if (!(isTooGeneral && single.ok)) yield { end: j + 1, reading: single, text: first.text };
  if (shape.type !== "text" || first.kind === "quoted") return;
  // Values with spaces, such as a key with its comment.
  let text = first.text;
  for (let end = j + 1; end < j + 4; end += 1) {
    const token = tokens[end];
    if (token === undefined || token.kind !== "word" || !mayBeValue(indexed, shape, token, false, context)) return;
    text += ` ${token.text}`;
    const reading = readText(indexed.action, shape, text);
    if (reading.ok) yield { end: end + 1, reading, text };
  }
}

/** True where a value would be taken as it is. Else the targets know it, or a question comes of it. */
function isTaken(indexed: IndexedAction, variable: string, text: string, context: PlanningContext): boolean {
  const { action } = indexed;
  const hint = action.hints[variable];
  const isAsked = hint?.choicesFrom !== undefined && (action.kind !== "state" || hint.mustExist === true);
  return !isAsked && !isKnown(indexed, variable, text, context);
}

/** True for a plain word right after an article or a possessive: a kind of thing, not a name. */
function isCommonNoun(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token?.kind !== "word" || !/^\p{Ll}+$/u.test(token.text)) return false;
  return /^(?:a|an|the|our|my|some|this|that|these|those)$/i.test(tokens[at - 1]?.text ?? "");
}

function mayBeValue(
  indexed: IndexedAction,
  shape: VariableShape,
  token: Token,
  isNamed: boolean,
  context: PlanningContext,
): boolean {
  if (token.kind === "separator") return false;
  if (token.kind === "quoted" || shape.type === "choice") return true;
  if (token.class !== "content") return isNamed && token.class === "weak" ? false : isNamed;
  if (isNamed || isKnown(indexed, shape.name, token.text, context)) return true;
  if (shape.type !== "number" && isNumberWord(token.text)) return false;
  return !isVerb(token.canon) && !indexed.bag.has(token.canon);
}

/** True where every target knows a thing of that name and the variable is about such things. */
function isKnown(indexed: IndexedAction, variable: string, text: string, context: PlanningContext): boolean {
  const kind = indexed.action.hints[variable]?.choicesFrom;
  if (kind === undefined || context.targets.length === 0) return false;
  return context.targets.every((target) => factsOf(target.facts, kind).includes(text.toLowerCase()));
}

/** The names of a kind that a target knows. */
export function factsOf(facts: Facts, kind: NonNullable<VariableHint["choicesFrom"]>): string[] {
  const known = facts[kind] ?? [];
  return Array.isArray(known) ? known : Object.keys(known);
}

/** Takes out what turns a yes-or-no variable on: its own name, as words (`read only`, `keep his home`). */
function takeFlags(indexed: IndexedAction, given: readonly Token[]): { tokens: Token[]; flags: Map<string, string> } {
  const flags = new Map<string, string>();
  let tokens = [...given];
  for (const shape of indexed.shapes.values()) {
    if (shape.type !== "flag") continue;
    const spoken = flattened(tokens);
    for (const { at, words } of flagPhrases(indexed.action, shape.name).flatMap((phrase) =>
      spoken.map((_, from) => ({ at: from, words: phrase })),
    )) {
      const part = spoken.slice(at, at + words.length);
      if (part.length < words.length || !part.every((one, k) => one.canon === words[k])) continue;
      const from = Math.min(...part.map((one) => one.token));
      const to = Math.max(...part.map((one) => one.token));
      const isJoined = ["separator", "weak"];
      let start = from;
      const before = tokens[from - 1];
      if (before !== undefined && (before.kind === "separator" || isJoined.includes(before.class))) start -= 1;
      flags.set(
        shape.name,
        tokens
          .slice(from, to + 1)
          .map((token) => token.text)
          .join(" "),
      );
      tokens = [...tokens.slice(0, start), ...tokens.slice(to + 1)];
      break;
    }
  }
  return { tokens, flags };
}

/** Content words with the token that they are in; `read-only` is two words. */
function flattened(tokens: readonly Token[]): { canon: string; token: number }[] {
  return tokens.flatMap((token, at) => {
    const passedOver = token.class !== "content" || token.kind !== "word";
    if (passedOver) return [];
    return token.text.split("-").map((word) => ({ canon: canonOf(word), token: at }));
  });
}

function toReading(indexed: IndexedAction, { bound, passed }: Progress, flags: Map<string, string>): ClauseReading {
  const variables: Record<string, VariableValue> = {};
  const provenance: Record<string, Provenance> = {};
  const invalid: ClauseReading["invalid"] = [];
  for (const name of indexed.shapes.keys()) {
    const flag = flags.get(name);
    const value = bound.get(name);
    if (value?.reading.ok === false)
      invalid.push({ variable: name, message: `"${value.text}": ${value.reading.message}` });
    else if (value !== undefined && value.reading.ok) {
      variables[name] = value.reading.value;
      provenance[name] = { source: "said", text: value.text };
    } else if (flag !== undefined) {
      variables[name] = true;
      provenance[name] = { source: "said", text: flag };
    }
  }
  return { indexed, variables, provenance, passed, invalid };
}
