import type { AlertStatus, Severity } from "@steward/contracts/alert";
import { severities } from "@steward/contracts/alert";
import { checkTransition, type Transitions } from "../reducing.ts";
import type { Step } from "../versioned.ts";
import { type AlertPerson, type AlertState, type AlertSubject, alertIdOf } from "./alert-state.ts";

const minuteMs = 60_000;
/** What comes back within this time has never been away: it is the same opening, and nobody is told again. */
export const reopenMs = 10 * minuteMs;
/** How often it is looked whether a gateway is back; of one that is gone for long more seldom, up to an hour. */
export const suppressedLookMs = 3 * minuteMs;
const seldomLookMs = 60 * minuteMs;
const keptOpenings = 10;
const keptNotices = 5;

export type AlertEvent =
  /** The thing is so, at least as bad as that. `noticeId`: the id of what is told, should somebody be told. */
  | {
      type: "raise";
      severity: Severity;
      noticeId: string;
      escalateAfterMs?: number;
      suppressedBy?: string;
      nodes?: { silent: number; of: number };
    }
  /** It is so no longer. */
  | { type: "clear" }
  | { type: "acknowledge"; by: AlertPerson }
  | { type: "snooze"; by: AlertPerson; untilMs: number }
  /** Its time has come: a snooze has ended, nobody has looked, or a gateway is to be looked at. */
  | { type: "look"; noticeId: string; suppressedBy?: string };

/** What people are to be told once the state is stored. */
export type AlertEffect = { type: "tell"; event: "alert.raised" | "alert.resolved" | "alert.escalated" };

const transitions: Transitions<AlertStatus, AlertEvent["type"]> = {
  open: {
    raise: ["open"],
    clear: ["resolved"],
    acknowledge: ["acknowledged"],
    snooze: ["open"],
    look: ["open"],
  },
  acknowledged: {
    raise: ["acknowledged", "open"],
    clear: ["resolved"],
    acknowledge: ["acknowledged"],
    snooze: ["acknowledged"],
    look: ["acknowledged"],
  },
  resolved: { raise: ["open", "acknowledged"], clear: ["resolved"], look: ["resolved"] },
};

const acknowledgement = ["acknowledgedAtMs", "acknowledgedBy", "acknowledgedSeverity"] as const;

type AlertStep = Step<AlertState, AlertEffect>;

/** The first opening of an alert. */
export function openAlert(
  tenantId: string,
  subject: AlertSubject,
  event: Extract<AlertEvent, { type: "raise" }>,
  nowMs: number,
): AlertStep {
  const state: AlertState = {
    v: 1,
    version: 1,
    tenantId,
    alertId: alertIdOf(tenantId, subject),
    kind: subject.kind,
    ...("nodeId" in subject ? { nodeId: subject.nodeId } : {}),
    ...("part" in subject ? { part: subject.part } : {}),
    status: "open",
    severity: event.severity,
    startsAtMs: nowMs,
    openings: 1,
    ...given({}, event),
    past: [],
    updatedAtMs: nowMs,
  };
  return told(state, event.noticeId, nowMs);
}

/**
 * The next state. The very same one where the event changes nothing, so that whatever comes twice, or late, is harmless.
 * @throws AppError `invalid_transition`: what is over can be neither acknowledged nor snoozed
 */
export function reduceAlert(state: AlertState, event: AlertEvent, nowMs: number): AlertStep {
  const step = decide(state, event, nowMs);
  checkTransition(transitions, {
    from: state.status,
    event: event.type,
    to: step.state.status,
    sentence: "the alert is over already",
  });
  return step;
}

