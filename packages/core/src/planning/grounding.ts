import type { VariableValue } from "@steward/contracts/actions";
import type { Provenance } from "@steward/contracts/plan";
import type { IndexedAction } from "./action-index.ts";
import { flagPhrases, nameWords } from "./action-index.ts";
import { sharedFacts } from "./complete-steps.ts";
import { mayBeFact } from "./grade-table.ts";
import type { Evidence } from "./evidence.ts";
import type { PlanningContext } from "./planning-types.ts";
import { knownNames } from "./coordination.ts";
import { isNumberWord, quantityAt } from "./quantity.ts";
import { unitOf, unitOfVariable } from "./units.ts";
import { readText } from "./variable-values.ts";
import { areAlike, canonOf, isGeneric, isNaming, isVerb, wordOf } from "./words.ts";

/** Where a value comes from, with the tokens that say it; undefined: from nowhere, it was made up. */
export interface Ground {
  provenance: Provenance;
  tokens: number[];
}

export function groundValue(
  evidence: Evidence,
  indexed: IndexedAction,
  variable: string,
  value: VariableValue,
  known: {
    context: PlanningContext;
    assumed: VariableValue | undefined;
    /** Whether the word there may speak for this action. */
    mayUse: (at: number) => boolean;
  },
): Ground | undefined {
  const said = saidAt({ ...known, evidence, indexed, variable }, value);
  if (said !== undefined) {
    const text = said.map((at) => evidence.tokens[at]?.text ?? "").join(" ");
    return { provenance: { source: "said", text }, tokens: said };
  }
  if (known.assumed !== undefined && JSON.stringify(known.assumed) === JSON.stringify(value)) {
    return { provenance: { source: "assumed" }, tokens: [] };
  }
  return isFact(indexed, variable, value, known.context) ? { provenance: { source: "fact" }, tokens: [] } : undefined;
}

/** Which value is looked for, and where. */
interface Sought {
  evidence: Evidence;
  indexed: IndexedAction;
  variable: string;
  context: PlanningContext;
  mayUse: (at: number) => boolean;
}

/** The tokens that say a value in the role of this variable. */
function saidAt(sought: Sought, value: VariableValue): number[] | undefined {
  if (typeof value === "boolean") return value ? flagAt(sought) : undefined;
  const items = Array.isArray(value) ? value : [String(value)];
  const found: number[] = [];
  for (const item of items) {
    const at = textAt(sought, item) ?? (typeof value === "number" ? quantityIn(sought, value) : undefined);
    if (at === undefined) return undefined;
    found.push(...at);
  }
  return found.length > 0 ? found : undefined;
}

function textAt(sought: Sought, text: string): number[] | undefined {
  const { tokens, negated } = sought.evidence;
  const words = text.split(/\s+/);
  for (let at = 0; at < tokens.length; at += 1) {
    const part = tokens.slice(at, at + words.length);
    const isHere =
      part.length === words.length &&
      part.every((token, k) => token.kind !== "separator" && isSame(token.text, words[k] ?? "")) &&
      // A longer quotation is somebody else's words.
      !(tokens[at]?.kind === "quoted" && /\s/.test(tokens[at]?.text ?? ""));
    const isWholeQuote = tokens[at]?.kind === "quoted" && isSame(tokens[at]?.text ?? "", text);
    if (!isHere && !isWholeQuote) continue;
    const last = isWholeQuote ? at : at + words.length - 1;
    if (negated[at] || !sought.mayUse(at) || !isInRole(sought, at, last)) continue;
    return isWholeQuote ? [at] : part.map((_, k) => at + k);
  }
  return undefined;
}

