import type { Lane } from "@steward/contracts/names";
import type { AdmissionState, Candidate, Place } from "./admission-state.ts";
import type { JobState } from "./job-state.ts";

/** A place takes 60 bytes of one record. */
const mostPlaces = 500;
/** How soon somebody looks whether places were given back, when those who should have done it have died. */
const lookAgainMs = 60_000;

/** How many jobs of one tenant may be in one lane at a time. */
export function windowOf(liveSlots: number): number {
  return Math.min(mostPlaces, Math.max(2, Math.floor(liveSlots / 2)));
}

/** What a job that is held back asks for. */
export function candidateOf(job: JobState, nowMs: number): Candidate {
  const { jobId, createdAtMs, deadlineAtMs, allowedMs } = job;
  return { jobId, createdAtMs, untilMs: allowedMs === undefined ? deadlineAtMs : nowMs + allowedMs };
}

/** Nobody of the tenant is in the lane yet. Its first version is 1. */
export function emptyAdmission({ tenantId, lane }: { tenantId: string; lane: Lane }): AdmissionState {
  return { v: 1, version: 0, tenantId, lane, places: [], holding: false, updatedAtMs: 0 };
}

/**
 * Gives back the places of jobs that have left, and lets in those that have waited longest, as far as the window has
 * room. Two that decide on one version cannot both be stored, so the window is never exceeded; a place is given back
 * only for a job that is known to have left, so a death leaves a place taken for too long, never twice.
 *
 * The same state where nothing changes.
 */
export function admit(
  state: AdmissionState,
  input: {
    /** Jobs that hold no place any more: ended, or at another tier. */
    left: readonly string[];
    waiting: readonly Candidate[];
    /** There are further ones that wait. */
    more: boolean;
    window: number;
    /**
     * Somebody has looked at it for its deadline, and at everything that waits. Only this sets the next deadline, so that
     * a busy tenant's lost places are found too; and only this finds that nobody waits any more: a list may not know yet
     * of one that has just been held back.
     */
    look?: boolean;
  },
  nowMs: number,
): { state: AdmissionState; admitted: Candidate[] } {
  const stay = staying(state, input.left, nowMs);
  const held = new Set(stay.map(({ jobId }) => jobId));
  let room = Math.max(0, input.window - stay.length);
  const admitted: Candidate[] = [];
  const places: Place[] = [...stay];
  for (const candidate of input.waiting.toSorted(oldestFirst)) {
    const { jobId, untilMs } = candidate;
    // It left and came back before its place was given back: the place is its own.
    if (!held.has(jobId)) {
      if (room === 0) continue;
      room -= 1;
      held.add(jobId);
      places.push({ jobId, untilMs });
    }
    admitted.push(candidate);
  }
  const looked = input.look === true;
  const holding = input.more || admitted.length < input.waiting.length || (!looked && state.holding);
  const isSame = !looked && admitted.length === 0 && stay.length === state.places.length && holding === state.holding;
  if (isSame) return { state, admitted };
  const { dueAtMs: before, ...kept } = state;
  const dueAtMs = looked || before === undefined ? nowMs + lookAgainMs : before;
  const watched = places.length > 0 || holding ? { dueAtMs } : {};
  return {
    state: { ...kept, ...watched, places, holding, version: state.version + 1, updatedAtMs: nowMs },
    admitted,
  };
}

/** How many more it would let in. */
export function roomIn(
  state: AdmissionState,
  { left, window }: { left: readonly string[]; window: number },
  nowMs: number,
): number {
  return Math.max(0, window - staying(state, left, nowMs).length);
}

function staying({ places }: AdmissionState, left: readonly string[], nowMs: number): Place[] {
  return places.filter(({ jobId, untilMs }) => untilMs > nowMs && !left.includes(jobId));
}

function oldestFirst(a: Candidate, b: Candidate): number {
  return a.createdAtMs - b.createdAtMs || (a.jobId < b.jobId ? -1 : 1);
}
