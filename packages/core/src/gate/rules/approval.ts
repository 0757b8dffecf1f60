import type { Plan } from "@steward/contracts/plan";
import { risks } from "@steward/contracts/risk";
import { hasRole } from "@steward/contracts/roles";
import type { GateContext } from "../gate-context.ts";
import { isOverCap, standingProblem } from "../standing.ts";
import { allow, article, ask, changesNothing, deny, isCheck, riskOfPlan, type Verdict } from "../verdict.ts";
import { meets } from "./policy.ts";

/* Whether a person has to say yes, who that may be, and whether this one may. */

export function risk(plan: Plan, context: GateContext): Verdict[] {
  const level = riskOfPlan(plan);
  const why = plan.steps.flatMap((step) => step.riskReasons.map((reason) => `${step.action} ${reason}`));
  const sentence = `The risk is ${level}${why.length === 0 ? "" : `: ${why.join("; ")}`}.`;
  if (isCheck(plan)) return [allow(`${sentence} This is a preview: it changes nothing.`)];
  if (level === "low" || context.moment !== "plan" || hasStandingYes(plan, context)) return [allow(sentence)];
  return [ask(sentence)];
}

/** At planning: whether a standing approval is enough, and whether more match than the schedule may change by itself. */
export function schedule(plan: Plan, context: GateContext): Verdict[] {
  if (context.schedule === undefined || context.moment !== "plan") return [];
  if (isOverCap(plan, context)) {
    const { maxTargets } = context.schedule;
    return [ask(`${plan.targets.length} appliances match, and its schedule is for ${maxTargets} at most.`)];
  }
  const needed = neededApproval(plan, context);
  if (needed === undefined || context.schedule.standing === undefined) return [];
  const problem = standingProblem(plan, context, needed.approver !== "requester");
  if (problem === undefined) return [allow("The schedule's standing approval covers it.")];
  return [
    ask(
      `The schedule's standing approval does not count: ${problem}.`,
      "Approve the schedule anew: steward schedule approve",
    ),
  ];
}

function hasStandingYes(plan: Plan, context: GateContext): boolean {
  const needed = neededApproval(plan, context);
  return needed !== undefined && standingProblem(plan, context, needed.approver !== "requester") === undefined;
}

export function words(plan: Plan, context: GateContext): Verdict[] {
  if (context.moment !== "plan" || isCheck(plan)) return [];
  if (context.fromWords) return [ask("The plan came from words; a person confirms that it is what was meant.")];
  if (context.confirm === true) return [ask("Whoever asked wants to look at it before it runs.")];
  return context.source.kind === "model" ? [ask("A model proposed it; a person confirms that it is wanted.")] : [];
}

/** From which risk on Steward or the tenant wants another person than the one who asked. */
export function twoPerson(plan: Plan, context: GateContext): Verdict[] {
  const why = whySecond(plan, context);
  if (why === undefined) return [];
  return [context.moment === "plan" && !hasStandingYes(plan, context) ? ask(why) : allow(why)];
}

function whySecond(plan: Plan, context: GateContext): string | undefined {
  if (isCheck(plan)) return undefined;
  const level = riskOfPlan(plan);
  if (level === "high") return "A high risk takes a second person.";
  if (changesNothing(plan, context)) return undefined;
  // Judged when the yes is given: one that was good stays so when its giver tightens the policy later.
  const isAsked = context.moment === "plan" || context.moment === "approval";
  if (isAsked && level !== "low" && context.barred.some(({ id }) => id === context.requester.id)) {
    return "Whoever asked has changed the policy lately.";
  }
  const { twoPersonFrom, forbid } = context.policy;
  if (twoPersonFrom !== undefined && risks.indexOf(level) >= risks.indexOf(twoPersonFrom)) {
    return `Your organisation wants a second person from the risk ${twoPersonFrom} on.`;
  }
  for (const rule of forbid) {
    const met = rule.effect === "second_person" ? meets(rule, plan, context) : undefined;
    if (met !== undefined) return `${met}: your organisation wants a second person. ${rule.why}`;
  }
  return undefined;
}

/** At an approval: is this the person, and is it this plan? Later: was there one? */
export function approval(plan: Plan, context: GateContext): Verdict[] {
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
      return [context.approved ? judgeEarlierApprover(needed, context) : judgeStanding(plan, needed, context)];
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
  const { approver, requester, breakGlass } = context;
  if (approver?.role === undefined) return deny("Whoever approved this has no role here any more.");
  const own = approver.id === requester.id;
  const enough = own && needed.approver === "requester" ? "operator" : "approver";
  if (!hasRole(approver.role, enough)) {
    return deny(
      `Whoever approved this may not do so any more: that takes ${article(enough)}, this is ${article(approver.role)}.`,
    );
  }
  // The rule may be younger than the yes.
  if (own && needed.approver !== "requester" && approver.retyped === false && breakGlass?.by !== approver.id) {
    return deny("Whoever asked has approved this; another person has to.", "Ask for it again.");
  }
  return allow("A person has approved this plan.");
}

function judgeApprover(needed: NeededApproval, context: GateContext): Verdict {
  const { approver, requester, breakGlass } = context;
  if (approver?.role === undefined) return deny("Whoever approves has no role here.");
  if (breakGlass !== undefined) {
    return hasRole(approver.role, "approver")
      ? allow("An approver takes it on alone.")
      : deny(`Breaking the glass takes an approver; this is ${article(approver.role)}.`);
  }
  if (approver.id !== requester.id) {
    if (!hasRole(approver.role, "approver")) {
      return deny(
        `Approving for somebody else takes an approver; this is ${article(approver.role)}.`,
        "An approver says yes.",
      );
    }
    const barred = needed.approver === "requester" ? undefined : context.barred.find(({ id }) => id === approver.id);
    return barred === undefined ? allow("Another person approves.") : deny(barred.why, "Yet another person approves.");
  }
  switch (needed.approver) {
    case "requester":
      return hasRole(approver.role, "operator")
        ? allow("Whoever asked confirms.")
        : deny(`Confirming takes an operator; this is ${article(approver.role)}.`);
    case "other":
      return deny(
        "Another person with the role approver has to approve this.",
        "Another approver says yes, or somebody breaks the glass.",
      );
    case "retype":
      // Exactly: the point is that the person looks at the name.
      return approver.confirmation === needed.retype
        ? allow("The only person who could approve retyped the target's name.")
        : deny(`Nobody else could approve this: retype the target's name, ${needed.retype}, to confirm.`);
  }
}

export type NeededApproval = { approver: "requester" } | { approver: "other" } | { approver: "retype"; retype: string };

/** Who has to say yes before this plan runs; undefined: nobody. */
export function neededApproval(plan: Plan, context: GateContext): NeededApproval | undefined {
  if (isCheck(plan)) return undefined;
  const level = riskOfPlan(plan);
  if (whySecond(plan, context) !== undefined) {
    const { requester } = context;
    const current = "personRole" in requester ? requester.personRole : requester.role;
    const isAlone = context.otherApprovers === 0 && current !== undefined && hasRole(current, "approver");
    const first = context.targets.find((target) => target.id === plan.targets[0]);
    return isAlone && first !== undefined ? { approver: "retype", retype: first.name } : { approver: "other" };
  }
  const wanted =
    level !== "low" ||
    context.fromWords ||
    context.confirm === true ||
    isOverCap(plan, context) ||
    context.source.kind === "model" ||
    (context.policy.previewMinutes !== undefined && !changesNothing(plan, context));
  return wanted ? { approver: "requester" } : undefined;
}
