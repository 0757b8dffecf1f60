import { rephrased, withVerbsOfParticiples } from "./phrases.ts";
import { isNegated, withoutReasons } from "./screen-instruction.ts";
import { canonOf, type Token, tokenize, wordOf } from "./words.ts";

/** An instruction as evidence: its tokens, and which of them stand in a part that says "not". */
export interface Evidence {
  tokens: Token[];
  negated: boolean[];
  /** True where no part of the sentence asks for anything positively. */
  allNegated: boolean;
  /** In another language than English, as far as can be told. */
  isForeign: boolean;
}

export function evidenceOf(
  said: string,
  {
    names = new Set(),
    translate = () => undefined,
    mend = (tokens) => tokens,
  }: {
    /** What is there, in lower case. */
    names?: ReadonlySet<string>;
    /** The tables of other languages, for whoever has loaded them: undefined for what is in none of those. */
    translate?: (tokens: readonly Token[]) => Token[] | undefined;
    mend?: (tokens: Token[]) => Token[];
  } = {},
): Evidence {
  const instruction = rephrased(withoutReasons(said));
  const plain = withOwners(tokenize(instruction), names);
  const translated = translate(plain);
  const tokens = withVerbsOfParticiples(translated ?? mend(plain));
  const negated = tokens.map(() => false);
  let from = 0;
  let parts = 0;
  let negatedParts = 0;
  for (let at = 0; at <= tokens.length; at += 1) {
    const token = tokens[at];
    if (token !== undefined && token.kind !== "separator") continue;
    const first = tokens[from];
    const last = tokens[at - 1];
    if (first !== undefined && last !== undefined && from < at) {
      parts += 1;
      const part = instruction.slice(first.start, last.end);
      const instead = tokens.findIndex((_, k) => k > from && k < at && isInstead(tokens, k));
      if (instead !== -1 && !isNegated(instruction.slice(first.start, tokens[instead]?.start))) {
        // "Lock bob instead of anna" says what should be as well.
        negated.fill(true, instead, at);
      } else if (isNegated(part)) {
        negatedParts += 1;
        negated.fill(true, from, at);
      }
    }
    from = at + 1;
  }
  // What a "not" is about is told apart in English only.
  const allNegated = parts > 0 && (parts === negatedParts || (translated !== undefined && isNegated(instruction)));
  return { tokens, negated, allNegated, isForeign: translated !== undefined };
}

/** "Bobs password" is bob's, where there is a bob and no bobs. */
function withOwners(tokens: readonly Token[], names: ReadonlySet<string>): Token[] {
  return tokens.flatMap((token, at) => {
    const text = token.text.slice(0, -1);
    const isOwner =
      token.kind === "word" &&
      /s$/i.test(token.text) &&
      names.has(text.toLowerCase()) &&
      !names.has(token.text.toLowerCase()) &&
      tokens[at + 1]?.kind === "word" &&
      tokens[at + 1]?.class === "content";
    if (!isOwner) return [token];
    const owner: Token = { ...token, text, canon: canonOf(text), end: token.end - 1 };
    return [owner, { ...token, text: "s", canon: "'s", class: "free", start: token.end - 1 }];
  });
}

function isInstead(tokens: readonly Token[], at: number): boolean {
  const [one, next] = [tokens[at], tokens[at + 1]];
  if (one === undefined || next === undefined) return false;
  return ["instead of", "rather than"].includes(`${wordOf(one)} ${wordOf(next)}`);
}
