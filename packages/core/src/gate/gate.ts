import type { Plan } from "@steward/contracts/plan";
import { highestRisk, type Risk } from "@steward/contracts/risk";
import { hasRole } from "@steward/contracts/roles";
import { type GateDecision, gateDecisions } from "@steward/contracts/states";
import type { GateReason, GateResult } from "@steward/contracts/task";
import type { GateContext } from "./gate-context.ts";
import { isOverCap, standingProblem } from "./standing.ts";

/** One thing that the gate looks at. It answers with every reason that it finds; none means that it has no say. */
type Rule = (plan: Plan, context: GateContext) => Verdict[];
type Verdict = Omit<GateReason, "rule">;

/**
 * The rules in the order in which they are shown. A rule can only make the answer stricter: the strictest reason wins.
 * Whatever a rule cannot see (a target that is not there, a role that is gone) it refuses.
 */
const rules: readonly (readonly [name: string, rule: Rule])[] = [
  ["tenancy", tenancy],
  ["tenant", tenant],
  ["targets", targets],
  ["role", role],
  ["hash", hash],
  ["release", release],
  ["expiry", expiry],
  ["freeze", freeze],
  ["risk", risk],
  ["schedule", schedule],
  ["words", words],
  ["approval", approval],
];

/**
 * Decides about a plan, for every source and at every moment alike. `approver` and `retype` say who may approve where
 * the decision is `needs_approval`. The mode `check` lowers nothing: a preview is a run too.
 */
export function gate(plan: Plan, context: GateContext): GateResult {
  const reasons = rules.flatMap(([name, rule]) =>
    rule(plan, context).map((verdict): GateReason => ({ rule: name, ...verdict })),
  );
  const decision = strictest(reasons.map((reason) => reason.decision));
  const needed = neededApproval(plan, context);
  if (decision !== "needs_approval" || needed === undefined) return { decision, reasons };
  return { decision, reasons, ...needed };
}

function strictest(decisions: readonly GateDecision[]): GateDecision {
  const rank = Math.max(0, ...decisions.map((decision) => gateDecisions.indexOf(decision)));
  return gateDecisions[rank] ?? "deny";
}

function tenancy(plan: Plan, context: GateContext): Verdict[] {
  if (plan.tenantId !== context.tenantId) return [deny("The plan belongs to another tenant.")];
  // What is gone has no tenant any more; the rule `targets` refuses it.
  const foreign = context.targets.filter((target) => !target.removed && target.tenantId !== context.tenantId);
  return theFirst(foreign.map((target) => deny(`${target.id} is not an appliance of this tenant.`)));
}

/** Nothing is planned, approved, sent or started for a tenant that is suspended or to be deleted. */
function tenant(_plan: Plan, { tenantStatus }: GateContext): Verdict[] {
  switch (tenantStatus) {
    case "active":
      return [];
    case "suspended":
      return [deny("The tenant is suspended. Ask your provider.")];
    case "deleting":
      return [deny("The tenant is to be deleted. Ask your provider.")];
    case "purging":
    case "purged":
    case undefined:
      return [deny("The tenant does not exist any more.")];
    default:
      return tenantStatus satisfies never;
  }
}

function targets(plan: Plan, context: GateContext): Verdict[] {
  const verdicts: Verdict[] = [];
  const known = new Set(context.targets.map((target) => target.id));
  // A doorbell and a start concern one appliance; before them all must be right.
  const isWhole = context.moment === "plan" || context.moment === "approval";
  const missing = isWhole ? plan.targets.filter((id) => !known.has(id)) : [];
  for (const id of missing) verdicts.push(deny(`${id} does not exist.`));
  if (context.targets.length === 0) verdicts.push(deny("There is no target."));
  const planned = new Set(plan.targets);
  for (const target of context.targets) {
    if (!planned.has(target.id)) verdicts.push(deny(`${target.name} is not a target of the plan.`));
    if (target.removed) verdicts.push(deny(`${target.name} has been removed.`));
    else if (target.revoked) verdicts.push(deny(`${target.name} was revoked: nothing reaches it any more.`));
    else if (target.quarantined) {
      verdicts.push(deny(`${target.name} is in quarantine: its enrolment token was used with another key.`));
    } else if (!target.confirmed) {
      verdicts.push(
        deny(`Nobody has confirmed the key of ${target.name} yet. Compare its fingerprint and confirm it.`),
      );
    }
  }
  return theFirst(verdicts);
}

