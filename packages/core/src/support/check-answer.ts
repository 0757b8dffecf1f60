import { defaults } from "@steward/contracts/defaults";
import { holdsSecret } from "@steward/contracts/redact";
import { notKnown } from "./answer-prompt.ts";
import type { Material } from "./passage.ts";
import { termOf, wordsOf } from "./terms.ts";

/** What an answer of a model is worth. */
export type CheckedAnswer =
  /** It holds: `cited` are the numbers of the passages that it names, `proposal` the words of its last line, which nobody has checked. */
  | { kind: "answer"; text: string; cited: number[]; grade: number; proposal?: string }
  /** The model says itself that the sources do not answer it. */
  | { kind: "unknown"; why: string; grade: number }
  /** `form`: it may be right, and was only not written as was asked for. */
  | { kind: "unsure"; why: string; grade: number; form?: true };

/** So much of what an English answer says must be said by what it cites, or by the question. */
const leastSupport = 0.5;

/**
 * Holds a model's words to the sources that it was given. Cheap and strict rather than clever: it must cite, every citation
 * must be there, and every address, command, path and number in it must stand in a document or in the question. A good
 * answer that is refused costs a look at the next tier; a made-up command would be typed in by somebody.
 */
export function checkAnswer(output: string, question: string, material: Material): CheckedAnswer {
  const { text, proposal } = splitProposal(output.trim());
  const unsure = (why: string): CheckedAnswer => ({ kind: "unsure", why, grade: 0 });
  const badForm = (why: string): CheckedAnswer => ({ kind: "unsure", why, grade: 0, form: true });
  if (text === "") return badForm("it is empty");
  const cited = citationsIn(text);
  if (isUnknown(text) && cited.length === 0) {
    return { kind: "unknown", why: "the model says that the sources do not answer it", grade: 0 };
  }
  if (text.length > defaults.maxAnswerCharacters) return badForm("it is too long");
  const problem = problemOfText(text, question, material);
  if (problem !== undefined) return unsure(problem);
  if (cited.length === 0) return badForm("it cites no source");
  const missing = cited.find((number) => number > material.passages.length || number < 1);
  if (missing !== undefined) return badForm(`it cites [${missing}], which is not there`);
  const support = supportOf(text, question, {
    passages: cited.flatMap((number) => material.passages[number - 1] ?? []),
  });
  if (support < leastSupport) return { kind: "unsure", why: "it says what its sources do not", grade: support };
  return { kind: "answer", text, cited, grade: support, ...(proposal === undefined ? {} : { proposal }) };
}

/**
 * What speaks against showing a text, also while it is still growing: a secret, control characters, an address, command
 * or path that is in no document and not in the question. Undefined: nothing.
 */
export function problemOfText(text: string, question: string, material: Material): string | undefined {
  if (holdsSecret(text)) return "it has a secret in it";
  if (/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/.test(text)) {
    return "it has invisible characters in it";
  }
  const known = knownIn(question, material);
  for (const [link] of text.matchAll(
    /\b[a-z][a-z0-9+.-]*:\/\/[^\s)\]>"'`]+|\b(?:www\.|mailto:|javascript:|data:)[^\s)\]>"'`]*/gi,
  )) {
    if (!standsIn(known.text, bare(link))) return `it names an address that is in no document: ${link.slice(0, 80)}`;
  }
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s]*)\)?/g)) {
    if (!standsIn(known.text, bare(target))) return `it links to what is not there: ${target.slice(0, 80)}`;
  }
  for (const [, code = ""] of text.matchAll(/`+([^`]+)`+/g)) {
    if (known.names.has(code.trim().toLowerCase())) continue;
    const words = code.trim().split(/\s+/);
    const strange = words.find((word) => !isPlaceholder(word) && !standsIn(known.text, bare(word)));
    if (strange !== undefined) return `it writes what no document does: ${strange.slice(0, 80)}`;
    // Words of several commands do not make one.
    const apart = words.findIndex((word, at) => !standTogether(known, word, words[at + 1]));
    if (apart >= 0)
      return `it writes what no document does: ${words
        .slice(apart, apart + 2)
        .join(" ")
        .slice(0, 80)}`;
  }
  for (const [word] of text
    .replace(/`[^`]*`/g, " ")
    .replace(/\[\d+\]/g, " ")
    .matchAll(hardWord)) {
    const plain = bare(word);
    if (!known.names.has(plain) && !standsIn(known.text, plain))
      return `it names what no document does: ${word.slice(0, 80)}`;
  }
  return undefined;
}

/** Paths, options, addresses, host names, and numbers of two digits and more: what somebody would type in. */
const hardWord =
  /(?<![\p{L}\p{N}])(?:~?\/[\w./-]{2,}|\\\\[\w.\\-]+|--[a-z][\w-]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:\d{1,3}\.){3}\d{1,3}|[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[a-z]{2,}(?![\p{L}\p{N}])|\d[\d.,]*\d)/giu;

