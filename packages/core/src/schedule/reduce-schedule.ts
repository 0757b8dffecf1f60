import { canonicalHash, sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import type { ScheduleDefinition } from "@steward/contracts/schedule";
import { nextDue, previousDue } from "@steward/contracts/due-times";
import {
  type DueTime,
  recurrenceOf,
  type ScheduleNote,
  type ScheduleState,
  type StandingState,
} from "./schedule-state.ts";

/** Within so much after its time a due time is not late: schedules are looked at once a minute. */
export const graceMs = 5 * 60_000;
/** What cannot go on now is looked at again then. */
export const lookAgainMs = 60_000;
/** Refused so often in a row, a schedule stops asking. */
export const maxRefusals = 3;
const keptNotes = 20;
/** Between the end of one due time's starts and the next: to find them expired, and the task ended. */
const marginMs = 3 * 60_000;

export interface NewSchedule {
  tenantId: string;
  scheduleId: string;
  name: string;
  definition: ScheduleDefinition;
  author: ScheduleState["author"];
}

/** `before`: one of the same name that was removed. What it did for its due times stays done. */
export function newSchedule(input: NewSchedule, nowMs: number, before?: ScheduleState): ScheduleState {
  if (before !== undefined && before.status !== "removed") {
    throw new AppError("conflict", `there is a schedule ${input.name} already`, {
      retryable: false,
      next: "Change that one, or choose another name.",
    });
  }
  const state: ScheduleState = {
    ...input,
    v: 1,
    version: (before?.version ?? 0) + 1,
    status: "active",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    // To the minute, so that its due times read well.
    anchorMs: Math.floor(nowMs / 60_000) * 60_000,
    ...(before?.doneUntilMs === undefined ? {} : { doneUntilMs: before.doneUntilMs }),
    refusals: 0,
    log: [],
  };
  return { ...state, ...placeOf(firstAfter(state, nowMs)) };
}

/**
 * Another definition. It is its writer's, and nobody has said yes to it: also how late, overlapping and held due times are
 * dealt with decides how often something is done. The same definition is the same state.
 */
export function changeSchedule(
  state: ScheduleState,
  change: { definition: ScheduleDefinition; by: ScheduleState["author"] },
  nowMs: number,
): ScheduleState {
  requirePresent(state);
  const { definition, by } = change;
  if (canonicalHash(definition) === canonicalHash(state.definition)) return state;
  const { standing: _, ...rest } = state;
  const next: ScheduleState = { ...rest, definition, author: by, refusals: 0 };
  if (state.status !== "active") return changed(state, next, nowMs);
  // What is due already stays due where the times are the same; else time begins anew.
  const sameTimes = canonicalHash(definition.when) === canonicalHash(state.definition.when);
  const due = sameTimes && state.next !== undefined ? dueTime(next, state.next.dueAtMs) : firstAfter(next, nowMs);
  return changed(state, { ...withoutPlace(next), ...placeOf(due) }, nowMs);
}

export function pauseSchedule(state: ScheduleState, by: string, nowMs: number, why?: string): ScheduleState {
  requirePresent(state);
  if (state.status === "paused") return state;
  const paused = { by, atMs: nowMs, ...(why === undefined ? {} : { why }) };
  return changed(state, { ...withoutPlace(state), status: "paused", paused }, nowMs);
}

/** What was due meanwhile is not made up for: whoever paused it wanted it not to run. */
export function resumeSchedule(state: ScheduleState, nowMs: number): ScheduleState {
  requirePresent(state);
  if (state.status === "active") return state;
  const { paused: _, ...rest } = state;
  return changed(
    state,
    { ...rest, status: "active", refusals: 0, ...placeOf(firstAfter({ ...rest, status: "active" }, nowMs)) },
    nowMs,
  );
}

export function removeSchedule(state: ScheduleState, nowMs: number): ScheduleState {
  if (state.status === "removed") return state;
  const { standing: _, paused: __, ...rest } = withoutPlace(state);
  return changed(state, { ...rest, status: "removed" }, nowMs);
}

export function approveSchedule(state: ScheduleState, standing: StandingState, nowMs: number): ScheduleState {
  requirePresent(state);
  return changed(state, { ...state, standing, refusals: 0 }, nowMs);
}

/** Ends a standing approval, also for what it has let begin and has not started yet. */
export function revokeStanding(state: ScheduleState, nowMs: number): ScheduleState {
  requirePresent(state);
  if (state.standing === undefined) return state;
  const { standing: _, ...rest } = state;
  return changed(state, rest, nowMs);
}

export type DueDecision =
  | { kind: "nothing" }
  /** Store this state: due times were passed over, or have to wait. Ask again. */
  | { kind: "moved"; state: ScheduleState }
  /** Act upon this due time, and store what `noteDue` makes of the state. */
  | { kind: "fire"; state: ScheduleState; dueAtMs: number; lateMs: number };

export interface DueFacts {
  nowMs: number;
  tenantActive: boolean;
  /** The last task of this schedule has not ended. */
  previousRuns: boolean;
}

/** What is to be done about a schedule now: one thing at a time, so that each is one write. */
export function decideDue(state: ScheduleState, facts: DueFacts): DueDecision {
  const { nowMs } = facts;
  if (state.status !== "active" || state.next === undefined || nowMs < (state.lookAtMs ?? 0))
    return { kind: "nothing" };
  if (nowMs < state.next.fireAtMs) {
    return { kind: "moved", state: changed(state, { ...state, lookAtMs: state.next.fireAtMs }, nowMs) };
  }
  if (!facts.tenantActive) return { kind: "moved", state: lookAgain(state, nowMs) };
  const wanted = wantedDue(state, nowMs);
  if (wanted === undefined || wanted.dueAtMs !== state.next.dueAtMs) {
    const why = `It was late by more than ${limitOf(state) / 60_000} min.`;
    const onlyLast = "Only the last of the due times that were missed runs.";
    const reason = state.definition.late.policy === "once" && wanted !== undefined ? onlyLast : why;
    return { kind: "moved", state: passOver(state, wanted, reason, nowMs) };
  }
  if (facts.previousRuns) {
    switch (state.definition.overlap) {
      case "allow":
        break;
      case "wait":
        return { kind: "moved", state: lookAgain(state, nowMs) };
      case "skip":
        return {
          kind: "moved",
          state: noteDue(
            state,
            { outcome: "skipped", why: `Its last task, ${state.lastTaskId}, had not ended.` },
            nowMs,
          ),
        };
    }
  }
  return { kind: "fire", state, dueAtMs: state.next.dueAtMs, lateMs: nowMs - state.next.fireAtMs };
}

/** The first due time that is dealt with, and what came of it. The next one follows. */
export function noteDue(
  state: ScheduleState,
  note: Pick<ScheduleNote, "outcome" | "taskId" | "why">,
  nowMs: number,
): ScheduleState {
  const { next } = state;
  if (next === undefined) return state;
  const refusals = note.outcome === "refused" ? state.refusals + 1 : note.outcome === "skipped" ? state.refusals : 0;
  const noted: ScheduleState = {
    ...withoutPlace(state),
    doneUntilMs: next.dueAtMs,
    refusals,
    ...(note.taskId === undefined ? {} : { lastTaskId: note.taskId }),
    log: withNote(state.log, { dueAtMs: next.dueAtMs, atMs: nowMs, ...note }),
  };
  if (refusals >= maxRefusals) {
    const why = `It was refused ${refusals} times in a row: ${note.why ?? "no reason was given"}`;
    return changed(state, { ...noted, status: "paused", paused: { by: "steward:schedule", atMs: nowMs, why } }, nowMs);
  }
  return changed(state, { ...noted, ...placeOf(firstAfter(noted, next.dueAtMs)) }, nowMs);
}

/**
 * Until when the runs of a due time may start; undefined: as long as any. Where the next due time waits for this one's end,
 * or is left out for it, an appliance that is away must not take a day's due times from all others.
 */
export function startUntilMs(
  state: Pick<ScheduleState, "definition" | "anchorMs">,
  dueAtMs: number,
): number | undefined {
  if (state.definition.overlap === "allow") return undefined;
  const next = nextDue(recurrenceOf(state), dueAtMs);
  return next === undefined ? undefined : next - marginMs;
}

/** The next due times from now on, for showing. */
export function comingDueTimes(state: ScheduleState, nowMs: number, count: number): number[] {
  const times: number[] = [];
  if (state.status === "removed") return times;
  let due = state.next?.dueAtMs ?? nextDue(recurrenceOf(state), nowMs);
  while (due !== undefined && times.length < count) {
    times.push(due);
    due = nextDue(recurrenceOf(state), due);
  }
  return times;
}

/** The same for the same schedule and due time, whoever asks; and never beyond the next due time: they stay in order. */
export function jitterMs(
  state: Pick<ScheduleState, "scheduleId" | "definition" | "anchorMs">,
  dueAtMs: number,
): number {
  const { jitterSeconds } = state.definition;
  if (jitterSeconds === 0) return 0;
  const distanceMs = (nextDue(recurrenceOf(state), dueAtMs) ?? Number.POSITIVE_INFINITY) - dueAtMs;
  const random = Number.parseInt(sha256Hex(`jitter ${state.scheduleId} ${dueAtMs}`).slice(0, 12), 16);
  return random % Math.min(jitterSeconds * 1000 + 1, distanceMs);
}

function dueTime(state: ScheduleState, dueAtMs: number): DueTime {
  return { dueAtMs, fireAtMs: dueAtMs + jitterMs(state, dueAtMs) };
}

function firstAfter(state: ScheduleState, afterMs: number): DueTime | undefined {
  const due = nextDue(recurrenceOf(state), Math.max(afterMs, state.doneUntilMs ?? Number.NEGATIVE_INFINITY));
  return due === undefined ? undefined : dueTime(state, due);
}

/** For how long after its time a due time may still run. */
function limitOf({ definition: { late, overlap } }: ScheduleState): number {
  const within = late.withinMinutes * 60_000;
  // What waits for the task before it is late for a reason.
  return late.policy !== "skip" || overlap === "wait" ? Math.max(graceMs, within) : graceMs;
}

/**
 * The due time to act upon, or to wait for, of all that nobody has dealt with. However many there are (a year's minutes),
 * only the ends are computed.
 */
function wantedDue(state: ScheduleState, nowMs: number): DueTime | undefined {
  const { next } = state;
  if (next === undefined) return undefined;
  const recurrence = recurrenceOf(state);
  const isSoonEnough = (due: DueTime) => nowMs - due.fireAtMs <= limitOf(state);
  if (state.definition.late.policy === "once" && nowMs - next.fireAtMs > graceMs) {
    let last = previousDue(recurrence, nowMs);
    while (last !== undefined && last > next.dueAtMs && dueTime(state, last).fireAtMs > nowMs) {
      last = previousDue(recurrence, last - 1);
    }
    const due = dueTime(state, Math.max(last ?? next.dueAtMs, next.dueAtMs));
    if (isSoonEnough(due)) return due;
  }
  if (isSoonEnough(next)) return next;
  // Everything up to there is too late, whatever its jitter.
  const from = nowMs - limitOf(state) - state.definition.jitterSeconds * 1000 - 1;
  let due = nextDue(recurrence, Math.max(from, next.dueAtMs));
  while (due !== undefined && !isSoonEnough(dueTime(state, due))) due = nextDue(recurrence, due);
  return due === undefined ? undefined : dueTime(state, due);
}

/** Leaves out all due times before `wanted`. */
function passOver(state: ScheduleState, wanted: DueTime | undefined, why: string, nowMs: number): ScheduleState {
  const { next } = state;
  if (next === undefined) return state;
  const last = wanted === undefined ? undefined : previousDue(recurrenceOf(state), wanted.dueAtMs - 1);
  const note: ScheduleNote = {
    dueAtMs: next.dueAtMs,
    ...(last === undefined || last === next.dueAtMs || wanted === undefined ? {} : { beforeMs: wanted.dueAtMs }),
    atMs: nowMs,
    outcome: "skipped",
    why,
  };
  return changed(
    state,
    {
      ...withoutPlace(state),
      ...placeOf(wanted),
      doneUntilMs: Math.max(last ?? next.dueAtMs, next.dueAtMs),
      log: withNote(state.log, note),
    },
    nowMs,
  );
}

function lookAgain(state: ScheduleState, nowMs: number): ScheduleState {
  return changed(state, { ...state, lookAtMs: nowMs + lookAgainMs }, nowMs);
}

function placeOf(due: DueTime | undefined): Pick<ScheduleState, "next" | "lookAtMs"> {
  return due === undefined ? {} : { next: due, lookAtMs: due.fireAtMs };
}

function withoutPlace(state: ScheduleState): ScheduleState {
  const { next: _, lookAtMs: __, ...rest } = state;
  return rest;
}

function withNote(log: readonly ScheduleNote[], note: ScheduleNote): ScheduleNote[] {
  const { why, ...rest } = note;
  return [{ ...rest, ...(why === undefined ? {} : { why: why.slice(0, 500) }) }, ...log].slice(0, keptNotes);
}

function changed(before: ScheduleState, next: ScheduleState, nowMs: number): ScheduleState {
  return { ...next, version: before.version + 1, updatedAtMs: nowMs };
}

function requirePresent(state: ScheduleState): void {
  if (state.status === "removed") throw new AppError("not_found", `there is no schedule ${state.scheduleId}`);
}
