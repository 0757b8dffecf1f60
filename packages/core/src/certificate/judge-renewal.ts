import { defaults } from "@steward/contracts/defaults";
import type { CertificateState } from "./certificate-state.ts";

export type RenewalJudgement =
  /** A new certificate for the new key. */
  | { kind: "issue" }
  /** It was issued, and the answer lost: give the same one. */
  | { kind: "again"; certificate: CertificateState }
  | { kind: "revoked" }
  /** The new key must be another one: a renewal that keeps the key ends no exposure of it. */
  | { kind: "same_key" }
  /** More renewals than a node makes: a loop, or somebody who has the key. */
  | { kind: "too_many"; retryAfterSeconds: number };

const dayMs = 86_400_000;

/**
 * Judges a renewal by the node's certificates, newest first. `presented` is the fingerprint of the one whose key asks: one
 * that its presence accepts now, so never one that was replaced.
 */
export function judgeRenewal(
  chain: readonly CertificateState[],
  renewal: { presented: string; newKeyFingerprint: string; nowMs: number },
): RenewalJudgement {
  const { presented, newKeyFingerprint, nowMs } = renewal;
  const [newest] = chain;
  // Nothing is renewed that has no record: fails closed.
  if (newest === undefined || chain.some((one) => one.revokedAtMs !== undefined)) return { kind: "revoked" };
  if (newest.provenBy === presented && newest.keyFingerprint === newKeyFingerprint) {
    return { kind: "again", certificate: newest };
  }
  if (chain.some((one) => one.keyFingerprint === newKeyFingerprint)) return { kind: "same_key" };
  const today = chain.filter((one) => one.issuedAtMs > nowMs - dayMs);
  const oldest = today[defaults.renewalsPerDay - 1];
  if (oldest === undefined) return { kind: "issue" };
  return { kind: "too_many", retryAfterSeconds: Math.ceil((oldest.issuedAtMs + dayMs - nowMs) / 1000) };
}
