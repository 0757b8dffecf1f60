/**
 * Plain English as the matcher and the grading see it: tokens with their place in the sentence. Words fall into three
 * classes. `free` ones say nothing about what is asked and may be passed over; `weak` ones (prepositions, pronouns)
 * carry roles, so each must be met by the same word of an example; all others are `content` and must be accounted for.
 */
export interface Token {
  /** As written. */
  text: string;
  /** The English word that a word of another language stands for. */
  gloss?: string;
  /** The word that it counts as: lower case, singular, verbs by their leader (`create` counts as `add`). */
  canon: string;
  kind: "word" | "quoted" | "separator";
  class: "free" | "weak" | "content";
  start: number;
  end: number;
}

const list = (text: string) => text.trim().split(/\s+/);

const free = new Set([
  ...list("a an the please kindly can could would will you i we me us my our just now hey hi hello thanks thank"),
  ...list(
    "here today also some new so is are am be been have has do does this these those 's quickly still own latest pending",
  ),
  ...list("how what who which where when why should mind kind steward"),
  // Slips that nobody means anything else by.
  ...list("teh plese pls plz thx"),
]);
const weak = new Set(
  list("to for of in into on onto at from by with as it its that him her his them their about there"),
);
/** Words before a name: what follows is meant as a name, whatever else it may mean. */
const naming = new Set(list("called named name titled as"));
const weakAlike = [list("for of"), list("in into"), list("on onto at")];

/** Verbs that ask for the same. No two groups may be opposites. */
const verbGroups = [
  list("add create make give need want register insert put"),
  list("remove delete drop erase"),
  list("list show display enumerate tell"),
  list("restart relaunch bounce"),
  list("setup install configure provision"),
  list("stop halt"),
  list("start launch"),
  list("open"),
  list("close"),
  list("lock disable"),
  list("unlock enable"),
  list("reset"),
  list("update upgrade patch"),
  list("change modify edit rename move set"),
  list("reboot"),
  list("check test ping"),
  list("issue"),
  list("renew"),
];
/** Things with two names. */
const nounGroups = [
  list("certificate cert"),
  list("password pw passwd pwd"),
  list("machine box appliance computer device"),
  list("email e-mail"),
  list("user usr"),
  list("account acct"),
  list("directory dir"),
  list("point lead"),
];
const leaderOf = (groups: string[][]) =>
  new Map(groups.flatMap((group) => group.map((word) => [word, group[0] ?? word] as const)));
const verbLeader = leaderOf(verbGroups);
const leaders = new Set(verbLeader.values());
const nounLeader = leaderOf(nounGroups);

/** Things that "the" refers to and nobody is called. */
const generic = new Set([
  ...list("server box machine appliance computer device system host everything everybody everyone anything something"),
  ...list("thing stuff all any every each one ones other others same again last previous before usual"),
  // What describes a thing, or its place and time, is not its name.
  ...list(
    "old older unused unneeded empty nice little dear broken wrong right whole entire main current first second third next both another",
  ),
  ...list(
    "more less here there today tomorrow tonight yesterday later soon now already yet too then afterwards finally under enough though asap lately newest most least ahead quick ok okay best good sure alright slow",
  ),
  ...list(
    "if unless when while until because since or either neither nor whether whatever whichever whoever else instead",
  ),
  ...list(
    "only just even still maybe perhaps probably himself herself itself themselves myself he she they mine yours",
  ),
]);

