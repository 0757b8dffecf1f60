import type { Action } from "@steward/contracts/actions";
import { type VariableShape, variableShapes } from "./variable-values.ts";
import { isNegated } from "./screen-instruction.ts";
import { canonOf, isGeneric, isVerb, type Token, tokenize } from "./words.ts";

/** A part of an example: a word that must be met, a slot, or a break. Free words are left out. */
export type Item =
  | { kind: "word"; canon: string; text: string; class: "weak" | "content" }
  | { kind: "slot"; name: string }
  | { kind: "break" };

export interface Template {
  items: Item[];
  /** Content words that an instruction must have for this template to be worth a try. */
  needs: string[];
}

/** One action, prepared for matching. */
export interface IndexedAction {
  action: Action;
  shapes: Map<string, VariableShape>;
  required: string[];
  templates: Template[];
  /** True where an example has no word of its own: "are you there". */
  isWordless: boolean;
  /** Ends of examples that only give an optional variable (`for {users}`): they may follow any other example. */
  tails: { name: string; items: Item[] }[];
  /** Every word that speaks for this action: of its id, title, words and examples. */
  bag: Set<string>;
  /** What it is about, by its id: `samba.share.add` is about samba and shares. */
  objects: Set<string>;
  /** The verbs that ask for it: of its id, and of the examples that have one verb. */
  verbs: Set<string>;
  /** Words that begin an example as a verb would: "share {path} as {share}". */
  leads: Set<string>;
  /** Verbs that need no more than a name: "restart nginx". */
  bareVerbs: Set<string>;
  /** The words that stand before a variable's slot, and the variable's own name. */
  cues: Map<string, Set<string>>;
}

/** The actions that words may lead to. The others are named by explicit steps only. */
export function spokenOf(actions: readonly Action[]): readonly Action[] {
  return actions.filter((action) => action.byNameOnly !== true);
}

const indexes = new WeakMap<readonly Action[], IndexedAction[]>();

/** The index of a catalogue: made once per list of actions and kept as long as the list. */
export function indexActions(actions: readonly Action[]): IndexedAction[] {
  const known = indexes.get(actions);
  const spoken = spokenOf(actions);
  // A list that has grown since (a test that registers an action) is indexed anew.
  if (known !== undefined && known.length === spoken.length && known.every((one, at) => one.action === spoken[at])) {
    return known;
  }
  const made = spoken.map(indexAction);
  indexes.set(actions, made);
  return made;
}

function indexAction(action: Action): IndexedAction {
  const shapes = new Map(variableShapes(action).map((shape) => [shape.name, shape]));
  const required = [...shapes.values()].filter((shape) => shape.required).map((shape) => shape.name);
  const whole = action.examples.map(itemsOf);
  const cut = whole.flatMap((items) => cutTails(items, shapes));
  const lists = [...whole, ...cut.map((one) => one.head)];
  return {
    action,
    shapes,
    required,
    templates: uniqueBy(lists, (items) => JSON.stringify(items)).map((items) => ({
      items,
      needs: contentWords(items),
    })),
    isWordless: lists.some((items) => contentWords(items).length === 0),
    tails: uniqueBy(
      cut.map(({ name, tail }) => ({ name, items: tail })),
      (tail) => JSON.stringify(tail),
    ),
    bag: bagOf(action, whole),
    objects: new Set(
      action.id
        .split(/[._]/)
        .map(canonOf)
        .filter((word) => !isVerb(word)),
    ),
    verbs: new Set([
      ...[...action.id.split(/[._]/), ...action.title.split(" "), ...action.words].map(canonOf).filter(isVerb),
      ...whole.flatMap(soleVerb),
    ]),
    leads: new Set(whole.flatMap((items) => (contentWords(items).some(isVerb) ? [] : contentWords(items.slice(0, 1))))),
    bareVerbs: new Set(whole.filter((items) => items.length === 2 && items[1]?.kind === "slot").flatMap(soleVerb)),
    cues: cuesOf(whole, shapes),
  };
}

