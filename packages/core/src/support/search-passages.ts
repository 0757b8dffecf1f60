import MiniSearch from "minisearch";
import { documentationWords } from "./everyday-words.ts";
import type { Passage } from "./passage.ts";
import { isGerman, termOf, wordsOf } from "./terms.ts";

/** Finds the passages that fit a question best, best first; none where nothing is about it. */
export type SearchPassages = (question: string, options?: { limit?: number }) => Passage[];

const defaultLimit = 6;
/** A word of the documentation's that stands for one that was said counts so much of it. */
const standInWeight = 0.55;
/** So many of a question's words must mean something here; else the question is about something else. */
const leastUnderstood = 0.5;
/** Of German only what stands in the lists is understood at all. */
const leastUnderstoodGerman = 0.34;

/** Prepares the passages, once: it reads all of them. */
export function createSearch(passages: readonly Passage[]): SearchPassages {
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  /** Whether the documentation has the word at all, so that a slip of the pen is looked for only where it has not. */
  const known = new Set<string>();
  const index = new MiniSearch<Passage>({
    fields: ["title", "text", "words"],
    tokenize: wordsOf,
    processTerm: (word) => {
      const term = termOf(word);
      if (term !== undefined) known.add(term);
      return term ?? null;
    },
    searchOptions: { boost: { title: 2, words: 1.5 } },
  });
  index.addAll(passages.map((passage) => ({ ...passage, words: passage.words ?? "" })));

  /** How well a word fits each passage, from 0 to its weight: rare words weigh more, and so does what stands in a heading. */
  function fitsOf(term: string, options: { fuzzy?: number; prefix?: boolean } = {}): Map<string, number> {
    const hits = index.search(term, { processTerm: (given) => given, tokenize: (text) => [text], ...options });
    const best = Math.max(...hits.map(({ score }) => score));
    const weight = Math.log(1 + passages.length / hits.length);
    return new Map(hits.map(({ id, score }) => [String(id), weight * Math.sqrt(score / best)]));
  }

  return (question, { limit = defaultLimit } = {}) => {
    const asked = askedWords(question);
    const meant = asked.filter(({ term, standIns }) => known.has(term) || standIns.length > 0 || term.length >= 5);
    const found = new Map<string, { score: number; met: number }>();
    let understood = 0;
    for (const { term, standIns } of meant) {
      const best = new Map<string, number>();
      const add = (fits: Map<string, number>, weight: number) => {
        for (const [id, fit] of fits) best.set(id, Math.max(best.get(id) ?? 0, fit * weight));
      };
      add(fitsOf(term), 1);
      for (const one of standIns) add(fitsOf(one), standInWeight);
      // What the documentation does not have: the beginning of one of its words, or a slip of the pen.
      if (best.size === 0 && term.length >= 4) add(fitsOf(term, { prefix: true }), 0.8);
      if (best.size === 0 && term.length >= 6) add(fitsOf(term, { fuzzy: 0.2 }), 0.6);
      if (best.size > 0) understood += 1;
      for (const [id, score] of best) {
        const before = found.get(id) ?? { score: 0, met: 0 };
        found.set(id, { score: before.score + score, met: before.met + 1 });
      }
    }
    if (understood < asked.length * (isGerman(question) ? leastUnderstoodGerman : leastUnderstood)) return [];
    return [...found]
      .filter(([, { met }]) => understood < 3 || met >= 2)
      .map(([id, { score, met }]) => ({ id, rank: score * (0.4 + (0.6 * met) / understood) * weightOf(id) }))
      .toSorted((one, other) => other.rank - one.rank)
      .slice(0, limit)
      .flatMap(({ id }) => byId.get(id) ?? []);
  };
}

/** What to do about an alarm is looked for by its name; who asks how something is done is told elsewhere. */
function weightOf(id: string): number {
  return id.startsWith("docs/runbooks/") ? 0.8 : 1;
}

function askedWords(question: string): { term: string; standIns: string[] }[] {
  const asked = new Map<string, { term: string; standIns: string[] }>();
  for (const word of wordsOf(question)) {
    const term = termOf(word);
    if (term === undefined) continue;
    const standIns = documentationWords(word).map((one) => termOf(one) ?? one);
    asked.set(term, { term, standIns: [...new Set(standIns)].filter((one) => one !== term) });
  }
  return [...asked.values()];
}
