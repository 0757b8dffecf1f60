import type { SessionState } from "../tenant/tenant-state.ts";

export type RefreshVerdict =
  /** The valid token: it gets a successor. */
  | "rotate"
  /** The one before, and not for long: whoever sent it never saw the reply. It gets the same successor. */
  | "again"
  /** A token of this session that has been used up: somebody else has it too. The session ends. */
  | "reused";

/**
 * Judges a refresh token that belongs to the session: it has the session's own secret part, which only its tokens have,
 * so that a guess never ends anybody's session.
 *
 *     A  refresh r1 ── r2, reply lost ── refresh r1 (again) ── r2
 *     thief           r1 stolen … refresh r1 (reused) ── the session ends, for both
 */
export function judgeRefresh(
  session: Pick<SessionState, "tokenHash" | "refresh">,
  presentedHash: string,
  { nowMs, againMs }: { nowMs: number; againMs: number },
): RefreshVerdict {
  const { refresh } = session;
  if (presentedHash === (refresh?.currentHash ?? session.tokenHash)) return "rotate";
  // A clock behind the one that rotated is within the time, too.
  const isFresh = refresh !== undefined && nowMs - refresh.rotatedAtMs <= againMs;
  return isFresh && presentedHash === refresh.previousHash ? "again" : "reused";
}
