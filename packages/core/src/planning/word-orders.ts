import { isVerb, type Token, verbOfParticiple } from "./words.ts";

/**
 * The same request in the order in which the catalogue's examples have it: the verb first. People also put it last
 * ("user kim: delete"), in the middle ("user add kim"), say what should be done with a thing ("the share papers should
 * be removed"), or only that there should be a new one ("new user: kim"). No word is added but the verb that "new" stands
 * for, none that asks for something is left out.
 */
export function otherOrders(words: readonly Token[]): Token[][] {
  const shortened = withoutEdges(words);
  const orders = [shortened, passive(shortened), verbFirst(shortened), verbOfNew(shortened)];
  return orders.filter((order): order is Token[] => order !== undefined && order !== words);
}

const opening = new Set(["first", "next", "finally", "also"]);
const closing = new Set(["again", "afterwards", "finally", "too", "first"]);

/** Without what only tells its place among other requests: "then", "afterwards", "close the port again". */
function withoutEdges(words: readonly Token[]): Token[] {
  let kept = [...words];
  while (opening.has(kept[0]?.text.toLowerCase() ?? "") || kept[0]?.kind === "separator") kept = kept.slice(1);
  while (closing.has(kept.at(-1)?.text.toLowerCase() ?? "")) kept = kept.slice(0, -1);
  return kept;
}

const modal = new Set(["should", "must", "can", "could", "please"]);

function passive(words: readonly Token[]): Token[] | undefined {
  const be = words.findIndex((token) => token.kind === "word" && token.text.toLowerCase() === "be");
  const done = words[be + 1];
  if (be < 1 || done?.kind !== "word" || words.some(isVerbToken)) return undefined;
  const canon = verbOfParticiple(done.text);
  // "Can bob be removed" asks for an answer; "bob can be removed" says what may be done.
  if (canon === undefined || !modal.has(words[be - 1]?.text.toLowerCase() ?? "")) return undefined;
  return [{ ...done, canon }, ...words.filter((_, at) => at < be - 1 || at > be + 1)];
}

function verbFirst(words: readonly Token[]): Token[] | undefined {
  const verbs = words.filter(isVerbToken);
  const [verb] = verbs;
  const first = words.find((token) => token.class === "content");
  if (verb === undefined || verbs.length > 1 || verb === first) return undefined;
  // Who did or does something is no order: "anna removes the share".
  if (/s$/i.test(verb.text) && verb.text.toLowerCase() !== verb.canon) return undefined;
  return [verb, ...words.filter((token) => token !== verb)];
}

function verbOfNew(words: readonly Token[]): Token[] | undefined {
  const first = words.findIndex((token) => token.class === "content");
  const isNew = words.slice(0, Math.max(0, first)).some((token) => token.text.toLowerCase() === "new");
  if (!isNew || words.some(isVerbToken)) return undefined;
  const { start, end } = words[0] ?? { start: 0, end: 0 };
  return [{ text: "new", canon: "add", kind: "word", class: "content", start, end }, ...words];
}

export function isVerbToken(token: Token): boolean {
  return token.kind === "word" && token.class === "content" && isVerb(token.canon);
}
