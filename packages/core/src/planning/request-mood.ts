import { saysWhen } from "./languages/signs.ts";
import { spaced, withoutPoliteness } from "./screen-instruction.ts";

/*
 * Whether a sentence asks for something to be done now. Plans are carried out when they are approved: "tomorrow", "if the disk
 * is full" and "like last time" cannot be kept in one, and what others said or wrote is no request at all. The words are those
 * of the languages in which models are asked.
 */

const time =
  /\b(?:tomorrow|tonight|midnight|noon|later|someday|remind|schedule[ds]?|every (?:night|morning|evening|day|hour|week|month|sunday|monday|tuesday|wednesday|thursday|friday|saturday)|(?:on|next|until|by) (?:sunday|monday|tuesday|wednesday|thursday|friday|saturday|week|month)|in (?:a|an|one|two|three|four|five|six|ten|\d+) (?:minutes?|hours?|days?|weeks?)|at \d{1,2}(?![.\d/])(?::\d\d)?(?: ?(?:am|pm|o['’]clock))?|morgen|mañana|demain)\b/i;
const condition =
  /\b(?:if|unless|until|whenever|in case|as soon as|provided|falls|wenn|si|(?<!\bat )once(?! (?:more|again|a|per|every)\b)(?= \w+ \w))\b/i;
/** "Can you tell me if nginx runs" is a question for the answer, no condition. */
const asksWhether = /\b(?:tell me|let me know|check|see|know|find out|test) (?:if|whether)\b/gi;
const doubt = /\b(?:maybe|perhaps|possibly|might|thinking (?:about|of)|not sure|either|vielleicht|quizás|peut-être)\b/i;
const told =
  /\b(?:wrote|writes|says|said|told (?:me|us|him|her|them)|asked (?:me|us)|tells (?:me|us)|repeat after|the (?:sentence|phrase|words?|note|message)\b.{0,30}\b(?:is|was|says|means)|what does\b.{0,40}\bmean|would have)\b/i;
const unsaid =
  /\b(?:(?<!would |['’]d )like (?:last|before|the (?:last|other|one)|yesterday|always|usual)|same as|as (?:last time|before|usual|always)|the usual|the way)\b/i;
const pronounAlone =
  /^\W*(?:please\s+|now\s+)*(?:\w+\s+)(?:it|them|that|this|him|her|both)\b(?:\s+(?:please|now|again))*\W*$/i;

/** "It runs out next week, renew it" tells why, and not when. */
const expiry = /\b(?:expires?|runs? out|is due)\b[^.,;!?]*(?=[.,;]\s*\S)/gi;

/** Said and taken back, or put right: what holds in the end is easily taken the wrong way round. */
const takenBack =
  /\b(?:scratch that|never ?mind|forget (?:it|that|about it)|on second thoughts?|actually,? no|(?:cancel|strike|undo) that|take (?:it|that) back|changed? my mind|i mean[t]?|correction|oh wait|wait,|hold on)\b|[,.] no,/i;
/** Times that are none of the clock: "first thing in the morning", "over the weekend", "once a week". */
const someday =
  /\b(?:first thing|(?:this|next) (?:evening|afternoon|weekend|week|month|year)|in the (?:morning|evening|afternoon)|(?:on|at|over|before|after|during|by) (?:the )?(?:weekends?|night|dawn|dusk|lunch(?:time|break)?|dinner|christmas|easter|holidays?|(?:closing|opening) (?:time|hours)|(?:start|end|close) of)|(?:sun|mon|tues|wednes|thurs|fri|satur)days|(?<![-.])(?:hour|dai|night|week|month)ly(?![-.]\w)|regularly|periodically|(?:from )?time to time|every (?:now|other|second|few|\d+)|once (?:a|per|every) \w+|(?:twice|two times|three times) (?:a|per) \w+)\b/i;
const supposed =
  /\b(?:assuming|suppos(?:e|ing)|providing that|in the event|on condition|given that|as long as|only when)\b/i;
/** What others think should be done, and what somebody else will do or has done. */
const others =
  /\b(?:recommend(?:s|ed)?|suggest(?:s|ed)?|advis(?:es|ed)|insist(?:s|ed)?|claim(?:s|ed)?|reckons?|thinks|believes|according to|promised|announced)\b|\b(?:have|has|had|i['’]ve|we['’]ve) (?:just|already)\b|\balready (?:\w+ed|gone|done)\b|\b(?<!that )will (?:\w+ )?(?:add|create|remove|delete|lock|unlock|reset|restart|reboot|open|close|renew|update|install|set up)\b/i;

/** That somebody else does it: "let mia reset her own password". */
const byOthers =
  /\b(?:let|have|ask|tell|allow|permit|help|teach|get|remind|invite|show) (?!me\b|us\b)(?:[^\s,;:!?]*[^\s,.;:!?] ){1,2}?(?:to |how to )?(?:add|create|remove|delete|lock|unlock|reset|restart|reboot|close|renew|update|install|set up|change)\b/i;

/** Why nothing may be done about it as it stands; undefined for a plain request. `onlyLooks`: nothing would change. */
export function whyNotPlain(text: string, onlyLooks = false): string | undefined {
  const instruction = withoutPoliteness(spaced(text)).replace(expiry, "expires");
  const when = saysWhen(instruction);
  if (time.test(instruction) || when === "time")
    return "It is to be done at another time, and a plan is carried out when it is approved.";
  const plain = instruction.replace(asksWhether, "").replace(/\bs['’]il (?:te|vous) pla[iî]t\b/gi, "");
  if (condition.test(plain) || when === "condition") return "It is to be done only if something holds.";
  if (someday.test(instruction))
    return "It is to be done at another time, and a plan is carried out when it is approved.";
  if (supposed.test(plain)) return "It is to be done only if something holds.";
  if (takenBack.test(instruction)) return "It is taken back, or put right, in the same breath.";
  if (others.test(instruction) || byOthers.test(instruction)) return "It tells what others think, do or have done.";
  if (doubt.test(instruction)) return "It is not said that it should be done.";
  if (told.test(instruction)) return "It tells what somebody said.";
  // To look at "it" does nothing to anything else.
  if (unsaid.test(instruction) || (!onlyLooks && pronounAlone.test(instruction)))
    return "It refers to something that is not said.";
  return undefined;
}