function decide(state: AlertState, event: AlertEvent, nowMs: number): AlertStep {
  switch (event.type) {
    case "raise":
      return state.status === "resolved" ? reopen(state, event, nowMs) : worsen(state, event, nowMs);
    case "clear": {
      if (state.status === "resolved") return { state, effects: [] };
      const next = without(state, "dueAtMs", "suppressedBy");
      return {
        state: { ...next, ...touched(state, nowMs), status: "resolved", resolvedAtMs: nowMs },
        effects: state.told === undefined ? [] : [{ type: "tell", event: "alert.resolved" }],
      };
    }
    case "acknowledge":
      if (state.status === "acknowledged") return { state, effects: [] };
      return timed({
        ...state,
        ...touched(state, nowMs),
        status: "acknowledged",
        acknowledgedAtMs: nowMs,
        acknowledgedBy: event.by,
        acknowledgedSeverity: state.severity,
      });
    case "snooze":
      return timed({
        ...state,
        ...touched(state, nowMs),
        snoozedUntilMs: event.untilMs,
        snoozedBy: event.by,
        snoozedSeverity: state.severity,
      });
    case "look":
      return state.status === "resolved" || nowMs < (state.dueAtMs ?? Number.POSITIVE_INFINITY)
        ? { state, effects: [] }
        : look(state, event, nowMs);
  }
}

/** Whether a raise is a new opening, and not what was away for a moment only. */
export function opensAnew(state: AlertState | undefined, nowMs: number): boolean {
  return state === undefined || (state.status === "resolved" && nowMs - (state.resolvedAtMs ?? nowMs) >= reopenMs);
}

/** It opens again: as the same opening where it was away for a moment only, else as a new one. */
function reopen(state: AlertState, event: Extract<AlertEvent, { type: "raise" }>, nowMs: number): AlertStep {
  const { resolvedAtMs = nowMs, startsAtMs, severity, acknowledgedBy, past } = state;
  const over = without(awake(state, nowMs), "resolvedAtMs", "suppressedBy");
  const base = { ...given(over, event), ...touched(state, nowMs) };
  if (!opensAnew(state, nowMs)) {
    const same: AlertState = { ...base, status: state.acknowledgedAtMs === undefined ? "open" : "acknowledged" };
    const step = worsen(same, event, nowMs);
    // One version on, however it went. Who was not told, as it was a gateway's silence before, is told now.
    return step.state === same
      ? told(same, event.noticeId, nowMs)
      : { ...step, state: { ...step.state, version: state.version + 1 } };
  }
  const opening = {
    startsAtMs,
    resolvedAtMs,
    severity,
    ...(acknowledgedBy === undefined ? {} : { acknowledgedBy }),
  };
  const fresh: AlertState = {
    ...without(base, "told", ...acknowledgement),
    status: "open",
    severity: event.severity,
    startsAtMs: nowMs,
    openings: state.openings + 1,
    past: [opening, ...past].slice(0, keptOpenings),
  };
  return told(fresh, event.noticeId, nowMs);
}

/** It is still so. Worse than before it is open again, whoever has acknowledged the lesser. */
function worsen(state: AlertState, event: Extract<AlertEvent, { type: "raise" }>, nowMs: number): AlertStep {
  const rises = severities.indexOf(event.severity) > severities.indexOf(state.severity);
  const counts = event.nodes !== undefined && event.nodes.silent !== state.nodes?.silent;
  const setting = event.escalateAfterMs !== state.escalateAfterMs;
  if (event.severity === state.severity && !counts && !setting) return { state, effects: [] };
  const next: AlertState = { ...given(state, event), ...touched(state, nowMs), severity: event.severity };
  // Whoever has acknowledged it when it was as bad has seen this.
  const seen = severities.indexOf(state.acknowledgedSeverity ?? "warning") >= severities.indexOf(event.severity);
  if (!rises || (state.status === "acknowledged" && seen)) return told(next, event.noticeId, nowMs);
  return told({ ...without(next, ...acknowledgement), status: "open" }, event.noticeId, nowMs);
}

function look(state: AlertState, event: Extract<AlertEvent, { type: "look" }>, nowMs: number): AlertStep {
  const next = { ...state, ...touched(state, nowMs) };
  if (state.suppressedBy !== undefined) {
    if (event.suppressedBy !== undefined) return timed({ ...next, suppressedBy: event.suppressedBy });
    return told(without(next, "suppressedBy"), event.noticeId, nowMs);
  }
  if (state.snoozedUntilMs !== undefined && state.snoozedUntilMs <= nowMs) {
    const again = awake(next, nowMs);
    // It was put aside until now, and is still so.
    return told(again, event.noticeId, nowMs, { anyway: true });
  }
  if (escalatesAtMs(state) <= nowMs) {
    const { state: escalated } = timed({ ...next, escalatedAtMs: nowMs });
    return { state: escalated, effects: [{ type: "tell", event: "alert.escalated" }] };
  }
  return timed(next);
}

