import { defaults } from "@steward/contracts/defaults";
import type { GrowingAnswer } from "@steward/contracts/support";

/** An answer while a model writes it. Nobody has checked it yet; it ends with the job. */
export interface DraftState {
  v: 1;
  version: number;
  tenantId: string;
  taskId: string;
  /** Of the job: another attempt begins anew. */
  attempt: number;
  text: string;
  /** How much of what the model wrote is taken; more than `text` has where the rest is not shown. */
  taken: number;
  /** Why it no longer grows: what came next must not be shown. */
  stopped?: string;
  expiresAtMs: number;
}

/**
 * What a piece makes of a draft; the same object where it changes nothing: a repeated piece, one that leaves a gap, one of
 * an attempt that is over. Pieces may overlap, after a lost reply. `problemOf` judges the whole text that would be shown.
 */
export function growDraft(
  draft: DraftState | undefined,
  piece: { tenantId: string; taskId: string; attempt: number; offset: number; delta: string; expiresAtMs: number },
  problemOf: (text: string) => string | undefined,
): DraftState {
  const { offset, delta, ...whose } = piece;
  const fresh: DraftState = { ...whose, v: 1, version: (draft?.version ?? 0) + 1, text: "", taken: 0 };
  if (draft !== undefined && piece.attempt < draft.attempt) return draft;
  const before = draft?.attempt === piece.attempt ? draft : undefined;
  const known = before ?? fresh;
  const end = Math.min(offset + delta.length, defaults.maxDraftCharacters);
  if (offset > known.taken || end <= known.taken) return known === fresh && draft !== undefined ? draft : known;
  const taken = { ...known, version: fresh.version, taken: end };
  if (known.stopped !== undefined) return taken;
  const text = known.text + delta.slice(known.taken - offset, end - offset);
  // A word at the end may be half of one.
  const problem = problemOf(text.replace(/\S*$/, ""));
  return problem === undefined ? { ...taken, text } : { ...taken, stopped: problem };
}

/** What a reader who has `from` characters of it has not seen, of whole words only. */
export function growingSince(draft: DraftState, from: number): GrowingAnswer {
  const shown = draft.text.replace(/\n?\s*PROPOSAL:?[\s\S]*$/, "").replace(/\S{1,200}$/, "");
  const offset = Math.min(from, shown.length);
  return { attempt: draft.attempt, offset, text: shown.slice(offset), length: shown.length };
}