/** Said in several words, meant as one. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\bset(ting)? up\b/gi, "setup"],
  [/\bget rid of\b/gi, "remove"],
  [/\b(?:want|wants|need|needs|like|have|has) (?:you )?to\b/gi, "please"],
  [/\bfor (?:me|us)\b(?=[\s.,!?]*(?:$|please|thanks|now))/gi, "please"],
  [/\bthanks? (?:a lot|so much|very much)\b/gi, "thanks"],
];

/** Splits a sentence into tokens. Text in quotes is one token: data, not words. */
export function tokenize(sentence: string): Token[] {
  const tokens: Token[] = [];
  const text = phrases.reduce((done, [phrase, word]) => done.replace(phrase, (found) => padTo(word, found)), sentence);
  const pattern =
    /"([^"]*)"|“([^”]*)”|(?<=^|\s)'([^']*)'(?=$|[\s.,!?])|(,|\n)|([^\s,"“”„«»]+)|„([^“”]*)[“”]|«([^»]*)»/g;
  for (const match of text.matchAll(pattern)) {
    const { index } = match;
    // « In French a space stands here. » Trimmed, not matched: where nothing closes it, a pattern would try every run of spaces.
    const spacedOut = match[7];
    const quoted = match[1] ?? match[2] ?? match[3] ?? match[6] ?? spacedOut?.trim();
    if (quoted !== undefined) {
      const lead = spacedOut === undefined ? 0 : spacedOut.length - spacedOut.trimStart().length;
      const start = index + 1 + lead;
      tokens.push({ text: quoted, canon: "", kind: "quoted", class: "content", start, end: start + quoted.length });
    } else if (match[4] !== undefined) {
      tokens.push(separator(",", index));
    } else if (match[5] !== undefined) {
      tokens.push(...wordTokens(match[5], index));
    }
  }
  return tokens;
}

/** Keeps the places of all other words. */
function padTo(word: string, found: string): string {
  return word.length >= found.length ? word : word + " ".repeat(found.length - word.length);
}