const maxShown = 20;

/** Nobody reads a thousand reasons, and the task that keeps them may not be larger than an item of the table. */
function theFirst(verdicts: Verdict[]): Verdict[] {
  if (verdicts.length <= maxShown) return verdicts;
  return [...verdicts.slice(0, maxShown), deny(`And ${verdicts.length - maxShown} more of this kind.`)];
}

function role(_plan: Plan, context: GateContext): Verdict[] {
  const current = context.requester.role;
  if (current === undefined) return [deny("Whoever asked for this has no role here any more.")];
  if (hasRole(current, "operator")) return [allow(`It was asked for by ${article(current)}.`)];
  return [deny(`It was asked for by ${article(current)}; changing anything takes an operator.`)];
}

function hash(plan: Plan, context: GateContext): Verdict[] {
  const { recomputed, approvedPlanHash } = context;
  const isWhole = recomputed.contentHash === plan.contentHash && recomputed.planHash === plan.planHash;
  if (!isWhole) return [deny("The plan is not what its hash says.")];
  if (approvedPlanHash === undefined) return [];
  return approvedPlanHash === recomputed.planHash ? [] : [deny("The approval is for another plan.")];
}

function release(plan: Plan, context: GateContext): Verdict[] {
  const inForce = context.release;
  if (context.nowMs >= inForce.expiresAtMs)
    return [deny("The release has expired; appliances accept nothing from it.")];
  if (plan.releaseVersion > inForce.version) return [deny("The plan was made for a release that is not in force.")];
  // An older plan stands while everything that it uses is still the very same.
  return plan.steps
    .filter((step) => !Object.hasOwn(inForce.actions, step.action) || inForce.actions[step.action] !== step.bundle)
    .map((step) => deny(`${step.action} is not in the release in force as the plan has it. Ask for the plan again.`));
}

function expiry(plan: Plan, context: GateContext): Verdict[] {
  return context.nowMs >= plan.expiresAtMs ? [deny("The plan has expired. Ask for it again.")] : [];
}

/** A frozen tenant may plan and approve; nothing is sent and nothing starts. */
function freeze(_plan: Plan, context: GateContext): Verdict[] {
  const hourMs = 3_600_000;
  const stops = context.moment === "doorbell" || context.moment === "start";
  return context.freezes.map(({ reason, untilMs }) => {
    const hours = Math.max(1, Math.ceil((untilMs - context.nowMs) / hourMs));
    const why = `Frozen for up to ${hours} h more: ${reason}.`;
    return stops ? deny(why) : allow(`${why} Nothing is sent before that ends.`);
  });
}

function risk(plan: Plan, context: GateContext): Verdict[] {
  const level = riskOfPlan(plan);
  const why = plan.steps.flatMap((step) => step.riskReasons.map((reason) => `${step.action} ${reason}`));
  const sentence = `The risk is ${level}${why.length === 0 ? "" : `: ${why.join("; ")}`}.`;
  if (changesNothing(plan)) return [allow(`${sentence} This is a preview: it changes nothing.`)];
  if (level === "low" || context.moment !== "plan" || hasStandingYes(plan, context)) return [allow(sentence)];
  return [{ decision: "needs_approval", why: sentence }];
}

/** At planning: whether a standing approval is enough, and whether more match than the schedule may change by itself. */
function schedule(plan: Plan, context: GateContext): Verdict[] {
  if (context.schedule === undefined || context.moment !== "plan") return [];
  if (isOverCap(plan, context)) {
    const why = `${plan.targets.length} appliances match, and its schedule is for ${context.schedule.maxTargets} at most.`;
    return [{ decision: "needs_approval", why }];
  }
  const needed = neededApproval(plan, context);
  if (needed === undefined || context.schedule.standing === undefined) return [];
  const problem = standingProblem(plan, context, needed.approver !== "requester");
  if (problem === undefined) return [allow("The schedule's standing approval covers it.")];
  return [{ decision: "needs_approval", why: `The schedule's standing approval does not count: ${problem}.` }];
}

function hasStandingYes(plan: Plan, context: GateContext): boolean {
  const needed = neededApproval(plan, context);
  return needed !== undefined && standingProblem(plan, context, needed.approver !== "requester") === undefined;
}