function itemsOf(example: string): Item[] {
  const items: Item[] = [];
  // Slots become words that no sentence has, so that the tokens around them are the sentence's own.
  const names: string[] = [];
  const text = example.replace(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g, (_, name: string) => `slot0${names.push(name) - 1}0`);
  for (const token of tokenize(text)) {
    const slot = /^slot0(\d+)0$/.exec(token.text)?.[1];
    if (slot !== undefined) items.push({ kind: "slot", name: names[Number(slot)] ?? "" });
    else if (token.kind === "separator") items.push({ kind: "break" });
    else if (token.class !== "free") {
      items.push({ kind: "word", canon: token.canon, text: token.text.toLowerCase(), class: token.class });
    }
  }
  while (items.at(-1)?.kind === "break") items.pop();
  return items;
}

/** Every way to end an example before its optional variables, with what was cut off. */
function cutTails(items: Item[], shapes: Map<string, VariableShape>): { head: Item[]; name: string; tail: Item[] }[] {
  const cuts: { head: Item[]; name: string; tail: Item[] }[] = [];
  let head = items;
  for (;;) {
    const slots = head.flatMap((item, at) => (item.kind === "slot" ? [{ name: item.name, at }] : []));
    const last = slots.at(-1);
    const before = slots.at(-2);
    if (last === undefined || before === undefined || shapes.get(last.name)?.required !== false) return cuts;
    const tail = head.slice(before.at + 1);
    head = head.slice(0, before.at + 1);
    cuts.push({ head, name: last.name, tail });
  }
}

function soleVerb(items: Item[]): string[] {
  const verbs = contentWords(items).filter(isVerb);
  return verbs.length === 1 ? verbs : [];
}

function contentWords(items: Item[]): string[] {
  return items.flatMap((item) => (item.kind === "word" && item.class === "content" ? [item.canon] : []));
}

function bagOf(action: Action, examples: Item[][]): Set<string> {
  const bag = new Set<string>();
  const add = (text: string) => {
    for (const token of tokenize(text)) if (token.class === "content" && token.kind === "word") bag.add(token.canon);
  };
  add(action.id.replaceAll(/[._]/g, " "));
  // "Let a port be reached no more" is not asked for by letting it be reached.
  if (!isNegated(action.title)) add(action.title);
  for (const word of action.words) add(word);
  for (const items of examples) for (const word of contentWords(items)) bag.add(word);
  return bag;
}

function cuesOf(examples: Item[][], shapes: Map<string, VariableShape>): Map<string, Set<string>> {
  const cues = new Map<string, Set<string>>();
  for (const name of shapes.keys()) cues.set(name, new Set(nameWords(name)));
  for (const items of examples) {
    items.forEach((item, at) => {
      const before = items[at - 1];
      if (item.kind === "slot" && before?.kind === "word") cues.get(item.name)?.add(before.canon);
    });
  }
  return cues;
}

/** Every way to say yes to a yes-or-no variable, as words: its own name, and what its hint adds; the longest first. */
export function flagPhrases(action: Action, name: string): string[][] {
  const added = (action.hints[name]?.flagWords ?? []).map((phrase) =>
    tokenize(phrase).flatMap((token) => (token.class === "content" ? [token.canon] : [])),
  );
  return [nameWords(name), ...added].toSorted((a, b) => b.length - a.length);
}

/** `samba.share.add` is of `samba`. */
export function domainOf({ action }: Pick<IndexedAction, "action">): string | undefined {
  return action.id.split(".")[0];
}

/** `keepHome` → `keep`, `home`. */
export function nameWords(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => canonOf(word));
}

/** Which actions an instruction comes closest to, by the words that they share. Verbs alone say nothing. */
export function nearestActions(index: readonly IndexedAction[], tokens: readonly Token[]): string[] {
  const words = new Set(
    tokens
      .filter((token) => token.kind === "word" && token.class === "content" && !isGeneric(token.text))
      .map((token) => token.canon),
  );
  return index
    .map((one) => {
      let score = 0;
      let objects = 0;
      for (const word of words) {
        if (!one.bag.has(word)) continue;
        const sharers = index.filter((other) => other.bag.has(word)).length;
        score += 1 / sharers;
        if (!isVerb(word)) objects += 1;
      }
      return { id: one.action.id, score: objects === 0 ? 0 : score };
    })
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, 3)
    .map((one) => one.id);
}

function uniqueBy<T>(list: readonly T[], keyOf: (one: T) => string): T[] {
  return [...new Map(list.map((one) => [keyOf(one), one])).values()];
}
