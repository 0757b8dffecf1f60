import type { Plan } from "@steward/contracts/plan";
import { hasRole } from "@steward/contracts/roles";
import { type GateDecision, gateDecisions } from "@steward/contracts/states";
import type { GateExplanation, GateReason, GateResult } from "@steward/contracts/task";
import type { GateContext } from "./gate-context.ts";
import { approval, neededApproval, risk, schedule, twoPerson, words } from "./rules/approval.ts";
import { expiry, hash, release } from "./rules/plan.ts";
import { blast, forbid, preview, shell } from "./rules/policy.ts";
import { freeze, window } from "./rules/when.ts";
import { role, source, targets, tenancy, tenant } from "./rules/who.ts";
import type { Rule, Verdict } from "./verdict.ts";

/**
 * The rules in the order in which they are shown. A rule can only make the answer stricter: the strictest reason wins.
 * Whatever a rule cannot see (a target that is not there, a role that is gone) it refuses. `passable`: a person who
 * breaks the glass passes over it.
 */
const rules = {
  tenancy: { rule: tenancy },
  tenant: { rule: tenant },
  targets: { rule: targets },
  role: { rule: role },
  source: { rule: source },
  hash: { rule: hash },
  release: { rule: release },
  expiry: { rule: expiry },
  // An admin ends a freeze, who is as near as whoever would break the glass; and the provider's freeze is the provider's.
  freeze: { rule: freeze },
  forbid: { rule: forbid },
  shell: { rule: shell },
  window: { rule: window, passable: true },
  blast: { rule: blast, passable: true },
  risk: { rule: risk },
  schedule: { rule: schedule },
  words: { rule: words },
  twoPerson: { rule: twoPerson, passable: true },
  preview: { rule: preview, passable: true },
  approval: { rule: approval },
} as const satisfies Record<string, { rule: Rule; passable?: true }>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as RuleName[];

export function isPassable(name: RuleName): boolean {
  return "passable" in rules[name];
}

/**
 * Decides about a plan, for every source and at every moment alike. `approver` and `retype` say who may approve where
 * the decision is `needs_approval`; `held`, that some of what refuses it passes by itself: it waits, and what else is wrong
 * is for the moment at which it may go.
 */
export function gate(plan: Plan, context: GateContext): GateResult {
  return summed(plan, context, judge(plan, context));
}

/** The same, with every rule's own verdict, which of them decide, and what would change that. */
export function explain(plan: Plan, context: GateContext): GateExplanation {
  const judged = judge(plan, context);
  const result = summed(plan, context, judged);
  return {
    ...result,
    moment: context.moment,
    rules: judged.map(({ name, verdicts }) => {
      const decision = verdicts.length === 0 ? undefined : strictest(verdicts.map((verdict) => verdict.decision));
      const shown = verdicts.filter((verdict) => verdict.decision === decision);
      const next = [...new Set(shown.flatMap((verdict) => verdict.next ?? []))].join(" ");
      return {
        rule: name,
        decision: decision ?? "allow",
        why: shown.map((verdict) => verdict.why),
        decides: decision !== undefined && decision !== "allow" && decision === result.decision,
        passable: isPassable(name),
        ...(next === "" ? {} : { next }),
      };
    }),
  };
}

interface Judged {
  name: RuleName;
  verdicts: Verdict[];
}

function judge(plan: Plan, context: GateContext): Judged[] {
  const glass = brokenGlass(context);
  return ruleNames.map((name) => {
    const verdicts: Verdict[] = rules[name].rule(plan, context);
    if (glass === undefined || !isPassable(name)) return { name, verdicts };
    return { name, verdicts: verdicts.map((verdict) => passed(verdict, glass)) };
  });
}

/** Only for as long as whoever broke it could still do so, and only with that person's own yes. */
function brokenGlass({ breakGlass, approver }: GateContext): GateContext["breakGlass"] {
  const { by, role: current } = breakGlass ?? {};
  return by !== undefined && by === approver?.id && current !== undefined && hasRole(current, "approver")
    ? breakGlass
    : undefined;
}

function passed(verdict: Verdict, { name, reason }: NonNullable<GateContext["breakGlass"]>): Verdict {
  if (verdict.decision === "allow") return verdict;
  return { decision: "allow", why: `${verdict.why} Passed over by ${name}: ${reason}` };
}

function summed(plan: Plan, context: GateContext, judged: readonly Judged[]): GateResult {
  const all = judged.flatMap(({ name, verdicts }) => verdicts.map((verdict) => ({ name, ...verdict })));
  const reasons = all.map(({ name, decision, why }): GateReason => ({ rule: name, decision, why }));
  const decision = strictest(reasons.map((reason) => reason.decision));
  const denials = all.filter((verdict) => verdict.decision === "deny");
  if (decision === "deny") {
    const passing = denials.filter((verdict) => verdict.held !== undefined);
    return passing.length === 0 ? { decision, reasons } : { decision, reasons, held: heldUntil(passing) };
  }
  if (decision === "allow") return { decision, reasons };
  // What nobody may approve as it is.
  if (all.some(({ name, decision: own }) => name === "blast" && own === "needs_approval")) {
    return { decision, reasons, approver: "break_glass" };
  }
  return { decision, reasons, ...(neededApproval(plan, context) ?? { approver: "requester" }) };
}

/** The moment at which the last of what is known to pass has passed; nothing where something's end is not known. */
function heldUntil(denials: readonly Verdict[]): { untilMs?: number } {
  const ends = denials.map((verdict) => verdict.held?.untilMs);
  return ends.every((end) => end !== undefined) ? { untilMs: Math.max(...ends) } : {};
}

function strictest(decisions: readonly GateDecision[]): GateDecision {
  const rank = Math.max(0, ...decisions.map((decision) => gateDecisions.indexOf(decision)));
  return gateDecisions[rank] ?? "deny";
}
