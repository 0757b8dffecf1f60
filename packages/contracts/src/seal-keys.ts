import { sha256Hex } from "./canonical.ts";
import { type SignedDocument, signingInput } from "./signed.ts";
import { type TrustDocument, trustDocumentSchema } from "./trust.ts";

/** What says which keys may sign seals: the trust document, and the root that signed it. */
export interface TrustSource {
  trust: SignedDocument;
  /** base64 SubjectPublicKeyInfo. */
  rootPublicKey: string;
}

export interface SealKeys {
  /** base64 SubjectPublicKeyInfo, by the sha256 of its DER. */
  keys: ReadonlyMap<string, string>;
  /** Fingerprint of the root. */
  root: string;
  trustVersion: number;
}

/**
 * The keys that may sign seals, by the root's word; or why it is not to be believed. `root` is the fingerprint that one
 * knows; without it whoever answers chooses the root. `trustVersion` is the newest document that one has seen: an older one
 * may list a key that was taken out since, because somebody else has it.
 */
export function sealKeysOf(
  { trust, rootPublicKey }: TrustSource,
  {
    root,
    trustVersion,
    nowMs,
    verifySignature,
  }: {
    root: string | undefined;
    trustVersion?: number | undefined;
    nowMs: number;
    verifySignature: (publicKey: string, input: Uint8Array, signature: Uint8Array) => boolean;
  },
): SealKeys | { problem: string; next: string } {
  const found = sha256Hex(bytesOf(rootPublicKey));
  if (root !== undefined && root !== found) {
    return {
      problem: `The installation shows another root key (sha256 ${found}) than the known one (${root})`,
      next: "Nothing that it shows can be believed. Ask whoever keeps the root key, by another way than this installation.",
    };
  }
  const payload = bytesOf(trust.payload);
  const isRoots =
    trust.type === "steward-trust-v1" &&
    trust.keyId === found &&
    verifySignature(rootPublicKey, signingInput(trust.type, trust.keyId, payload), bytesOf(trust.signature));
  const document = isRoots ? parse(payload) : undefined;
  if (document === undefined) {
    return {
      problem: "The trust document is not signed by the root key",
      next: "Nothing that this installation shows can be believed. Ask whoever runs it.",
    };
  }
  if (trustVersion !== undefined && document.version < trustVersion) {
    return {
      problem: `The installation shows the trust document ${document.version}, and ${trustVersion} was known`,
      next: "Keys that it lists may have been taken out since. If they were changed this minute, try again; else ask why it is back.",
    };
  }
  if (document.expiresAtMs <= nowMs) {
    return {
      problem: `The trust document ended on ${new Date(document.expiresAtMs).toISOString().slice(0, 10)}`,
      next: "Whoever keeps the root key signs another.",
    };
  }
  const keys = document.keys.seal.filter(({ keyId, publicKey }) => keyId === sha256Hex(bytesOf(publicKey)));
  return {
    keys: new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey])),
    root: found,
    trustVersion: document.version,
  };
}

function parse(payload: Uint8Array): TrustDocument | undefined {
  try {
    return trustDocumentSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return undefined;
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
