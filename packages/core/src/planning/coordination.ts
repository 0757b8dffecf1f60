import type { IndexedAction } from "./action-index.ts";
import { factsOf } from "./match-clause.ts";
import type { PlanningContext } from "./planning-types.ts";
import { isVerb, type Token } from "./words.ts";

/**
 * "Lock kim and lee" is two requests in one breath: the sentence once with each of the names. None where the words
 * do not have exactly one such list, or it does not say that several things of a kind are meant: by a plural ("users lena and
 * tobias"), by names that the targets know, or by what reads as a value wherever it stands (an address, a number).
 */
export function onceForEach(
  words: readonly Token[],
  isPlural: boolean,
  known: ReadonlySet<string>,
): { item: Token; words: Token[] }[] {
  const runs = runsOf(words);
  const [run] = runs;
  if (run === undefined || runs.length > 1) return [];
  const items = words.slice(run.from, run.to).filter((token) => token.kind !== "separator");
  const isSaid = isPlural || items.every(({ text }) => known.has(text.toLowerCase()) || /[^\p{L}]/u.test(text));
  if (!isSaid) return [];
  return items.map((item) => ({ item, words: [...words.slice(0, run.from), item, ...words.slice(run.to)] }));
}

interface Run {
  from: number;
  /** After its last token. */
  to: number;
}

/** Lists of single words: each joined to the next by a comma or an "and". */
function runsOf(words: readonly Token[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < words.length; at += 1) {
    if (!isItem(words[at])) continue;
    let to = at + 1;
    for (;;) {
      let next = to;
      while (words[next]?.kind === "separator" && words[next]?.text !== "." && next < to + 2) next += 1;
      if (next === to || !isItem(words[next])) break;
      to = next + 1;
    }
    if (to > at + 1) {
      runs.push({ from: at, to });
      at = to - 1;
    }
  }
  return runs;
}

function isItem(token: Token | undefined): boolean {
  return token?.kind === "quoted" || (token?.kind === "word" && token.class === "content");
}

/** The things of the catalogue that are named in the plural: "users", "ports", "passwords". */
export function pluralsOf(index: readonly IndexedAction[], words: readonly Token[]): Set<string> {
  const plurals = words.filter(
    ({ kind, text, canon }) =>
      kind === "word" &&
      /s$/i.test(text) &&
      text.toLowerCase() !== canon &&
      !isVerb(canon) &&
      index.some((one) => one.bag.has(canon)),
  );
  return new Set(plurals.map(({ canon }) => canon));
}

/** Every name that all targets know, of whatever kind. */
export function knownNames({ targets }: PlanningContext): Set<string> {
  const kinds = [
    "users",
    "groups",
    "shares",
    "services",
    "domains",
    "mailDomains",
    "mailboxes",
    "certificates",
  ] as const;
  return new Set(targets.flatMap(({ facts }) => kinds.flatMap((kind) => factsOf(facts, kind))));
}