/** Where a number is said in words or in another unit: `fifty`, and `2 GB` for a quota of 2048 megabytes. */
function quantityIn(sought: Sought, value: number): number[] | undefined {
  const { evidence, indexed, variable, mayUse } = sought;
  for (let at = 0; at < evidence.tokens.length; at += 1) {
    const said = quantityAt(evidence.tokens, at, indexed.action.hints[variable]?.unit);
    // "Two hundred" is no hundred.
    const isWithin =
      at > 0 && (quantityAt(evidence.tokens, at - 1, indexed.action.hints[variable]?.unit)?.end ?? 0) > at;
    if (said?.value !== value || isWithin || evidence.negated[at] || !mayUse(at)) continue;
    // A unit that nobody converts is still one.
    if (!isInOwnUnit(sought, said.end - 1)) continue;
    // "For one day" is how long, whatever else "for" may announce.
    const hasUnit = unitOf(wordOf(evidence.tokens[said.end - 1] ?? { text: "" })) !== undefined;
    const announced = hasUnit ? undefined : announcedAs(sought, at);
    if (announced !== undefined && !announced.has(variable)) continue;
    return Array.from({ length: said.end - at }, (_, k) => at + k);
  }
  return undefined;
}

/** Whole words, whatever the case; but one letter is exact, since `a` is an article and `A` a kind of record. */
function isSame(said: string, value: string): boolean {
  return value.length === 1 ? said === value : said.toLowerCase() === value.toLowerCase();
}

/** Whether what stands from `at` to `last` is meant as this variable's value. */
function isInRole(sought: Sought, at: number, last: number): boolean {
  const { indexed, variable } = sought;
  const announced = announcedAs(sought, at);
  if (announced !== undefined && !announced.has(variable)) return false;
  // What gives rights is never merely mentioned: "for norbert, who does the audio" puts him into no group.
  if (indexed.action.hints[variable]?.choicesFrom === "groups" && announced === undefined) return false;
  if (!isGovernedAsUsual(sought, at)) return false;
  const type = indexed.shapes.get(variable)?.type;
  if (type === "number") return isInOwnUnit(sought, last);
  return (type !== "text" && type !== "list") || isName(sought, at);
}

/** True where the word before a value says that it is this variable's and no other's of these. */
export function isAnnounced(
  known: { evidence: Evidence; indexed: IndexedAction; context: PlanningContext },
  at: number,
  variable: string,
  other: string,
): boolean {
  const { tokens } = known.evidence;
  for (let before = at - 1; before >= 0; before -= 1) {
    const token = tokens[before];
    if (token === undefined || token.kind === "separator") return false;
    if (token.class === "free") continue;
    // "Mail for" announces what is to be forwarded, and "for" alone does not.
    const two = `${tokens[before - 1]?.canon ?? ""} ${token.canon}`;
    const [own, others] = [cuesIn(known.indexed, variable), cuesIn(known.indexed, other)];
    if (own.has(two) !== others.has(two)) return own.has(two);
    return own.has(token.canon) && !others.has(token.canon);
  }
  return false;
}

/** The words, and the two words, that stand before a variable's slot. */
function cuesIn({ cues, templates }: IndexedAction, variable: string): Set<string> {
  const pairs = templates.flatMap(({ items }) =>
    items.flatMap((item, at) => {
      const [first, second] = [items[at - 2], items[at - 1]];
      const isPair =
        item.kind === "slot" && item.name === variable && first?.kind === "word" && second?.kind === "word";
      return isPair ? [`${first.canon} ${second.canon}`] : [];
    }),
  );
  return new Set([...(cues.get(variable) ?? []), ...pairs]);
}

