/**
 * Secrets that a person types into a sentence: "set the password of john to …". They are looked for before the sentence is
 * stored or shown to a model. English and German, as requests are written; in doubt a word counts as one.
 */
const spokenNames =
  "(?:pass(?:words?|phrases?|codes?|wort|wd)|kennw(?:o|ö)rte?r?|pwd|pin(?: code)?|(?:api|secret|private|access) keys?|secrets?|access tokens?)";
const owner = "(?:\\s+(?:of|for|from|von|für)\\s+(?:(?!(?:to|is|as|be|auf|ist|=)\\b)[^\\s,;:]+\\s*){1,5}?)?";
const quoted = "[\"'“”‘’„«»`]";
const secretPhrases: readonly RegExp[] = [
  // the password of john to X · password: X · the password should be X
  new RegExp(
    `\\b${spokenNames}\\b${owner},?\\s*(?:(?:(?:back\\s+)?to|into|as|is|be|auf|ist|lautet|(?:should|shall|must|will|to)\\s+be|equals?)\\s+|[=:]\\s*)(?:be\\s+)?(?:now\\s+)?(${quoted}?)([^\\s"“”„«»\`]+)`,
    "giu",
  ),
  // the password "X" · with password X
  new RegExp(`\\b${spokenNames}\\b${owner}\\s+(${quoted})([^"“”„«»\`\\n]+)`, "giu"),
  new RegExp(
    `\\b(?:with|using|mit|and|und)\\s+(?:(?:the|a|an|his|her|its|their|dem)\\s+)?${spokenNames}\\s+()([^\\s"“”„«»\`]+)`,
    "giu",
  ),
];
/** use X as his password · X is the password */
const secretFirst = new RegExp(
  `(?<!\\S)(${quoted}?)([^\\s"“”„«»\`]{1,100}?)${quoted}?\\s+(?:as|for|is|to be|als|ist)\\s+(?:(?:the|a|an|his|her|its|their|my|our|new|das|neues?)\\s+){0,3}${spokenNames}\\b`,
  "giu",
);

const maySay = /pass|kennw|pwd|\bpin\b|secret|access token|(?:api|private|access) key/i;

/** Words that say something about a password and are none. */
const aboutOnes = new Set(
  (
    "a an the one ones new old another other some something anything any it its this that these those them their his her my our your " +
    "random randomly generated strong stronger weak good better safe secure default initial temporary same different unique " +
    "not no never always only also still too very so now again please then there here when where if because but and or with " +
    "forgotten lost wrong expired unknown needed required missing gone broken incorrect locked stolen leaked compromised known invalid empty " +
    "changed reset set sent shown stored kept made given asked told used working being been old-fashioned short long fine ok okay correct right " +
    "be is are was were will would should can could may might must has have had do does did to of for from in on at by " +
    "who what whom whose which how why user users account mailbox person everyone everybody nobody somebody someone " +
    "login policy policies manager reset-link rule rules mail email expire expires expiring change protected authentication " +
    "password passwords neues neue ein eine einen vergessen falsch abgelaufen nicht"
  ).split(" "),
);

export interface SpokenSecret {
  start: number;
  end: number;
}

/** Where a sentence names a password or another secret: "set the password of john to …". */
export function findSpokenSecrets(text: string): SpokenSecret[] {
  if (!maySay.test(text)) return [];
  const found: SpokenSecret[] = [];
  const add = (match: RegExpExecArray, quote: string, value: string) => {
    const trimmed = quote === "" ? value.replace(/[.,;:)]+$/, "") : value.replace(/['’‘]$/, "");
    if (/^['’‘([]*(?:\[?redacted|$)/.test(trimmed)) return;
    if (quote === "" && aboutOnes.has(trimmed.replace(/[!?]+$/, "").toLowerCase())) return;
    // Of secrets and keys people also say what is the matter with them, in any words: "the secret is there again".
    if (quote === "" && /^(?:secret|api|private|access)/i.test(match[0]) && !looksMadeUp(trimmed)) return;
    // A reference says where the secret is, not what it is.
    if (/^\{?secret:/i.test(trimmed)) return;
    const start = match.index + match[0].lastIndexOf(value);
    found.push({ start, end: start + trimmed.length });
  };
  for (const pattern of secretPhrases)
    for (const match of text.matchAll(pattern)) add(match, match[1] ?? "", match[2] ?? "");
  for (const match of text.matchAll(secretFirst)) {
    const value = match[2] ?? "";
    // Before the word nearly everything is an ordinary one: only what is quoted or looks like a password is taken for it.
    if ((match[1] ?? "") === "" && !looksMadeUp(value)) continue;
    const start = match.index + match[0].indexOf(value);
    if (!/^['’‘([]*redacted/.test(value)) found.push({ start, end: start + value.length });
  }
  return found;
}

/** Digits or signs among letters, or capitals within: no word of a sentence. */
function looksMadeUp(word: string): boolean {
  return word.length >= 5 && (/\d/.test(word) || /[^\p{L}\p{N}'’.,-]/u.test(word) || /\p{Ll}\p{Lu}/u.test(word));
}
