import { createPublicKey, verify } from "node:crypto";
import { sha256Hex } from "@steward/contracts/canonical";
import { signedDocumentSchema, signingInput, type SignedType } from "@steward/contracts/signed";

export interface TrustedKey {
  keyId: string;
  /** base64 of the SubjectPublicKeyInfo DER. */
  publicKey: string;
}

export type Verified = { ok: true; payload: Uint8Array } | { ok: false; why: string };

/**
 * The payload's exact bytes when one of `keys` has signed them as this type of document; otherwise why not. Nothing of
 * the payload is read before.
 */
export function verifySigned(given: unknown, type: SignedType, keys: readonly TrustedKey[]): Verified {
  const parsed = signedDocumentSchema.safeParse(given);
  if (!parsed.success) return { ok: false, why: "it is not a signed document" };
  const document = parsed.data;
  if (document.type !== type) return { ok: false, why: `it is a ${document.type}, not a ${type}` };
  const trusted = keys.find((key) => key.keyId === document.keyId);
  if (!trusted) return { ok: false, why: `its key ${document.keyId.slice(0, 12)}… is not trusted for this` };
  const payload = strictBase64(document.payload);
  const signature = strictBase64(document.signature);
  const spki = strictBase64(trusted.publicKey);
  if (!payload || !signature || !spki) return { ok: false, why: "its base64 is not in the one canonical form" };
  if (sha256Hex(spki) !== trusted.keyId)
    return { ok: false, why: "the trusted key does not have the name it is listed under" };
  return isSignedBy(spki, signingInput(type, document.keyId, payload), signature)
    ? { ok: true, payload }
    : { ok: false, why: "its signature is wrong" };
}

/** The JSON value in verified bytes; undefined when they are not JSON in UTF-8. */
export function parsePayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
}

function isSignedBy(spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return false;
    return verify("sha256", data, { key, dsaEncoding: "der" }, signature);
  } catch {
    // A key or signature that cannot be read has signed nothing.
    return false;
  }
}

/** Base64 has several spellings of the same bytes (unused bits, missing padding); only the canonical one passes. */
function strictBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}
