import type { Plan } from "@steward/contracts/plan";
import { utcText } from "@steward/contracts/spans";
import type { GateContext, WindowNow } from "../gate-context.ts";
import { allow, changesNothing, deny, hasTag, hold, isBefore, named, type Verdict } from "../verdict.ts";

/* Whether now is the time. Nothing here gives a plan up: it waits, for as long as it is good. */

/** A frozen tenant may plan and approve; nothing is sent and nothing starts. */
export function freeze(_plan: Plan, context: GateContext): Verdict[] {
  const hourMs = 3_600_000;
  return context.freezes.map(({ reason, untilMs }) => {
    const hours = Math.max(1, Math.ceil((untilMs - context.nowMs) / hourMs));
    const why = `Frozen for up to ${hours} h more: ${reason}.`;
    return isBefore(context)
      ? allow(`${why} Nothing is sent before that ends.`)
      : hold(why, untilMs, "An admin ends it: steward unfreeze");
  });
}

/** Why an appliance may not be changed now, and until when; undefined: it may. */
function heldBy(
  target: GateContext["targets"][number],
  windows: readonly WindowNow[],
  quiet: boolean,
): { why: string; untilMs?: number } | undefined {
  const own = windows.filter((window) => hasTag(target, window.tags));
  const blackouts = own.filter((one) => one.kind === "blackout" && one.open && (!quiet || one.readsToo === true));
  if (blackouts.length > 0) {
    const ends = blackouts.map((one) => one.changesAtMs);
    const why = `in the blackout ${named(blackouts.map((one) => one.name))}`;
    // It waits for the last of them; for one without an end, until somebody removes it.
    return ends.every((end) => end !== undefined) ? { why, untilMs: Math.max(...ends) } : { why };
  }
  const maintenance = own.filter((one) => one.kind === "maintenance");
  if (quiet || maintenance.length === 0 || maintenance.some((one) => one.open)) return undefined;
  const opens = maintenance.flatMap((one) => one.changesAtMs ?? []);
  const why = `outside of the maintenance window ${named(maintenance.map((one) => one.name))}`;
  return opens.length > 0 ? { why, untilMs: Math.min(...opens) } : { why };
}

/** Before anything is sent it is told how long it will wait; what could only wait until it expires is not approved. */
export function window(plan: Plan, context: GateContext): Verdict[] {
  const quiet = changesNothing(plan, context);
  const groups = new Map<string, { why: string; untilMs?: number; names: string[] }>();
  for (const target of context.targets) {
    const held = heldBy(target, context.windows, quiet);
    if (held === undefined) continue;
    const key = `${held.why} ${held.untilMs}`;
    const group = groups.get(key) ?? { ...held, names: [] };
    group.names.push(target.name);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ why, untilMs, names }) => {
    const until = untilMs === undefined ? "" : `, until ${utcText(untilMs)}`;
    const sentence = `${named(names)}: ${why}${until}.`;
    const next = "It goes on by itself then. Before: an admin changes the windows (steward windows ls).";
    if (!isBefore(context)) return hold(sentence, untilMs, next);
    if (untilMs !== undefined && untilMs < plan.expiresAtMs) return allow(`${sentence} It waits for that.`);
    const never = `${sentence} The plan expires before, at ${utcText(plan.expiresAtMs)}.`;
    return context.moment === "approval"
      ? deny(never, "Ask for it again nearer to the time, or break the glass.")
      : allow(never);
  });
}
