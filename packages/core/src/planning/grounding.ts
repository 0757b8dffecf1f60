import type { VariableValue } from "@steward/contracts/actions";
import type { Provenance } from "@steward/contracts/plan";
import type { IndexedAction } from "./action-index.ts";
import { flagPhrases } from "./action-index.ts";
import { sharedFacts } from "./complete-steps.ts";
import { mayBeFact } from "./grade-table.ts";
import type { PlanningContext } from "./planning-types.ts";
import { isNegated } from "./screen-instruction.ts";
import { canonOf, type Token, tokenize } from "./words.ts";

/** An instruction as evidence: its tokens, and which of them stand in a part that says "not". */
export interface Evidence {
  tokens: Token[];
  negated: boolean[];
  /** True where no part of the sentence asks for anything positively. */
  allNegated: boolean;
}

export function evidenceOf(instruction: string): Evidence {
  const tokens = tokenize(instruction);
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
      if (isNegated(instruction.slice(first.start, last.end))) {
        negatedParts += 1;
        negated.fill(true, from, at);
      }
    }
    from = at + 1;
  }
  return { tokens, negated, allNegated: parts > 0 && parts === negatedParts };
}

/** Where a value comes from, with the tokens that say it; undefined: from nowhere, it was made up. */
export interface Ground {
  provenance: Provenance;
  tokens: number[];
}

export function groundValue(
  evidence: Evidence,
  indexed: IndexedAction,
  variable: string,
  value: VariableValue,
  known: { context: PlanningContext; assumed: VariableValue | undefined },
): Ground | undefined {
  const said = saidAt(evidence, indexed, variable, value);
  if (said !== undefined) {
    const text = said.map((at) => evidence.tokens[at]?.text ?? "").join(" ");
    return { provenance: { source: "said", text }, tokens: said };
  }
  if (known.assumed !== undefined && JSON.stringify(known.assumed) === JSON.stringify(value)) {
    return { provenance: { source: "assumed" }, tokens: [] };
  }
  return isFact(indexed, variable, value, known.context) ? { provenance: { source: "fact" }, tokens: [] } : undefined;
}

/** The tokens that say a value in the role of this variable. */
function saidAt(
  evidence: Evidence,
  indexed: IndexedAction,
  variable: string,
  value: VariableValue,
): number[] | undefined {
  if (typeof value === "boolean") return value ? flagAt(evidence, indexed, variable) : undefined;
  const items = Array.isArray(value) ? value : [String(value)];
  const found: number[] = [];
  for (const item of items) {
    const at = textAt(evidence, indexed, variable, item);
    if (at === undefined) return undefined;
    found.push(...at);
  }
  return found.length > 0 ? found : undefined;
}

function textAt(evidence: Evidence, indexed: IndexedAction, variable: string, text: string): number[] | undefined {
  const { tokens, negated } = evidence;
  const words = text.split(/\s+/);
  for (let at = 0; at < tokens.length; at += 1) {
    const part = tokens.slice(at, at + words.length);
    const isHere =
      part.length === words.length &&
      part.every((token, k) => token.kind !== "separator" && isSame(token.text, words[k] ?? "")) &&
      // A longer quotation is somebody else's words.
      !(tokens[at]?.kind === "quoted" && /\s/.test(tokens[at]?.text ?? ""));
    const isWholeQuote = tokens[at]?.kind === "quoted" && isSame(tokens[at]?.text ?? "", text);
    if (!isHere && !isWholeQuote) continue;
    if (negated[at] || isInOtherRole(evidence, indexed, variable, at)) continue;
    return isWholeQuote ? [at] : part.map((_, k) => at + k);
  }
  return undefined;
}

/** Whole words, whatever the case; but one letter is exact, since `a` is an article and `A` a kind of record. */
function isSame(said: string, value: string): boolean {
  return value.length === 1 ? said === value : said.toLowerCase() === value.toLowerCase();
}

/** True where the word before the value announces another variable: "to group staff" is no user's name. */
function isInOtherRole(evidence: Evidence, indexed: IndexedAction, variable: string, at: number): boolean {
  const own = indexed.cues.get(variable) ?? new Set<string>();
  for (let before = at - 1; before >= 0; before -= 1) {
    const token = evidence.tokens[before];
    if (token === undefined) return false;
    if (token.kind === "separator") {
      // "for anna and bob": the second has the first one's role.
      before -= 1;
      continue;
    }
    if (token.class === "free") continue;
    if (own.has(token.canon)) return false;
    return [...indexed.cues].some(([other, cues]) => other !== variable && cues.has(token.canon));
  }
  return false;
}

function flagAt({ tokens, negated }: Evidence, indexed: IndexedAction, variable: string): number[] | undefined {
  const spoken = tokens.flatMap((token, at) =>
    token.kind === "word" && token.class === "content" && !negated[at]
      ? token.text.split("-").map((word) => ({ canon: canonOf(word), at }))
      : [],
  );
  for (const words of flagPhrases(indexed.action, variable)) {
    for (let from = 0; from + words.length <= spoken.length; from += 1) {
      const part = spoken.slice(from, from + words.length);
      if (part.every((one, k) => one.canon === words[k])) return [...new Set(part.map((one) => one.at))];
    }
  }
  return undefined;
}

/**
 * The only name of its kind that exists on the targets, and that nobody said. Never one of several: a model that picks
 * one user of many has guessed.
 */
function isFact(indexed: IndexedAction, variable: string, value: VariableValue, context: PlanningContext): boolean {
  const kind = indexed.action.hints[variable]?.choicesFrom;
  if (kind === undefined || !mayBeFact[kind] || context.targets.length === 0) return false;
  const names = sharedFacts(context, kind);
  const items = Array.isArray(value) ? value : [value];
  if (!items.every((item) => typeof item === "string" && names.includes(item))) return false;
  return names.length === 1;
}