interface Known {
  /** All documents and the question, in lower case. */
  text: string;
  /** The same as bare words, one space between them. */
  spoken: string;
  /** The question's words, which may stand where a document has a placeholder. */
  asked: Set<string>;
  /** Names of an appliance's own, which stand for themselves and are part of nothing else. */
  names: Set<string>;
}

function knownIn(question: string, { passages }: Material): Known {
  const documents = passages.filter(({ source }) => source !== "facts");
  const facts = passages.filter(({ source }) => source === "facts");
  const text = [question, ...documents.map(({ title, text: words, href = "" }) => `${title}\n${words}\n${href}`)]
    .join("\n")
    .toLowerCase();
  return {
    text,
    spoken: spokenWords(text).join(" "),
    asked: new Set(spokenWords(question)),
    names: new Set(
      facts.flatMap(({ text, title }) =>
        `${title.replace(/^What | says of itself$/g, "")}\n${text.replace(/^[^:]*: /gm, "")}`
          .toLowerCase()
          .split(/,\s*|\n|\s+/)
          .filter((name) => name !== ""),
      ),
    ),
  };
}

function spokenWords(text: string): string[] {
  return text
    .replaceAll("`", " ")
    .split(/\s+/)
    .map(bare)
    .filter((word) => word !== "");
}

/** Whether a document says the one right after the other, where neither is somebody's own word. */
function standTogether({ spoken, asked, names }: Known, word: string, next: string | undefined): boolean {
  const isOwn = (one: string) => isPlaceholder(one) || asked.has(bare(one)) || names.has(bare(one));
  if (next === undefined || isOwn(word) || isOwn(next)) return true;
  return standsIn(spoken, `${bare(word)} ${bare(next)}`);
}

/** As a word of its own: "port 44" is not what a document says that names port 445, nor `rm` what has "confirm" in it. */
function standsIn(text: string, word: string): boolean {
  if (word === "") return true;
  const isPart = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const startsInside = isPart(text[at - 1]) && isPart(word[0]);
    const endsInside = isPart(text[at + word.length]) && isPart(word.at(-1));
    if (!startsInside && !endsInside) return true;
  }
  return false;
}

function bare(word: string): string {
  return word
    .toLowerCase()
    .replace(/^["'“„(]+|["'”“),.;:!?]+$/g, "")
    .replace(/…$/, "");
}

function isPlaceholder(word: string): boolean {
  return /^["']?[<{_].*[>}_]["']?$/.test(word) || bare(word) === "" || /^[…\-|=]+$/.test(word);
}

/** The last line, where it is one. In any other place it is words like all others, and is refused by nobody's asking for it. */
function splitProposal(output: string): { text: string; proposal?: string } {
  const lines = output.split("\n");
  const last = /^\s*PROPOSAL:\s*(.{3,300})$/.exec(lines.at(-1) ?? "");
  const text = lines
    .filter((line) => !/^\s*PROPOSAL:/.test(line))
    .join("\n")
    .trim();
  return last?.[1] === undefined ? { text } : { text, proposal: last[1].trim() };
}

function isUnknown(text: string): boolean {
  return text.toLowerCase().startsWith(notKnown.toLowerCase());
}

function citationsIn(text: string): number[] {
  const numbers = [...text.matchAll(/\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g)].flatMap(([, list = ""]) =>
    list.split(",").map((number) => Number(number.trim())),
  );
  return [...new Set(numbers)];
}

/**
 * The share of an answer's words that its sources or the question have too. Of another language than the documents' it
 * says nothing: there the names, commands and numbers are what is held to them, and citing counts.
 */
function supportOf(text: string, question: string, { passages }: Material): number {
  const terms = (from: string) => wordsOf(from).flatMap((word) => termOf(word) ?? []);
  const own = [...new Set(terms(text.replace(/\[[\d, ]+\]/g, " ")))];
  if (own.length === 0 || !isEnglish(text)) return 0.75;
  const said = new Set([question, ...passages.map(({ title, text: words }) => `${title} ${words}`)].flatMap(terms));
  return own.filter((term) => said.has(term)).length / own.length;
}

function isEnglish(text: string): boolean {
  const words = wordsOf(text);
  const count = (list: ReadonlySet<string>) => words.filter((word) => list.has(word)).length;
  return count(english) >= count(others);
}

const english = new Set(
  "the a an is are to of and or in on for with your you it that this be can not from by as at".split(" "),
);
const others = new Set(
  "der die das den und oder ist sind zu im auf mit fuer von ein eine sie es nicht el la los las y o es son en de para con un una le les et ou est sont des du dans pour avec".split(
    " ",
  ),
);
