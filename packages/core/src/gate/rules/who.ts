import type { Plan } from "@steward/contracts/plan";
import { hasRole } from "@steward/contracts/roles";
import type { GateContext } from "../gate-context.ts";
import { allow, article, deny, hold, isBefore, theFirst, type Verdict } from "../verdict.ts";

/* Whose it is, whom it reaches, and who asks. */

export function tenancy(plan: Plan, context: GateContext): Verdict[] {
  if (plan.tenantId !== context.tenantId) return [deny("The plan belongs to another tenant.")];
  // What is gone has no tenant any more; the rule `targets` refuses it.
  const foreign = context.targets.filter((target) => !target.removed && target.tenantId !== context.tenantId);
  return theFirst(foreign.map((target) => deny(`${target.id} is not an appliance of this tenant.`)));
}

/** Nothing is planned, approved, sent or started for a tenant that is suspended or to be deleted. */
export function tenant(_plan: Plan, { tenantStatus }: GateContext): Verdict[] {
  switch (tenantStatus) {
    case "active":
      return [];
    case "suspended":
      return [hold("The tenant is suspended. Ask your provider.", undefined, "The provider resumes the tenant.")];
    case "deleting":
      return [hold("The tenant is to be deleted. Ask your provider.", undefined, "The provider restores the tenant.")];
    case "purging":
    case "purged":
    case undefined:
      return [deny("The tenant does not exist any more.")];
    default:
      return tenantStatus satisfies never;
  }
}

export function targets(plan: Plan, context: GateContext): Verdict[] {
  const verdicts: Verdict[] = [];
  const known = new Set(context.targets.map((target) => target.id));
  // A doorbell and a start concern one appliance; before them all must be right.
  const missing = isBefore(context) ? plan.targets.filter((id) => !known.has(id)) : [];
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
        deny(
          `Nobody has confirmed the key of ${target.name} yet. Compare its fingerprint and confirm it.`,
          `steward appliances show ${target.name}`,
        ),
      );
    }
  }
  return theFirst(verdicts);
}

export function role(_plan: Plan, context: GateContext): Verdict[] {
  const current = context.requester.role;
  if (current === undefined) return [deny("Whoever asked for this has no role here any more.")];
  if (hasRole(current, "operator")) return [allow(`It was asked for by ${article(current)}.`)];
  return [
    deny(`It was asked for by ${article(current)}; changing anything takes an operator.`, "An operator asks for it."),
  ];
}

/** All sources are judged alike; this one only says which it was. */
export function source(_plan: Plan, { source: { kind, id } }: GateContext): Verdict[] {
  switch (kind) {
    case "person":
    case "token":
      return [];
    case "schedule":
    case "git":
    case "alert":
    case "model":
      return [allow(`It comes from ${article(kind)}${id === undefined ? "" : ` (${id})`}; its author answers for it.`)];
    default:
      // One that this version does not know is not let through for that.
      return [deny("Nobody knows where this comes from.")];
  }
}
