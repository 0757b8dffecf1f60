import { withoutPoliteness } from "./screen-instruction.ts";
import { canonOf, type Token, verbOfGerund, verbOfParticiple, wordOf } from "./words.ts";

/*
 * Said in several words, meant as one: what the grading reads otherwise than the matcher, which knows sentences by their
 * examples. Each is put in the place of what was said, in as many characters.
 */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/(?<=\b\d{1,5})\/(?=(?:tcp|udp)\b)/gi, " "],
  [/\bopen up\b/gi, "open"],
  [/\b(?:go ahead and|do me (?:a|the) favou?r and|be so kind (?:as to|and)|feel free to|let['’]?s)\b/gi, "please"],
  [/\b(?:can|could|would|will) (?:somebody|someone|anybody|anyone)\b/gi, "could you"],
  [/\bonce (?:more|again)\b/gi, "again"],
  [/\bright away\b/gi, "now"],
  [/\bgood for(?= \w+ (?:days?|weeks?|months?|years?)\b)/gi, "valid for"],
  [/\bget(?= [^.,;!?]*\bup to date\b)/gi, "bring"],
  [/\bneeds?(?= [^.,;!?]*\bport\b[^.,;!?]*\bopen\b)/gi, "please"],
  [
    /\bleave (?:his|her|their|the) (?:home(?: directory| folder)?|files)(?: \w+)? (?:alone|untouched|in place|as (?:it is|they are)|where (?:it is|they are))\b/gi,
    "keep home",
  ],
  [/\bstop (?:letting|allowing) (?:people|anyone|anybody|everyone|everybody|them|others) in\b/gi, "close"],
  [/\b(?:it['’]s |it is )?(?:high )?time (?:for|to)\b/gi, "please"],
  [/\bset (?:him|her|them) up\b/gi, "setup her"],
  [/\bset(?= [\w.@-]+ up with\b)/gi, "add"],
  [/(?<=\badd [\w.@-]+ )up(?= with\b)/gi, ""],
  // Only in a reason: what follows says what should be done about it.
  [
    /\b(?:can['’]?t|cannot|can not) (?:get in(?:to)?|(?:sign|log) ?in(?:to)?|access|reach|use)\b(?=[^.,;!?]*[.,;]\s*\S)/gi,
    "please",
  ],
  // "I need port 80 to be open" is no wish for a port.
  [/\b(?:need|want|like)(?= [^.,;!?]*\bto be\b)/gi, "please"],
  [/(?<=\b(?:(?:e-?)?mails?|messages?) )to(?= \S+@\S+ (?:should|must|has to|is to|needs? to|goes?)\b)/gi, "for"],
  [
    /\b(?:turn|switch|power) (?:it|the (?:machine|server|box|computer|appliance)) off and (?:back )?on(?: again)?\b/gi,
    "reboot",
  ],
  [/\bfresh\b/gi, "new"],
  [/\b(?:can|could|may|might) (?:we|i) (?:please )?(?:get|have)\b(?= (?:an?|another)\b)/gi, "please add"],
  [/\bmake sure(?: that)?\b/gi, "please"],
  [/\bmake(?= [^.,;!?]*\b(?:reachable|accessible)\b)/gi, "please"],
  [/\b(?:needs?|could do with|do) (?:an?|another)(?= (?:restart|reboot|reset|update|upgrade)\b)/gi, "please"],
  [/\band put (?:him|her|them) in(?:to)?\b/gi, "in"],
  [/\bmost recent\b/gi, "last"],
  [/\b(?:(?:can|to|could|may) log|logging) (?:in|on)\b/gi, "login"],
  [
    /\bgive (?:me|us)(?= (?:(?:a|an|the) )?(?:\w+ )?(?:list|overview|rundown|summary|facts|logs?|journal|status|state|details)\b)/gi,
    "show me",
  ],
  [/\b(?:let me|let us|i['’]d like to|i would like to|i want to|can i|may i) (?:see|look at|read)\b/gi, "show me"],
  [/\b(?:can['’]?t|cannot|can not|does(?:n['’]t| not)) (?:remember|recall)\b/gi, "forgot"],
  // "Her account has to go": nowhere, that is. "Mail should go to bob" is another thing.
  [/\b(?:can|must|should|has to|have to) (?:now )?go\b(?=\s*(?:[.,;!]|and\b|now\b|please\b|$))/gi, "remove"],
  [/\b(?:should|must|is to|wants? to|would like to) (?:get|have|receive)\b(?= (?:an?|another)\b)/gi, "needs"],
];

/** "Thanks, Jo": who signs is none that it is about. */
const signature =
  /[,.!?;\n]\s*(?:[Mm]any )?(?:[Tt]hanks|[Tt]hx|[Tt]hank you|[Cc]heers|[Bb]est|(?:[Bb]est |[Kk]ind )?[Rr]egards)[,!.\s]+\p{Lu}\p{Ll}+\s*[.!]?$/u;

/** A request with its phrases as single words. */
export function rephrased(instruction: string): string {
  const plain = phrases.reduce(
    (text, [phrase, word]) => text.replace(phrase, (found) => word.padEnd(found.length)),
    withoutPoliteness(instruction.replace(signature, (found) => ".".padEnd(found.length))),
  );
  return isNumbered(plain) ? plain.replace(listNumber, (found) => ",".padEnd(found.length)) : plain;
}

const listNumber = /(?<=^|\s)\d{1,2}[.)](?=\s+\p{L})/gu;

/** "1. add user kim 2. restart smbd". */
function isNumbered(text: string): boolean {
  const numbers = [...text.matchAll(listNumber)].map(([found]) => Number.parseInt(found, 10));
  return numbers.length > 1 && numbers.every((number, at) => number === at + 1);
}

const wishes = new Set(["should", "must", "can", "could", "please", "to"]);

/**
 * The verbs of what should be done, said by their participles: "nginx should be restarted", "I want the account deleted",
 * "cups needs restarting". What was done or is so is not asked for.
 */
export function withVerbsOfParticiples(tokens: readonly Token[]): Token[] {
  const out = [...tokens];
  tokens.forEach((token, at) => {
    if (token.kind !== "word") return;
    const before = tokens[at - 1];
    const gerund = verbOfGerund(wordOf(token));
    if (gerund !== undefined && before !== undefined && /^needs?$/.test(wordOf(before))) {
      out[at] = { ...token, canon: gerund };
      out[at - 1] = passedOver(before);
      return;
    }
    const verb = token.class === "content" ? verbOfParticiple(wordOf(token)) : undefined;
    if (verb === undefined) return;
    if (before !== undefined && wordOf(before) === "be") {
      const earlier = tokens.slice(Math.max(0, at - 4), at - 1);
      if (earlier.some((one) => wishes.has(wordOf(one)))) out[at] = { ...token, canon: verb };
      return;
    }
    const isLast = tokens[at + 1] === undefined || tokens[at + 1]?.kind === "separator";
    const want = tokens.findLastIndex((one, k) => k < at - 1 && /^(?:wants?|needs?|like|have|get)$/.test(wordOf(one)));
    const isInPart = !tokens.slice(want, at).some((one) => one.kind === "separator");
    const wish = tokens[want];
    if (!isLast || wish === undefined || !isInPart || canonOf(wordOf(token)) === verb) return;
    out[at] = { ...token, canon: verb };
    out[want] = passedOver(wish);
  });
  return out;
}

function passedOver(token: Token): Token {
  return { ...token, canon: "please", class: "free" };
}