/** Tells of it where nobody was told of anything as bad, or `anyway`, and nothing keeps it from being told. */
function told(state: AlertState, noticeId: string, nowMs: number, { anyway = false } = {}): AlertStep {
  const before = state.told;
  const known =
    !anyway && before !== undefined && severities.indexOf(before.severity) >= severities.indexOf(state.severity);
  if (known || state.status !== "open" || state.suppressedBy !== undefined || isSnoozed(state, nowMs)) {
    return timed(state);
  }
  const notices = [...(before?.notices ?? []), noticeId].slice(-keptNotices);
  const firstAtMs = before?.firstAtMs ?? nowMs;
  // Only who is told anew has time anew until somebody else is.
  const anew = without(awake(state, nowMs), "escalatedAtMs");
  return {
    state: timed({ ...anew, told: { severity: state.severity, firstAtMs, atMs: nowMs, notices } }).state,
    effects: [{ type: "tell", event: "alert.raised" }],
  };
}

/** Without a snooze that has ended: whoever looked for its end would tell once more what is told now. */
function awake(state: AlertState, nowMs: number): AlertState {
  const { snoozedUntilMs = Number.POSITIVE_INFINITY } = state;
  return snoozedUntilMs <= nowMs ? without(state, "snoozedUntilMs", "snoozedBy", "snoozedSeverity") : state;
}

function isSnoozed(state: AlertState, nowMs: number): boolean {
  return snoozedTo(state) > nowMs;
}

/** Until when what it is now is snoozed. A snooze is of what was seen: what became worse since is told, and escalated. */
function snoozedTo({ snoozedUntilMs = 0, snoozedSeverity = "critical", severity }: AlertState): number {
  return severities.indexOf(severity) <= severities.indexOf(snoozedSeverity) ? snoozedUntilMs : 0;
}

/** Sets when it must be looked at next. */
function timed(state: AlertState): AlertStep {
  const { suppressedBy, startsAtMs, updatedAtMs } = state;
  const lookAfterMs = Math.min(seldomLookMs, Math.max(suppressedLookMs, (updatedAtMs - startsAtMs) / 4));
  const dueAtMs =
    suppressedBy === undefined
      ? Math.min(state.snoozedUntilMs ?? Number.POSITIVE_INFINITY, escalatesAtMs(state))
      : updatedAtMs + Math.round(lookAfterMs);
  const rest = without(state, "dueAtMs");
  return { state: Number.isFinite(dueAtMs) ? { ...rest, dueAtMs } : rest, effects: [] };
}

/** A critical one of which somebody was told and that nobody has acknowledged; a snooze is an answer, too. */
function escalatesAtMs(state: AlertState): number {
  const { status, severity, told: last, escalateAfterMs, escalatedAtMs } = state;
  const waits = status === "open" && severity === "critical" && escalatedAtMs === undefined;
  if (!waits || last === undefined || escalateAfterMs === undefined || snoozedTo(state) > 0) {
    return Number.POSITIVE_INFINITY;
  }
  return last.atMs + escalateAfterMs;
}

/** What a raise says besides how bad it is. The time until somebody else is told is the one set now, and none where none is. */
function given<S extends Partial<AlertState>>(
  state: S,
  { escalateAfterMs, suppressedBy, nodes }: Extract<AlertEvent, { type: "raise" }>,
): S {
  const rest = { ...state };
  delete rest.escalateAfterMs;
  return {
    ...rest,
    ...(escalateAfterMs === undefined ? {} : { escalateAfterMs }),
    ...(suppressedBy === undefined ? {} : { suppressedBy }),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

function touched(state: AlertState, nowMs: number): { version: number; updatedAtMs: number } {
  return { version: state.version + 1, updatedAtMs: nowMs };
}

function without<Key extends keyof AlertState>(state: AlertState, ...names: Key[]): AlertState {
  const rest = { ...state };
  for (const name of names) delete rest[name];
  return rest;
}
