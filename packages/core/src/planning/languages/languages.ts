import { canonOf, classOf, isEnglish, type Token } from "../words.ts";
import { french } from "./french.ts";
import { german } from "./german.ts";
import { spanish } from "./spanish.ts";
import { folded, type LanguageTable } from "./table.ts";

/*
 * Other languages than English, as the grading sees them: each word with the English one that it stands for. Which language a
 * request is in is a guess, and no rule that keeps something from being done depends on it: what says no, not now or only if
 * counts in every language, and a word of another language that is not understood is never passed over (`grade-answer.ts`).
 */

interface Language {
  table: LanguageTable;
  /** Folded words, several joined by one space, and what they stand for. */
  glosses: ReadonlyMap<string, string>;
  /** Those of them that end in an accent. */
  accented: ReadonlySet<string>;
  /** Verbs in two halves. */
  halves: readonly { first: string; last: string; gloss: string }[];
}

/** Means nothing, and stands where the rest of several words stood that are one. */
const filler = "please";

const englishNumbers =
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred".split(
    " ",
  );

const languages: readonly Language[] = [german, spanish, french].map(languageOf);

function languageOf(table: LanguageTable): Language {
  const glosses = new Map<string, string>();
  const halves: Language["halves"][number][] = [];
  const accented = new Set<string>();
  const add = (form: string, gloss: string) => {
    const [first, last] = folded(form).split("+");
    if (first !== undefined && last !== undefined) halves.push({ first, last, gloss });
    else if (first !== undefined && !glosses.has(first.replaceAll("_", " "))) {
      const key = first.replaceAll("_", " ");
      glosses.set(key, gloss);
    }
    if (isAccentedAtEnd(form)) accented.add(folded(form).replaceAll("_", " "));
  };
  for (const line of table.words.trim().split("\n")) {
    const [english = "", forms = ""] = line.trim().split(": ");
    for (const form of forms.split(" ")) add(form, english.replaceAll("_", " "));
  }
  for (const [at, word] of table.numbers.split(/\s+/).entries()) add(word, englishNumbers[at] ?? "");
  for (const [unit, forms] of Object.entries(table.units)) for (const form of forms.split(" ")) add(form, unit);
  return { table, glosses, accented, halves };
}

/** `bloqué` is done, `bloque` is asked for: the accent at the end is never passed over. */
function isAccentedAtEnd(word: string): boolean {
  return /[áéíóúàèùâêîôû](?:e?s?)$/u.test(word.toLowerCase().normalize("NFC"));
}

/** Tokens that are in another language, with the English words that they stand for; undefined for English ones. */
export function glossed(tokens: readonly Token[]): Token[] | undefined {
  const split = tokens.flatMap(splitElision).flatMap(splitCompound);
  const scores = languages.map((language) => {
    const words = split.filter((token) => token.kind === "word").map((token) => folded(token.text));
    const own = words.filter((word) => !isEnglish(word) && isOwn(language, word)).length;
    const english = words.filter((word) => isEnglish(word) && !isOwn(language, word)).length;
    return { language, own, english };
  });
  const [best, next] = scores.toSorted((a, b) => b.own - a.own);
  if (best === undefined || best.own === 0 || best.own <= best.english || best.own === next?.own) return undefined;
  return glossedIn(best.language, split);
}

function isOwn({ glosses, halves }: Language, word: string): boolean {
  return lookUp(glosses, word) !== undefined || halves.some(({ first }) => first === word);
}

/** `loeschen` is written for `löschen` where there is no such key. */
function lookUp(glosses: ReadonlyMap<string, string>, word: string): string | undefined {
  return glosses.get(word) ?? glosses.get(unspelt(word));
}

function isWord(one: string, word: string): boolean {
  return one === word || one === unspelt(word);
}

function unspelt(word: string): string {
  return word.replace(/([aou])e/g, "$1");
}