function words(plan: Plan, context: GateContext): Verdict[] {
  if (!context.fromWords || context.moment !== "plan" || changesNothing(plan)) return [];
  return [
    { decision: "needs_approval", why: "The plan came from words; a person confirms that it is what was meant." },
  ];
}

/** At an approval: is this the person, and is it this plan? Later: was there one? */
function approval(plan: Plan, context: GateContext): Verdict[] {
  const needed = neededApproval(plan, context);
  switch (context.moment) {
    case "plan":
      return [];
    case "approval": {
      if (context.approvedPlanHash === undefined) return [deny("An approval has to say which plan it is for.")];
      return [judgeApprover(needed ?? { approver: "requester" }, context)];
    }
    case "doorbell":
    case "start":
      if (needed === undefined) return [];
      if (context.approved) return [judgeEarlierApprover(needed, context)];
      return [judgeStanding(plan, needed, context)];
  }
}

/** Nobody has said yes to this very plan; somebody may have to all of its kind. */
function judgeStanding(plan: Plan, needed: NeededApproval, context: GateContext): Verdict {
  if (context.schedule?.standing === undefined) return deny("Nobody has approved this plan.");
  const problem = standingProblem(plan, context, needed.approver !== "requester");
  if (problem === undefined) return allow("The schedule's standing approval covers it.");
  return deny(`Nobody has approved this plan, and the schedule's standing approval does not count: ${problem}.`);
}

/** A yes counts for as long as whoever gave it could still give it: the role is the one of now. */
function judgeEarlierApprover(needed: NeededApproval, context: GateContext): Verdict {
  const { approver, requester } = context;
  if (approver?.role === undefined) return deny("Whoever approved this has no role here any more.");
  const enough = approver.id === requester.id && needed.approver === "requester" ? "operator" : "approver";
  if (hasRole(approver.role, enough)) return allow("A person has approved this plan.");
  return deny(
    `Whoever approved this may not do so any more: that takes ${article(enough)}, this is ${article(approver.role)}.`,
  );
}

function judgeApprover(needed: NeededApproval, context: GateContext): Verdict {
  const { approver, requester } = context;
  if (approver?.role === undefined) return deny("Whoever approves has no role here.");
  if (approver.id !== requester.id) {
    return hasRole(approver.role, "approver")
      ? allow("Another person approves.")
      : deny(`Approving for somebody else takes an approver; this is ${article(approver.role)}.`);
  }
  switch (needed.approver) {
    case "requester":
      return hasRole(approver.role, "operator")
        ? allow("Whoever asked confirms.")
        : deny(`Confirming takes an operator; this is ${article(approver.role)}.`);
    case "other":
      return deny("The risk is high: another person with the role approver has to approve.");
    case "retype":
      // Exactly: the point is that the person looks at the name.
      return approver.confirmation === needed.retype
        ? allow("The only person who could approve retyped the target's name.")
        : deny(`The risk is high: retype the target's name, ${needed.retype}, to confirm.`);
  }
}

type NeededApproval = { approver: "requester" } | { approver: "other" } | { approver: "retype"; retype: string };

/** Who has to say yes before this plan runs; undefined: nobody. */
function neededApproval(plan: Plan, context: GateContext): NeededApproval | undefined {
  if (changesNothing(plan)) return undefined;
  const level = riskOfPlan(plan);
  if (level === "high") {
    const { requester } = context;
    const current = "personRole" in requester ? requester.personRole : requester.role;
    const isAlone = context.otherApprovers === 0 && current !== undefined && hasRole(current, "approver");
    const first = context.targets.find((target) => target.id === plan.targets[0]);
    return isAlone && first !== undefined ? { approver: "retype", retype: first.name } : { approver: "other" };
  }
  return level === "medium" || context.fromWords || isOverCap(plan, context) ? { approver: "requester" } : undefined;
}

/** No bundle may say `check_mode: false`, so a check looks and tells; whoever asked for it has said enough. */
function changesNothing(plan: Plan): boolean {
  return plan.mode === "check";
}

function riskOfPlan(plan: Plan): Risk {
  return highestRisk([plan.risk, ...plan.steps.map((step) => step.risk)]);
}

function allow(why: string): Verdict {
  return { decision: "allow", why };
}

function deny(why: string): Verdict {
  return { decision: "deny", why };
}

function article(current: string): string {
  return /^[aeiou]/.test(current) ? `an ${current}` : `a ${current}`;
}
