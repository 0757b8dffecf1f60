import type { Plan } from "@steward/contracts/plan";
import { highestRisk, type Risk } from "@steward/contracts/risk";
import type { GateDecision } from "@steward/contracts/states";
import type { GateContext } from "./gate-context.ts";

/** What a rule says: one reason of one decision. */
export interface Verdict {
  decision: GateDecision;
  why: string;
  /** What would change it, in a sentence for a person. */
  next?: string;
  /** A refusal that passes by itself: what it stops waits and is not given up. `untilMs`: when to ask again, where known. */
  held?: { untilMs?: number };
}

/** One thing that the gate looks at. It answers with every reason that it finds; none means that it has no say. */
export type Rule = (plan: Plan, context: GateContext) => Verdict[];

export function allow(why: string): Verdict {
  return { decision: "allow", why };
}

export function deny(why: string, next?: string): Verdict {
  return { decision: "deny", why, ...(next === undefined ? {} : { next }) };
}

export function ask(why: string, next?: string): Verdict {
  return { decision: "needs_approval", why, ...(next === undefined ? {} : { next }) };
}

export function hold(why: string, untilMs: number | undefined, next?: string): Verdict {
  return { ...deny(why, next), held: untilMs === undefined ? {} : { untilMs } };
}

const maxShown = 20;

/** Nobody reads a thousand reasons, and the task that keeps them may not be larger than an item of the table. */
export function theFirst(verdicts: Verdict[]): Verdict[] {
  const last = verdicts[maxShown];
  if (last === undefined) return verdicts;
  const hidden = verdicts.slice(maxShown);
  const rest: Verdict = { decision: last.decision, why: `And ${hidden.length} more of this kind.` };
  if (hidden.every((one) => one.held !== undefined)) rest.held = {};
  return [...verdicts.slice(0, maxShown), rest];
}

/** The first few names, and how many more there are. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`;
}

export function article(current: string): string {
  return /^[aeiou]/.test(current) ? `an ${current}` : `a ${current}`;
}

/** At these two it is about all targets; later about the one that is rung or starts. */
export function isBefore({ moment }: GateContext): boolean {
  return moment === "plan" || moment === "approval";
}

/** No bundle may say `check_mode: false`, so a check looks and tells; whoever asked for it has said enough. */
export function isCheck(plan: Plan): boolean {
  return plan.mode === "check";
}

/** A check, or nothing but reads: what an action is, the release says and not the plan. */
export function changesNothing(plan: Plan, { release }: GateContext): boolean {
  return (
    isCheck(plan) ||
    plan.steps.every(({ action }) => Object.hasOwn(release.kinds, action) && release.kinds[action] === "read")
  );
}

export function riskOfPlan(plan: Plan): Risk {
  return highestRisk([plan.risk, ...plan.steps.map((step) => step.risk)]);
}

export function hasTag(target: { tags: readonly string[] }, tags: readonly string[] | undefined): boolean {
  return tags === undefined || tags.some((pattern) => target.tags.some((tag) => fits(pattern, tag)));
}

/** `*` is any text, all else is itself. Takes no longer than pattern times text, whatever they are. */
export function fits(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