function wordTokens(raw: string, index: number): Token[] {
  const lead = /^[("[¿¡]*/.exec(raw)?.[0].length ?? 0;
  const bare = raw.slice(lead).replace(/[)\]!?:.,;]+$/, "");
  const isSentenceEnd = /[.!?]$/.test(raw);
  const out: Token[] = [];
  const owner = /^(.+)['’]s$/.exec(bare);
  const start = index + lead;
  const words = owner?.[1] === undefined ? [bare] : [owner[1], "'s"];
  let at = start;
  for (const text of words) {
    if (text === "") continue;
    out.push(wordToken(text, at));
    at += text.length;
  }
  if (raw.endsWith(";")) out.push(separator(",", index + raw.length - 1));
  // Which of them it was, its canon says.
  if (isSentenceEnd) out.push({ ...separator(".", index + raw.length - 1), canon: /\?[!?]*$/.test(raw) ? "?" : "." });
  return out;
}

function wordToken(text: string, start: number): Token {
  const lower = text.toLowerCase();
  if (/^[-–—]+$/.test(lower)) return separator(",", start);
  if (lower === "and" || lower === "then" || lower === "but" || lower === "&" || lower === "plus")
    return separator(lower, start);
  // An arrow is drawn for "to".
  const canon = isArrow(text) ? "to" : canonOf(lower);
  if (isArrow(text)) return { text, canon, kind: "word", class: "weak", start, end: start + text.length };
  return { text, canon, kind: "word", class: classOf(lower), start, end: start + text.length };
}

/** Whether a word says what is asked for, carries a role, or says nothing. */
export function classOf(word: string): Token["class"] {
  const lower = word.toLowerCase();
  // "She'll".
  if (/^(?:i|you|he|she|we|they|that|there)['’](?:ll|d|ve|re|m)$/.test(lower)) return "free";
  return free.has(lower) ? "free" : weak.has(lower) ? "weak" : "content";
}

/** The English word of a token, in lower case. */
export function wordOf({ gloss, text }: Pick<Token, "gloss" | "text">): string {
  return gloss ?? text.toLowerCase();
}

const commonEnglish = new Set(
  list("and then but was were user users account accounts share shares password added removed locked that this they"),
);

/** True for a word that these rules know as an English one. */
export function isEnglish(word: string): boolean {
  const lower = word.toLowerCase();
  return (
    free.has(lower) ||
    weak.has(lower) ||
    generic.has(lower) ||
    naming.has(lower) ||
    verbLeader.has(lower) ||
    nounLeader.has(lower) ||
    commonEnglish.has(lower)
  );
}

function separator(text: string, start: number): Token {
  return { text, canon: text, kind: "separator", class: "weak", start, end: start + text.length };
}

function isArrow(text: string): boolean {
  return text === "->" || text === "=>" || text === "→";
}

/** The word that a word counts as. */
export function canonOf(word: string): string {
  const lower = word.toLowerCase();
  const single = singular(lower);
  // What is done once more is done: "re-enable".
  if (lower.startsWith("re-")) {
    const again = verbLeader.get(`re${lower.slice(3)}`) ?? verbLeader.get(lower.slice(3));
    if (again !== undefined) return again;
  }
  return verbLeader.get(lower) ?? verbLeader.get(single) ?? nounLeader.get(single) ?? single;
}

/** The verb of which a word says that it is done: `removed` is `remove`. */
export function verbOfParticiple(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (!/e[dn]$|^(?:made|given|shown|told|set|reset)$/.test(lower)) return undefined;
  const irregular: Record<string, string> = { made: "make", given: "give", shown: "show", told: "tell" };
  const bare = [irregular[lower], lower.slice(0, -1), lower.slice(0, -2), lower.slice(0, -3), lower];
  return bare.map((form) => verbLeader.get(form ?? "")).find((leader) => leader !== undefined);
}

/** The verb of which a word says that it is being done: `restarting` is `restart`. */
export function verbOfGerund(word: string): string | undefined {
  const stem = /^(\w{3,})ing$/.exec(word.toLowerCase())?.[1];
  if (stem === undefined) return undefined;
  return [stem, `${stem}e`, stem.slice(0, -1)]
    .map((form) => verbLeader.get(form))
    .find((leader) => leader !== undefined);
}

function singular(word: string): string {
  if (word.length <= 3 || !word.endsWith("s") || /(?:ss|us|is|ias)$/.test(word)) return word;
  if (/(?:x|ss|ias|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  return word.slice(0, -1);
}

export function isVerb(canon: string): boolean {
  return leaders.has(canon);
}

export function isGeneric(word: string): boolean {
  return generic.has(word.toLowerCase());
}

export function isNaming(word: string): boolean {
  return naming.has(word.toLowerCase());
}

/** Weak words that stand for each other: "account of john", "account for john". */
export function areAlike(one: string, other: string): boolean {
  return one === other || weakAlike.some((group) => group.includes(one) && group.includes(other));
}

/** The verb that a misspelt word was meant to be, where exactly one is a single slip away. */
export function verbOfTypo(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length < 4 || !/^[a-z]+$/.test(lower)) return undefined;
  const meant = new Set<string>();
  for (const [verb, leader] of verbLeader) if (verb.length >= 4 && isOneSlip(lower, verb)) meant.add(leader);
  const [only] = meant;
  return meant.size === 1 ? only : undefined;
}

/** Two neighbours swapped. */
export function isSwap(one: string, other: string): boolean {
  return one.length === other.length && one !== other && isOneSlip(one, other) && sorted(one) === sorted(other);
}

function sorted(word: string): string {
  return word.split("").toSorted().join("");
}

/** One letter too many, too few, wrong, or two neighbours swapped. */
export function isOneSlip(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let from = 0;
  while (from < one.length && from < other.length && one[from] === other[from]) from += 1;
  const rest = (text: string, skip: number) => text.slice(from + skip);
  if (rest(one, 1) === rest(other, 1) || rest(one, 1) === rest(other, 0) || rest(one, 0) === rest(other, 1))
    return true;
  return one[from] === other[from + 1] && one[from + 1] === other[from] && rest(one, 2) === rest(other, 2);
}

const asking =
  /^(?:how|why|when|where|should|shall|did|does|do|is|are|was|were|if|what|who|which|may|might|has|have)\b/i;
/** Asked as a favour: "could you", "can we have". */
const favour =
  /\b(?:can|could|would|will|may) (?:you|we|i (?:please )?(?:have|get)|[\w@.-]+ (?:please )?be)\b|\b(?:please|mind)\b/i;
/** A question rather than an order: it may be answered, and must not change anything. */
export function isQuestion(sentence: string): boolean {
  const text = sentence.trim();
  // "Do restart it", "do a restart".
  const done = /^do (?:please )?(\w+)\b/i.exec(text)?.[1]?.toLowerCase() ?? "";
  if (/^an?$/.test(done) || (verbLeader.has(done) && !/\?["'”’)]*$/.test(text))) return false;
  if (asking.test(text) || /^(?:can|could|may|must) (?:i|he|she|they|it)\b(?! (?:please )?(?:have|get)\b)/i.test(text))
    return true;
  return /\?["'”’)]*$/.test(text) && !favour.test(text);
}