/** The variables that the word before the value announces: "to group staff" is no user's name. Undefined: none. */
function announcedAs({ evidence, indexed, variable, context }: Sought, at: number): ReadonlySet<string> | undefined {
  // "15 lines are enough"; but "3 ports" are not port 3.
  const counted = evidence.tokens[at + 1];
  const isCounted = variable.endsWith("s") && counted?.kind === "word" && nameWords(variable).includes(counted.canon);
  // "The media group".
  const isOfKind =
    counted?.kind === "word" &&
    counted.text.toLowerCase() === counted.canon &&
    nameWords(variable).includes(counted.canon) &&
    knownNames(context).has(evidence.tokens[at]?.text.toLowerCase() ?? "");
  if (isOfKind && indexed.shapes.get(variable)?.type === "list") return new Set([variable]);
  if (isCounted && indexed.shapes.get(variable)?.type === "number") return new Set([variable]);
  for (let before = at - 1; before >= 0; before -= 1) {
    const token = evidence.tokens[before];
    if (token === undefined) return undefined;
    if (token.kind === "separator") {
      // One of a few fixed words says itself what it is: "port 53 and udp port 53".
      if (indexed.shapes.get(variable)?.type === "choice") return undefined;
      // "tv -> 10.0.0.1, camera -> 10.0.0.2": it begins anew.
      if (evidence.tokens[at + 1]?.canon === "to") return undefined;
      // "for anna and bob": the second has the first one's role.
      before -= 1;
      continue;
    }
    if (token.class === "free") continue;
    const announced = new Set([...indexed.cues].flatMap(([name, cues]) => (cues.has(token.canon) ? [name] : [])));
    const text = evidence.tokens[at]?.text ?? "";
    // "Open 443": the kind of port is said there as well, and 443 is none.
    for (const name of announced) if (name !== variable && !canBe(indexed, name, text)) announced.delete(name);
    if (announced.size === 0) return undefined;
    // "A ttl of one hour": "of" alone may announce anything.
    const noun = evidence.tokens[before - 1];
    const isOwn = token.class === "weak" && noun !== undefined && nameWords(variable).includes(noun.canon);
    if (isOwn) return new Set([variable]);
    return announced.has(variable) ? new Set([variable]) : announced;
  }
  return undefined;
}

function canBe({ action, shapes }: IndexedAction, name: string, text: string): boolean {
  const shape = shapes.get(name);
  return shape === undefined || readText(action, shape, text).ok;
}

const places = new Set(["in", "into", "on", "onto", "from"]);

/**
 * Whether what stands before a value does not make it the place of something else, which no example does: "delete the old
 * files from the share music" is not to delete the share, and "mail from info@…" is none for it. Who only looks may.
 */
function isGovernedAsUsual({ evidence, indexed, variable }: Sought, at: number): boolean {
  const { tokens } = evidence;
  const type = indexed.shapes.get(variable)?.type;
  if (indexed.action.kind === "read" || evidence.isForeign || (type !== "text" && type !== "list")) return true;
  const text = tokens[at]?.text.toLowerCase();
  const end = tokens.findIndex(({ kind }, k) => k > at && kind === "separator");
  // "Delete the old photos from the share photos": what it is the second time, it is.
  const again = tokens.findLastIndex((one, k) => k >= at && (end === -1 || k < end) && one.text.toLowerCase() === text);
  const before = tokens.slice(0, again).findLastIndex((token) => {
    const isOfIt = token.class === "free" || (token.class === "content" && indexed.bag.has(token.canon));
    return token.kind === "separator" || isVerb(token.canon) || !isOfIt;
  });
  const word = tokens[before];
  if (word?.kind !== "word" || !places.has(wordOf(word))) return true;
  return indexed.templates.some(({ items }) =>
    items.some((item, slot) => {
      if (item.kind !== "slot" || item.name !== variable) return false;
      const usual = items.slice(0, slot).findLast((one) => one.kind !== "word" || one.class === "weak");
      return usual?.kind === "word" && areAlike(usual.canon, wordOf(word));
    }),
  );
}

