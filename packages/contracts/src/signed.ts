import { z } from "zod";

/** What may be signed. The type is part of the signed bytes: a signature over one kind never passes for another. */
export const signedTypes = [
  "steward-envelope-v1",
  "steward-approval-v1",
  "steward-standing-approval-v1",
  "steward-release-v1",
  "steward-trust-v1",
  "steward-seal-v1",
  "steward-config-v1",
] as const;
export type SignedType = (typeof signedTypes)[number];

/** Exact payload bytes with an ECDSA P-256/SHA-256 signature (DER) over `signingInput`. Verified before parsing. */
export const signedDocumentSchema = z.strictObject({
  type: z.enum(signedTypes),
  /** sha256 (hex) of the SubjectPublicKeyInfo DER of the key that signed. */
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** base64 of the payload's bytes. */
  payload: z.base64().max(2_000_000),
  /** base64 of the DER signature. */
  signature: z.base64().max(200),
});
export type SignedDocument = z.infer<typeof signedDocumentSchema>;

/** The bytes that are signed: the type and the key's name, each on a line of its own, then the payload. */
export function signingInput(type: SignedType, keyId: string, payload: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`${type}\n${keyId}\n`);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head, 0);
  bytes.set(payload, head.length);
  return bytes;
}
