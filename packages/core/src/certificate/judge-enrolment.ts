import type { EnrolmentState } from "./certificate-state.ts";

export type EnrolmentJudgement =
  /** First use: issue a certificate for the key. */
  | { kind: "issue" }
  /** The same key again, because the answer was lost: give the same certificate. */
  | { kind: "again" }
  /** Another key: somebody else has the token. Nothing may run on the node until a person has looked. */
  | { kind: "quarantine" }
  | { kind: "expired" };

/** Judges one use of an enrolment token by the key that came with it. */
export function judgeEnrolment(
  enrolment: EnrolmentState,
  use: { keyFingerprint: string; nowMs: number },
): EnrolmentJudgement {
  // First of all: an expired record counts as absent, and an old token must not put a node into quarantine.
  if (use.nowMs >= enrolment.expiresAtMs) return { kind: "expired" };
  if (enrolment.usedWith === undefined) return { kind: "issue" };
  return { kind: enrolment.usedWith === use.keyFingerprint ? "again" : "quarantine" };
}
