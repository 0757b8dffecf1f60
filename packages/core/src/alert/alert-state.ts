import type { AlertKind, AlertStatus, Severity } from "@steward/contracts/alert";
import { derivedId } from "@steward/contracts/ids";
import type { Versioned } from "../versioned.ts";

export interface AlertPerson {
  id: string;
  name: string;
}

/** What an alert is about: there is one record for it, however often it opens. */
export type AlertSubject =
  | { kind: "health"; nodeId: string; part: string }
  | { kind: "offline"; nodeId: string }
  | { kind: "fleet-silent" };

/** Something that is wrong with a node, or with a tenant's fleet. */
export interface AlertState extends Versioned {
  tenantId: string;
  alertId: string;
  kind: AlertKind;
  nodeId?: string;
  /** Of `health`: the metric (`diskPercent`) or condition (`service:nginx`). */
  part?: string;
  status: AlertStatus;
  severity: Severity;
  /** Of this opening. */
  startsAtMs: number;
  openings: number;
  /** Whom it was told in this opening: how bad it was then, and by which notices. */
  told?: { severity: Severity; firstAtMs: number; atMs: number; notices: string[] };
  /** Who is not told within this time after somebody was: `alert.escalated`. Absent: never. */
  escalateAfterMs?: number;
  escalatedAtMs?: number;
  acknowledgedAtMs?: number;
  acknowledgedBy?: AlertPerson;
  /** How bad it was then. */
  acknowledgedSeverity?: Severity;
  snoozedUntilMs?: number;
  snoozedBy?: AlertPerson;
  /** What was snoozed: a worse one is told all the same. */
  snoozedSeverity?: Severity;
  /** The gateway in front of the node, which is silent itself. */
  suppressedBy?: string;
  /** Of `fleet-silent`. */
  nodes?: { silent: number; of: number };
  resolvedAtMs?: number;
  /** Earlier openings, the newest first. */
  past: { startsAtMs: number; resolvedAtMs: number; severity: Severity; acknowledgedBy?: AlertPerson }[];
  updatedAtMs: number;
}

/** The same for everybody who meets the same thing: whoever comes second finds the record of the first. */
export function alertIdOf(tenantId: string, subject: AlertSubject): string {
  const about = subject.kind === "fleet-silent" ? "" : subject.nodeId;
  const part = subject.kind === "health" ? subject.part : "";
  return derivedId("alert", 0, `${tenantId}\n${subject.kind}\n${about}\n${part}`);
}
