import type { IndexedAction } from "./action-index.ts";
import {
  isGeneric,
  isNaming,
  isOneSlip,
  isSwap,
  type Token,
  verbOfGerund,
  verbOfParticiple,
  verbOfTypo,
} from "./words.ts";

const vocabularies = new WeakMap<readonly IndexedAction[], Vocabulary>();

interface Vocabulary {
  /** Every word that speaks for some action. */
  words: ReadonlySet<string>;
  /** Those that are long enough for a slip to leave no doubt, by their length. */
  long: ReadonlyMap<number, readonly string[]>;
}

/**
 * The words with the slips of the pen mended: a word that is none of the catalogue's, and exactly one of them is a single
 * slip away. Never a name: what is quoted, called something, capitalised in the middle, or known to a target stays as it is.
 * Undefined where nothing was mended.
 */
export function withoutSlips(
  index: readonly IndexedAction[],
  words: readonly Token[],
  known: ReadonlySet<string>,
  /** What was found before for the same sentence. */
  found: Map<string, string | undefined>,
): Token[] | undefined {
  const { words: all, long } = vocabularyOf(index);
  let verbs = 0;
  let mended = false;
  const fixed = words.map((token, at) => {
    if (token.kind !== "word" || token.class !== "content") return token;
    const isFirst = verbs === 0;
    verbs += 1;
    const lower = token.text.toLowerCase();
    // "Removed" tells what was done, and is no slip of "remove".
    if (verbOfParticiple(lower) !== undefined || verbOfGerund(lower) !== undefined) return token;
    if (all.has(token.canon) || known.has(lower) || isGeneric(lower) || !/^[a-z]{4,}$/i.test(token.text)) return token;
    if (at > 0 && (isNaming(words[at - 1]?.text ?? "") || (/^[A-Z][a-z]/.test(token.text) && !isFirst))) return token;
    const key = `${isFirst} ${lower}`;
    if (!found.has(key)) found.set(key, (isFirst ? verbOfTypo(lower) : undefined) ?? wordOfTypo(lower, long));
    const canon = found.get(key);
    if (canon === undefined) return token;
    mended = true;
    return { ...token, canon };
  });
  return mended ? fixed : undefined;
}

function wordOfTypo(lower: string, long: Vocabulary["long"]): string | undefined {
  const meant = new Set<string>();
  for (const length of [lower.length - 1, lower.length, lower.length + 1]) {
    for (const word of long.get(length) ?? []) {
      if (length >= 5 && lower.length >= 5 ? isOneSlip(lower, word) : isSwap(lower, word)) meant.add(word);
    }
  }
  const [only] = meant;
  return meant.size === 1 ? only : undefined;
}

function vocabularyOf(index: readonly IndexedAction[]): Vocabulary {
  const known = vocabularies.get(index);
  if (known !== undefined) return known;
  const words = new Set(index.flatMap((one) => [...one.bag]));
  const made = {
    words,
    long: Map.groupBy(
      [...words].filter((word) => /^[a-z]{4,}$/.test(word)),
      ({ length }) => length,
    ),
  };
  vocabularies.set(index, made);
  return made;
}
