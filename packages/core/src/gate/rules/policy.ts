import type { Plan, PlanStep } from "@steward/contracts/plan";
import { defaultCanaryFrom, defaultCanaryPercent, type ForbidRule } from "@steward/contracts/tenant-policy";
import type { GateContext } from "../gate-context.ts";
import { allow, ask, changesNothing, deny, fits, hasTag, named, type Verdict } from "../verdict.ts";

/* What the tenant asks of its changes, beyond what Steward asks by itself. Each can only make the answer stricter. */

const change = "An admin changes the policy: steward policy set";

export function forbid(plan: Plan, context: GateContext): Verdict[] {
  return context.policy.forbid.flatMap((rule) => {
    if (rule.effect !== "forbid") return [];
    const met = meets(rule, plan, context);
    return met === undefined ? [] : [deny(`${met}: your organisation forbids this. ${sentence(rule.why)}`, change)];
  });
}

/** What of the plan a rule is about, in words; undefined: nothing. */
export function meets(
  rule: GateContext["policy"]["forbid"][number],
  plan: Plan,
  context: GateContext,
): string | undefined {
  if (!rule.active) return undefined;
  if (rule.sources !== undefined && !rule.sources.includes(context.source.kind)) return undefined;
  const steps = plan.steps.filter((step) => fits(rule.action, step.action) && fitVariables(rule, step));
  // One that is gone has no tags to be judged by; the rule `targets` refuses it.
  const targets = context.targets.filter((target) => hasTag(target, rule.tags));
  if (steps.length === 0 || targets.length === 0) return undefined;
  const actions = named([...new Set(steps.map((step) => step.action))]);
  return rule.tags === undefined ? actions : `${actions} on ${named(targets.map((target) => target.name))}`;
}

function fitVariables(rule: ForbidRule, { variables }: PlanStep): boolean {
  return Object.entries(rule.variables ?? {}).every(([name, pattern]) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) return false;
    return (Array.isArray(value) ? value : [value]).some((one) => fits(pattern, String(one)));
  });
}

/** `shell.run` runs what the tenant has written down to the letter, and nothing else. */
export function shell(plan: Plan, context: GateContext): Verdict[] {
  const listed = context.policy.shell?.commands ?? [];
  return plan.steps
    .filter((step) => step.action === "shell.run")
    .map(({ variables }) => {
      const { command } = variables;
      if (typeof command === "string" && listed.includes(command)) return allow("Its command is on the tenant's list.");
      return deny(
        listed.length === 0
          ? "shell.run is off: your organisation has listed no command for it."
          : "shell.run: this is none of the commands that your organisation has listed.",
        "An admin adds the exact command to shell.commands: steward policy set",
      );
    });
}

/** How much one change may reach, and how it has to begin. A tenant of a few appliances never notices. */
export function blast(plan: Plan, context: GateContext): Verdict[] {
  const count = plan.targets.length;
  if (count <= 1 || changesNothing(plan, context)) return [];
  const { maxBlastPercent } = context.policy;
  // A tenant's own can only be stricter than Steward's.
  const canaryFrom = Math.min(defaultCanaryFrom, context.policy.canaryFrom ?? defaultCanaryFrom);
  const maxCanaryPercent = Math.min(defaultCanaryPercent, context.policy.maxCanaryPercent ?? defaultCanaryPercent);
  const verdicts: Verdict[] = [];
  // Planned, it waits for somebody to break the glass; after that it is refused like anything else.
  const refuse = context.moment === "plan" ? ask : deny;
  if (maxBlastPercent !== undefined) {
    const { fleet } = context;
    const share = fleet === undefined ? 100 : (count / Math.max(1, fleet)) * 100;
    if (share > maxBlastPercent) {
      const of = fleet === undefined ? "" : ` of ${fleet}`;
      verdicts.push(
        refuse(
          `It reaches ${count}${of} appliances; your organisation lets one change reach ${maxBlastPercent} %.`,
          "Ask for fewer targets at a time, or break the glass.",
        ),
      );
    }
  }
  const canary = sizeOfCanary(plan);
  if (count >= canaryFrom && canary > Math.max(1, Math.floor((count * maxCanaryPercent) / 100))) {
    verdicts.push(
      refuse(
        canary >= count
          ? `It reaches ${count} appliances at once; from ${canaryFrom} on a change begins with a canary.`
          : `Its canary is ${canary} of ${count} appliances; it may be ${maxCanaryPercent} %.`,
        "Ask for it with a small canary first: --canary 1; or break the glass.",
      ),
    );
  }
  return verdicts;
}

/** How many are in the first wave, as the plan has resolved it. */
function sizeOfCanary(plan: Plan): number {
  return plan.waveOf === undefined ? plan.targets.length : plan.waveOf.filter((wave) => wave === 1).length;
}

/** Where the tenant wants it, a yes takes a preview of the very same plan that ended well and is not old. */
export function preview(plan: Plan, context: GateContext): Verdict[] {
  const { previewMinutes } = context.policy;
  if (previewMinutes === undefined || changesNothing(plan, context)) return [];
  const wanted = `Your organisation wants a preview not older than ${previewMinutes} min before a yes`;
  const next = "steward tasks preview <task>";
  if (context.moment === "plan") return [ask(`${wanted}.`, next)];
  if (context.moment !== "approval") return [];
  const { preview: found, nowMs } = context;
  if (found === undefined) return [deny(`${wanted}; there is none.`, next)];
  if (found.contentHash !== context.recomputed.contentHash) return [deny(`${wanted}; it was of another plan.`, next)];
  if (found.status !== "succeeded" && found.status !== "simulated") {
    return [deny(`${wanted}; the last one is ${found.status.replaceAll("_", " ")}.`, next)];
  }
  const minutes = Math.floor((nowMs - found.endedAtMs) / 60_000);
  if (nowMs - found.endedAtMs > previewMinutes * 60_000) return [deny(`${wanted}; it is ${minutes} min old.`, next)];
  return [allow(`It was previewed ${minutes} min ago.`)];
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