function glossedIn({ glosses, accented, halves }: Language, tokens: readonly Token[]): Token[] {
  const words = tokens.map((token) => (token.kind === "word" ? folded(token.text) : ""));
  const found: (string | undefined)[] = tokens.map(() => undefined);
  for (let at = 0; at < tokens.length; at += 1) {
    if (found[at] !== undefined || words[at] === "") continue;
    for (let length = 4; length >= 1; length -= 1) {
      const phrase = words.slice(at, at + length);
      const gloss = phrase.includes("") || phrase.length < length ? undefined : lookUp(glosses, phrase.join(" "));
      if (gloss === undefined) continue;
      const last = tokens[at + length - 1]?.text ?? "";
      if (isAccentedAtEnd(last) && !accented.has(phrase.join(" "))) continue;
      found[at] = gloss;
      found.fill(filler, at + 1, at + length);
      break;
    }
  }
  const parts = partsOf(tokens, found);
  for (const [place, part] of parts.entries()) {
    for (const { first, last, gloss } of halves) {
      const from = part.find((at) => isWord(first, words[at] ?? ""));
      if (from === undefined) continue;
      // "Lege die Benutzer anna und bob an": the end may stand after an "and".
      const ends = parts.slice(place).map((one) => one.findLast((at) => found[at] !== filler));
      const to = ends.find((at) => at !== undefined && words[at] === last);
      if (to === undefined || to <= from) continue;
      if (tokens.slice(from, to).some((token) => token.text === "." && token.kind === "separator")) continue;
      found[from] = gloss;
      found[to] = filler;
      break;
    }
  }
  return tokens.flatMap((token, at) => {
    const gloss = found[at];
    return gloss === undefined ? [token] : glossToken(token, gloss);
  });
}

/** Places of the tokens between two breaks. */
function partsOf(tokens: readonly Token[], found: readonly (string | undefined)[]): number[][] {
  const parts: number[][] = [[]];
  for (const [at, token] of tokens.entries()) {
    if (token.kind === "separator" || isBreak(found[at])) parts.push([]);
    else parts.at(-1)?.push(at);
  }
  return parts;
}

function isBreak(gloss: string | undefined): boolean {
  return gloss === "and" || gloss === "then" || gloss === "but";
}

function glossToken(token: Token, gloss: string): Token[] {
  if (isBreak(gloss)) return [{ ...token, text: gloss, canon: gloss, kind: "separator", class: "weak" }];
  return gloss.split(" ").map((word, at) => ({
    ...token,
    // The second English word of one that is written in one has no text of its own.
    text: at === 0 ? token.text : "",
    start: at === 0 ? token.start : token.end,
    gloss: word,
    canon: canonOf(word),
    class: classOf(word),
  }));
}

/** `l'utilisateur` is two words, and `montre-moi` too. */
function splitElision(token: Token): Token[] {
  if (token.kind !== "word") return [token];
  const at =
    /^(?:[ldjmtsc]|qu)['’](?=.)/i.exec(token.text)?.[0].length ??
    /^\p{L}+(?=-(?:moi|nous|lui|leur|le|la|les)$)/iu.exec(token.text)?.[0].length;
  if (at === undefined) return [token];
  const cut = (from: number, to: number): Token => {
    const text = token.text.slice(from, to).replace(/['’]$|^-/, "");
    return {
      ...token,
      text,
      canon: canonOf(text),
      class: classOf(text),
      start: token.start + from,
      end: token.start + to,
    };
  };
  return [cut(0, at), cut(at, token.text.length)];
}

/** `Samba-Passwort` and `UDP-Port` are two words, where the second is one that is known. */
function splitCompound(token: Token): Token[] {
  const [, first = "", second = ""] = /^(\p{L}+)-(\p{L}+)$/u.exec(token.text) ?? [];
  const isKnown =
    /^(?:port|server|service|log)$/i.test(second) ||
    languages.some(({ glosses }) => lookUp(glosses, folded(second)) !== undefined);
  if (token.kind !== "word" || first === "" || !isKnown || languages.some((one) => isOwn(one, folded(token.text))))
    return [token];
  const cut = (text: string, start: number): Token => ({
    ...token,
    text,
    canon: canonOf(text),
    class: classOf(text),
    start,
    end: start + text.length,
  });
  return [cut(first, token.start), cut(second, token.start + first.length + 1)];
}
