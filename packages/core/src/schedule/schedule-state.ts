import type { Recurrence } from "@steward/contracts/recurrence";
import type { ScheduleDefinition, scheduleOutcomes } from "@steward/contracts/schedule";
import type { SignedDocument } from "@steward/contracts/signed";
import type { Versioned } from "../versioned.ts";

/** A person's standing yes. The signed document is what counts; the rest is for showing it. */
export interface StandingState {
  document: SignedDocument;
  standingHash: string;
  by: string;
  name: string;
  atMs: number;
  expiresAtMs: number;
}

export interface ScheduleNote {
  dueAtMs: number;
  /** Several due times: all from `dueAtMs` on that come before this. */
  beforeMs?: number;
  atMs: number;
  outcome: (typeof scheduleOutcomes)[number];
  taskId?: string;
  why?: string;
}

/** A due time, and when it is acted upon: later by its jitter. */
export interface DueTime {
  dueAtMs: number;
  fireAtMs: number;
}

export interface ScheduleState extends Omit<Versioned, "dueAtMs"> {
  tenantId: string;
  scheduleId: string;
  name: string;
  definition: ScheduleDefinition;
  /** A removed one stays: a name that comes again goes on from the due times that were. */
  status: "active" | "paused" | "removed";
  paused?: { by: string; atMs: number; why?: string };
  /** Whoever wrote the content as it is now. */
  author: { id: string; name: string };
  createdAtMs: number;
  updatedAtMs: number;
  /** From where a rate counts. */
  anchorMs: number;
  /** The first due time that nobody has dealt with. Absent: paused, removed, or there is none. */
  next?: DueTime;
  /** When somebody has to look: at `next.fireAtMs`, or later where it has to wait. */
  lookAtMs?: number;
  /** The last due time that was dealt with, whatever came of it: none up to there ever comes again. */
  doneUntilMs?: number;
  lastTaskId?: string;
  /** In a row. */
  refusals: number;
  /** Newest first. */
  log: ScheduleNote[];
  standing?: StandingState;
}

/** What the recurrence's functions take. */
export function recurrenceOf(state: Pick<ScheduleState, "definition" | "anchorMs">): Recurrence {
  const { when } = state.definition;
  return "rate" in when ? { rate: when.rate, anchorMs: state.anchorMs } : when;
}
