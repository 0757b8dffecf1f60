import type { IndexedAction } from "./action-index.ts";
import type { Token } from "./words.ts";
import { isGeneric, isQuestion, isVerb, wordOf } from "./words.ts";

/** A part of a request between two breaks, with what is asked for in it. */
export interface Clause {
  /** Tokens from here to before there. */
  from: number;
  to: number;
  /** Those of the clause before where it has none: "lock anna, bob and carl". */
  verbs: ReadonlySet<string>;
  /** Words for what actions are about. Likewise. */
  objects: ReadonlySet<string>;
  words: ReadonlySet<string>;
  /** Of its own words those that are neither verbs nor what actions are about: "point nas to 10.0.0.2" goes by them. */
  own: ReadonlySet<string>;
  /** A question: it may be answered, and asks for no change. */
  isQuestion: boolean;
  /** Clauses of one verb have one number; a "then" begins another. */
  block: number;
  /** It speaks of something that an earlier clause has named: "… and give her a share". */
  refersBack: boolean;
  /** Its verbs are another's. */
  inherits: boolean;
  /** It says itself what it is about. */
  ownObjects: boolean;
}

const pronouns = new Set(["it", "that", "him", "her", "his", "them", "their", "its"]);

/** The clauses of a request, in its order. `objects`: every word that some action is about. */
export function clausesOf(tokens: readonly Token[], objects: ReadonlySet<string>): Clause[] {
  const clauses: Clause[] = [];
  let from = 0;
  // Whether that is a question, is told apart by its own words.
  const isForeign = tokens.some(({ gloss }) => gloss !== undefined);
  let asks: boolean | undefined;
  let follows = false;
  for (let at = 0; at <= tokens.length; at += 1) {
    const token = tokens[at];
    if (token !== undefined && token.kind !== "separator") continue;
    if (from < at) {
      const words = tokens.slice(from, at).map(wordOf);
      const end = tokens.find(({ kind, text }, k) => k >= at && kind === "separator" && text === ".");
      asks ??= isQuestion(`${words.join(" ")}${end?.canon === "?" && !isForeign ? "?" : ""}`);
      clauses.push({
        ...clauseOf({ tokens, from, to: at, objects, before: clauses.at(-1), follows }),
        isQuestion: asks,
      });
      follows = false;
    }
    if (token?.text === ".") asks = undefined;
    follows ||= token?.text === "then" || token?.text === ".";
    from = at + 1;
  }
  // "ludwig has left, remove the account": the first one is about what the second one asks for.
  const first = clauses.findIndex(({ verbs }) => verbs.size > 0);
  return clauses.map((clause, at) => {
    const next = clauses[at + 1];
    if (next === undefined) return clause;
    const isBare = at === 0 && clause.verbs.size === 0;
    // "Anna, bob and mia need a share" asks for all three; "bob, lock anna" speaks to bob.
    const asking = at < first ? clauses[first] : undefined;
    const isOrder = asking !== undefined && beginsWithVerb(tokens, asking);
    if (asking !== undefined && !isOrder && clause.objects.size === 0)
      return { ...clause, verbs: asking.verbs, objects: asking.objects, words: union(clause.words, asking.words) };
    const isSpokenTo =
      isOrder && at === first - 1 && asking.own.size > 0 && !asking.refersBack && clause.own.size === 1;
    if (isSpokenTo) return clause;
    if (isBare && clause.objects.size === 0)
      return { ...clause, verbs: next.verbs, objects: next.objects, words: union(clause.words, next.words) };
    // "We don't need the share any more, remove it".
    if (isBare && next.refersBack) return { ...clause, verbs: next.verbs, words: union(clause.words, next.words) };
    // "Give anna and bob new passwords": what is given comes last.
    return clause.verbs.size > 0 &&
      clause.objects.size === 0 &&
      clause.own.size <= 1 &&
      next.inherits &&
      next.ownObjects
      ? { ...clause, objects: next.objects, words: union(clause.words, next.words) }
      : clause;
  });
}

function beginsWithVerb(tokens: readonly Token[], { from, to }: Clause): boolean {
  const word = tokens.slice(from, to).find((token) => token.class !== "free");
  return word !== undefined && isVerb(word.canon);
}

function clauseOf(input: {
  tokens: readonly Token[];
  from: number;
  to: number;
  objects: ReadonlySet<string>;
  before: Clause | undefined;
  follows: boolean;
}): Omit<Clause, "isQuestion"> {
  const { tokens, from, to, objects, before, follows } = input;
  const own = tokens.slice(from, to).filter((token) => token.kind === "word");
  const content = own.filter((token) => token.class === "content").map((token) => token.canon);
  const verbs = new Set(content.filter(isVerb));
  const things = new Set(content.filter((word) => objects.has(word) && !isGeneric(word)));
  const inherits = verbs.size === 0 && before !== undefined;
  return {
    from,
    to,
    verbs: inherits ? before.verbs : verbs,
    objects: things.size === 0 && inherits ? before.objects : things,
    own: new Set(content.filter((word) => !isVerb(word) && !objects.has(word))),
    words: inherits ? union(before.words, content) : new Set(content),
    block: before === undefined ? 0 : before.block + (inherits && !follows ? 0 : 1),
    refersBack: own.some((token) => pronouns.has(wordOf(token))),
    inherits,
    ownObjects: things.size > 0,
  };
}

function union<T>(one: Iterable<T>, other: Iterable<T>): Set<T> {
  return new Set([...one, ...other]);
}

/** Whoever sets up a mailbox adds one. */
export function setsUp(clause: Clause, { verbs, objects }: Pick<IndexedAction, "verbs" | "objects">): boolean {
  return verbs.has("add") && clause.objects.has([...objects].at(-1) ?? "");
}

/**
 * Whether a clause asks for this action: by its verb and by what it is about, where it has such words. A word that is the
 * action's own value is neither: who wants samba restarted asks for nothing about shares.
 */
export function asksFor(clause: Clause, { bag, verbs, objects }: IndexedAction, values: ReadonlySet<string>): boolean {
  const about = (words: ReadonlySet<string>) => [...words].filter((word) => !values.has(word));
  const meets = (words: readonly string[]) => words.length === 0 || words.some((word) => bag.has(word));
  if (clause.inherits && about(clause.own).some((word) => bag.has(word) && !isGeneric(word))) return true;
  // "Start nginx" is not asked of what stops and starts it.
  const asked = about(clause.verbs);
  const isAsked =
    asked.length === 0 ||
    asked.some((verb) => verbs.has(verb) || (verb === "setup" && setsUp(clause, { verbs, objects })));
  return isAsked && meets(about(clause.objects)) && [...clause.words].some((word) => bag.has(word));
}
