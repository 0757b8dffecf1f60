import type { AlertStatus, AlertView, Severity } from "@steward/contracts/alert";
import type { Term } from "../../text.ts";

export const severityTerms: Record<Severity, Term> = {
  warning: { text: "warning", tone: "wait" },
  critical: { text: "critical", tone: "bad" },
};

export const alertStatusTerms: Record<AlertStatus, Term> = {
  open: { text: "open", tone: "bad" },
  acknowledged: { text: "acknowledged", tone: "busy" },
  resolved: { text: "resolved", tone: "good" },
};

export const alertKindNames = { health: "unwell", offline: "silent", "fleet-silent": "many silent" } as const;

/** Open, and nobody has said that they look after it, nor put it off. */
export function needsSomebody({ status, snoozedUntil, suppressedBy }: AlertView, nowMs: number): boolean {
  if (status !== "open" || suppressedBy !== undefined) return false;
  return snoozedUntil === undefined || Date.parse(snoozedUntil) <= nowMs;
}

/** The worst first, and of those the ones that have been so for longest. */
export function byNeed(a: AlertView, b: AlertView): number {
  const rank = ({ status, severity }: AlertView) =>
    (status === "resolved" ? 4 : status === "acknowledged" ? 2 : 0) + (severity === "critical" ? 0 : 1);
  return rank(a) - rank(b) || (a.startsAt < b.startsAt ? -1 : 1);
}
