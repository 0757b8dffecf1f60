import { defaults } from "@steward/contracts/defaults";
import type { GrowingAnswer } from "@steward/contracts/support";

/** An answer while a model writes it. Nobody has checked it yet; it ends with the job. */
export interface DraftState {
  v: 1;
  version: number;
  tenantId: string;
  taskId: string;
  /** Absent on old ones. A question that is asked again has another job, which begins anew. */
  jobId?: string;
  /** Of the job: another attempt begins anew. */
  attempt: number;
  /** What a reader was told of attempts by the jobs before this one. */
  attemptsBefore?: number;
  /** Whole words, all of them judged. */
  text: string;
  /** How much of what the model wrote is taken; more than `text` has where the rest is not shown. */
  taken: number;
  /** Why it no longer grows: what came next must not be shown. */
  stopped?: string;
  expiresAtMs: number;
}

/**
 * What a piece makes of a draft; the same object where it changes nothing: a repeated piece, one that leaves a gap, one of
 * an attempt or a job that is over. Pieces may overlap, after a lost reply. `problemOf` judges the whole text that would be
 * shown. A word at the end may be half of one, which nobody can judge: it is not taken before what ends it, and the worker
 * sends it again.
 */
export function growDraft(
  draft: DraftState | undefined,
  piece: {
    tenantId: string;
    taskId: string;
    jobId: string;
    attempt: number;
    offset: number;
    delta: string;
    expiresAtMs: number;
  },
  problemOf: (text: string) => string | undefined,
): DraftState {
  const { offset, delta, ...whose } = piece;
  // Ids of jobs are in the order of their making.
  const order =
    draft === undefined ? 1 : orderOf(piece.jobId, draft.jobId ?? piece.jobId) || piece.attempt - draft.attempt;
  if (draft !== undefined && order < 0) return draft;
  const known = draft !== undefined && order === 0 ? draft : anew(draft, whose);
  const end = Math.min(offset + delta.length, defaults.maxDraftCharacters);
  if (offset > known.taken || end <= known.taken) return draft ?? known;
  const next = { ...known, jobId: piece.jobId, version: (draft?.version ?? 0) + 1 };
  if (known.stopped !== undefined) return { ...next, taken: end };
  const text = judgeable(known.text + delta.slice(known.taken - offset, end - offset));
  const problem = problemOf(text);
  if (problem !== undefined) return { ...next, text: judgeable(known.text), taken: end, stopped: problem };
  // Nothing comes after its most: a word that is cut there is never whole.
  const taken = end === defaults.maxDraftCharacters ? end : text.length;
  return known === draft && taken <= known.taken ? draft : { ...next, text, taken };
}

/**
 * What a reader who has `from` characters of it has not seen, of whole words only. It never shrinks while an attempt grows:
 * the line end before a proposal is not told before what follows it.
 */
export function growingSince(draft: DraftState, from: number): GrowingAnswer {
  const shown = judgeable(draft.text)
    .replace(/PROPOSAL:?[\s\S]*$/, "")
    .trimEnd();
  const offset = Math.min(from, shown.length);
  const attempt = (draft.attemptsBefore ?? 0) + draft.attempt;
  return { attempt, offset, text: shown.slice(offset), length: shown.length };
}

function anew(
  draft: DraftState | undefined,
  whose: Pick<DraftState, "tenantId" | "taskId" | "attempt" | "expiresAtMs"> & { jobId: string },
): DraftState {
  const earlier = draft?.attemptsBefore ?? 0;
  const isOtherJob = draft?.jobId !== undefined && draft.jobId !== whose.jobId;
  const attemptsBefore = isOtherJob ? earlier + draft.attempt : earlier;
  return {
    ...whose,
    v: 1,
    version: (draft?.version ?? 0) + 1,
    ...(attemptsBefore === 0 ? {} : { attemptsBefore }),
    text: "",
    taken: 0,
  };
}

/** Without the word at the end, of which more may come. */
function judgeable(text: string): string {
  let end = text.length;
  while (end > 0 && /\S/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function orderOf(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
