import type { KeyRing } from "@steward/contracts/key-ring";
import type { TrustDocument } from "@steward/contracts/trust";
import { publishedKeys } from "./reduce-key-ring.ts";

/** The uses whose keys appliances know from the trust document. */
export const trustUses = ["dispatch", "approval", "release", "seal"] as const;
export type TrustUse = (typeof trustUses)[number];

const day = 86_400_000;
const trustDays = 3650;
/** A document that ends sooner than that is signed anew: machines that hear of it late must not find it expired. */
const renewDays = 365;

/** What the trust document has to list now, always in the same order. */
export function trustKeys(rings: Readonly<Record<TrustUse, KeyRing>>, nowMs: number): TrustDocument["keys"] {
  const listed = (use: TrustUse) =>
    publishedKeys(use, rings[use], nowMs)
      .map(({ keyId, publicKey }) => ({ keyId, publicKey }))
      .sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  return {
    dispatch: listed("dispatch"),
    approval: listed("approval"),
    release: listed("release"),
    seal: listed("seal"),
  };
}

/** Whether a document still says the right thing, and will for a while. */
export function trustStands(trust: TrustDocument, keys: TrustDocument["keys"], nowMs: number): boolean {
  const lists = trustUses.every((use) => {
    const listed = trust.keys[use].map(({ keyId }) => keyId);
    return listed.length === keys[use].length && keys[use].every(({ keyId }) => listed.includes(keyId));
  });
  return lists && trust.expiresAtMs > nowMs + renewDays * day;
}

/** The one that comes after `before`: versions only grow, whatever the clock says. */
export function nextTrust(options: {
  before: TrustDocument | undefined;
  keys: TrustDocument["keys"];
  nowMs: number;
}): TrustDocument {
  const { before, keys, nowMs } = options;
  return {
    v: 1,
    version: (before?.version ?? 0) + 1,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + trustDays * day,
    keys,
  };
}