/** A number with a unit is one of that unit: "5 gigabytes" is no quota of 5 megabytes. */
function isInOwnUnit({ evidence: { tokens }, indexed, variable, context }: Sought, last: number): boolean {
  const unit = unitOfVariable(indexed.action, variable);
  const [next] = tokens.slice(last + 1);
  if (next === undefined || (next.kind === "word" && isNumberWord(wordOf(next)))) return next === undefined;
  const said = unitOf(wordOf(next));
  if (said !== undefined) return said === unit;
  // "Open 3 ports" is not to open port 3.
  if (!variable.endsWith("s") && next.text.toLowerCase() !== next.canon && nameWords(variable).includes(next.canon))
    return false;
  // "Five moons" are as long as nobody knows.
  if (unit === undefined || next.kind !== "word" || next.class !== "content") return true;
  const end = tokens.findIndex((token, at) => at > last && (token.kind === "separator" || token.class === "weak"));
  const counted = tokens.slice(last + 1, end === -1 ? tokens.length : end);
  const names = knownNames(context);
  return counted.some(
    (token) =>
      unitOf(wordOf(token)) === unit ||
      indexed.bag.has(token.canon) ||
      names.has(wordOf(token)) ||
      isGeneric(wordOf(token)),
  );
}

const owners = new Set(["my", "our", "your", "his", "her", "its", "their"]);
const articles = new Set(["the", "a", "an"]);

/**
 * "Her brother", "the front desk" and "a python script" describe, and name nobody. "Our nginx" and "the photos share" name
 * what is there, or say of what kind the named thing is.
 */
function isName(sought: Sought, at: number): boolean {
  const { evidence, indexed, variable, context } = sought;
  const { tokens } = evidence;
  const [token, next] = [tokens[at], tokens[at + 1]];
  if (!isDescribed(sought, at)) return true;
  if (token?.kind === "quoted" || /^\p{Lu}|[^\p{L}]/u.test(token?.text ?? "")) return true;
  const kind = indexed.action.hints[variable]?.choicesFrom;
  if (kind !== undefined && sharedFacts(context, kind).includes(token?.text.toLowerCase() ?? "")) return true;
  return next?.class === "content" && next.kind === "word" && indexed.bag.has(next.canon);
}

/** An owner stands right before the word, or an article does, with at most words between that say nothing of the action. */
function isDescribed({ evidence: { tokens }, indexed: { bag }, variable }: Sought, at: number): boolean {
  const owner = tokens[at - 1];
  if (owner !== undefined && owners.has(wordOf(owner))) return true;
  for (let before = at - 1; before >= Math.max(0, at - 3); before -= 1) {
    const token = tokens[before];
    if (token === undefined || token.kind !== "word" || isNaming(wordOf(token))) return false;
    if (articles.has(wordOf(token))) return true;
    if (token.class !== "content" || bag.has(token.canon) || nameWords(variable).includes(token.canon)) return false;
  }
  return false;
}

function flagAt({ evidence: { tokens, negated }, indexed, variable, mayUse }: Sought): number[] | undefined {
  const spoken = tokens.flatMap((token, at) =>
    token.kind === "word" && token.class === "content" && !negated[at] && mayUse(at)
      ? wordOf(token)
          .split("-")
          .map((word) => ({ canon: canonOf(word), at }))
      : [],
  );
  for (const words of flagPhrases(indexed.action, variable)) {
    for (let from = 0; from + words.length <= spoken.length; from += 1) {
      const part = spoken.slice(from, from + words.length);
      if (part.every((one, k) => one.canon === words[k])) return [...new Set(part.map((one) => one.at))];
    }
  }
  return undefined;
}

/**
 * The only name of its kind that exists on the targets, and that nobody said. Never one of several: a model that picks
 * one user of many has guessed.
 */
function isFact(indexed: IndexedAction, variable: string, value: VariableValue, context: PlanningContext): boolean {
  const kind = indexed.action.hints[variable]?.choicesFrom;
  if (kind === undefined || !mayBeFact[kind] || context.targets.length === 0) return false;
  const names = sharedFacts(context, kind);
  const items = Array.isArray(value) ? value : [value];
  if (!items.every((item) => typeof item === "string" && names.includes(item))) return false;
  return names.length === 1;
}
