import { saysHostile, saysNo } from "./languages/signs.ts";
import type { PlanningContext } from "./planning-types.ts";

export interface Screened {
  message: string;
  next: string[];
}

const rephrase = "Say in plain words what should be done, such as: add user anna";

const rulesStay = "Rules and approvals cannot be switched off by a request.";
const onlyTargets = "Only the appliances that were chosen as targets can be changed, and nothing of another customer.";

/** What no request needs, and attacks do. Each with the sentence that the person gets. */
const hostile: readonly (readonly [RegExp, string])[] = [
  [/\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{|<%|%>|!unsafe/i, "Template syntax is not accepted in a request."],
  [
    /[`|<>\\;$]|&&|\b(?:rm|dd|mkfs\S*)\s+-\w|\bsudo\s+(?:-|(?:rm|su|sh|bash|cat|chmod|chown|reboot|visudo)\b)/i,
    "Shell commands and their special characters are not accepted in a request.",
  ],
  [/(?:^|[\s/"'])\.\.(?:\/|$)/, "A path with .. is not accepted."],
  // Invisible characters make a request read differently from what it is.
  [
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/,
    "The request contains invisible characters.",
  ],
  [
    /\b(?:ignore|disregard|forget|override|bypass|skip|disable|circumvent|turn off)\b.{0,60}\b(?:rules?|instructions?|prompts?|approvals?|gates?|polic(?:y|ies)|restrictions?|safety|guidelines?|limits?|checks?|confirmation)\b/i,
    rulesStay,
  ],
  [
    /\bwithout\b.{0,20}\b(?:approval|asking|confirmation|permission|telling)\b|\bno (?:approval|confirmation)\b|\bpre-?approved\b/i,
    rulesStay,
  ],
  [
    /\b(?:system prompt|developer mode|jail ?break|you are now|pretend (?:to be|that|you)|act as)\b|<\||(?:^|[\s,.!?])(?:assistant|human|system|developer) ?:/i,
    "The request speaks to the planner instead of saying what should be done.",
  ],
  [
    /\b(?:other|another|all|every|any|different|foreign|someone else['’]s|somebody else['’]s)\s+(?:tenants?|customers?|organi[sz]ations?|compan(?:y|ies)|clients?)\b|\btenants?\b/i,
    onlyTargets,
  ],
  [
    /\b(?:neighbou?rs?|friends?|colleagues?|competitors?|somebody(?: else)?|someone(?: else)?)['’]s?\s+(?:box|server|machine|computer|appliance|nas|device)\b/i,
    onlyTargets,
  ],
];

const forbids =
  /\b(?:do\s+not|don['’]?t|never|must\s+not|mustn['’]?t|should\s+not|shouldn['’]?t|may\s+not|not\s+to|nothing|nobody|none|no\s+one|no\s+longer|forbid(?:s|den)?|prohibit(?:s|ed)?|under\s+no|(?:anything|everything|everyone|everybody|all)\s+(?:but|except))\b/i;
const negation =
  /\b(?:not|no|never|nothing|nobody|none|neither|nor|without|except|unless|cannot|avoid|refuse|cancel|abort|postpone|instead\s+of|leave\s+(?:\S+\s+){1,4}(?:alone|untouched|as\s+(?:it|they)\s+(?:is|are))|rather\s+than|forbid(?:s|den)?|prohibit(?:s|ed)?|wrong\s+to|nicht|kein(?:e[nmrs]?)?|niemals|ohne|nunca|jamais|pas|sans)\b|n['’]t\b|\bdont\b/i;

/** Between two sentences, with no command after it. A shell's semicolon stays what it is. */
const proseSemicolon =
  /(?<=[\p{L}\d)"']) ?; +(?=["']?[\p{L}'’-]+,? +["']?[\p{L}\d])(?!["']?(?:rm|dd|mkfs\S*|sh|bash|zsh|cat|curl|wget|nc|chmod|chown|kill\w*|shutdown|halt|poweroff|su|sudo|exec|eval|echo|ls|cd|cp|mv|touch|python\d?|perl|id|whoami|true|false|systemctl|apt(?:-get)?|iptables|nft|user(?:add|del|mod)|passwd|service|docker|ssh|scp|tee|sed|awk|find|env|export|source|exit|drop|select|insert|alter|truncate|update \w+ set)\b)(?![^;]*(?:\s--?\w|\s\/(?!srv|data|mnt|media|home)))/giu;

/** What is said to be polite, though it has the words of a condition or a no. */
const polite =
  /\bif you (?:do(?:n['’]t| not) mind|please|would be so kind)\b|\bif (?:it['’]?s |it is )?possible\b|\buntil further notice\b|\bfor good\b|\bonce and for all\b|\bit would be (?:great|nice|good|lovely|helpful) if you could\b|\bas soon as (?:possible|you can)\b|\b(?:i )?hope (?:you(?:['’]re| are)|all is|this finds you)\b[^.,;!?\n]*|\b(?:best|kind|warm) (?:regards|wishes)\b|\bgood (?:morning|afternoon|evening)\b|\b(?:many thanks|thanks in advance|much appreciated|cheers)\b/gi;

/** Without what is only polite. In as many characters. */
export function withoutPoliteness(text: string): string {
  return text.replace(polite, (found) => "please".padEnd(found.length));
}

/** Why something should be done, said as what is no longer so: "we don't need the share any more, remove it". */
const reason =
  /\b(?:(?:does|can|is)(?:n['’]t| not|not) (?:respond|responding|answer|answering|work|working|react|reacting|know|remember)\b(?=[^.,;!?]*[,;.]\s*\S)|(?:do|does)(?:n['’]t| not) (?:need|use|want|work|live|belong|have|require|host|run|play|visit|study|employ|rent|print)\b(?=[^.,;!?]*\bany ?(?:more|longer)\b\s*[,;.]\s*\S)|(?:is|are)(?:n['’]t| not) (?:needed|used|required|in use) any ?(?:more|longer)\b(?=\s*[,;.]\s*\S)|no longer (?:needs?|needed|uses?|used|wants?|works?|lives?|belongs?|required|employed|in use|here|there)\b(?=[^.,;!?]*[,;.]\s*\S)|(?:should|must)(?:n['’]t| not) be (?:open|reachable|there|here|public|running)\b(?=[^.,;!?]*[,;.]\s*\S)|nobody (?:(?:should|must|may|can) (?:reach|use|see|open|access)\b(?=[^.,;!?]*\bany ?(?:more|longer)\b)|needs|uses|wants|reads|opens\b)(?=[^.,;!?]*[,;.]\s*\S))/gi;

/** Without the "not" of a reason, which is none of what should be done. In as many characters. */
export function withoutReasons(text: string): string {
  return reason.test(text)
    ? text
        .replace(reason, (found) => "please".padEnd(found.length))
        .replace(/\bany ?(?:more|longer)\b/gi, (found) => "please".padEnd(found.length))
    : text;
}

/** With one space wherever there is space of any kind: two spaces, or one that does not break, hide nothing from a pattern. */
export function spaced(text: string): string {
  return text.replace(/\s+/gu, " ");
}

/** True where a part of a sentence says that something is not so or is not wanted. Its words ground nothing. */
export function isNegated(part: string): boolean {
  return negation.test(spaced(part)) || saysNo(spaced(part));
}

/** A clear no to what is hostile on its face or forbids instead of asking; undefined for everything else. */
export function screenInstruction(context: PlanningContext): Screened | undefined {
  const { instruction } = context;
  // An arrow between two words is none of a shell's signs.
  const plain = spaced(instruction)
    .replace(/(?<=\S\s)[-=]>(?=\s\S)/g, "to")
    .replace(proseSemicolon, ",");
  for (const [pattern, message] of hostile) if (pattern.test(plain)) return { message, next: [rephrase] };
  const foreign = saysHostile(plain);
  if (foreign !== undefined) return { message: foreign === "rules" ? rulesStay : onlyTargets, next: [rephrase] };
  const known = new Set(context.targets.map((target) => target.id));
  for (const [id] of instruction.matchAll(/\b(?:ten|apl|wrk|tsk|run|rol|job|per|crt|enr)_[0-9a-z]+\b/g)) {
    if (!known.has(id))
      return { message: `${id} is not a target of this request.`, next: ["Choose the targets with --on."] };
  }
  if (forbids.test(withoutReasons(withoutPoliteness(plain)))) {
    return { message: "The request says what should not be done, so nothing is done.", next: [rephrase] };
  }
  return undefined;
}
