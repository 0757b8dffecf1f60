import { z } from "zod";
import { idSchema, tenantIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";

/** Of a machine, or of a person's browser. */
export const certificateKinds = ["node", "user"] as const;
export type CertificateKind = (typeof certificateKinds)[number];

export const certificateStatuses = ["valid", "expired", "revoked"] as const;

/** PEM of a PKCS#10 request with an ECDSA P-256 key. */
export const csrSchema = z.string().max(8000);
export const reasonOfRevocationSchema = z.string().trim().min(1).max(500);

export const certificateViewSchema = z.strictObject({
  id: idSchema("certificate"),
  kind: z.enum(certificateKinds),
  tenantId: tenantIdSchema,
  /** The node's or the person's id, and name at that time. */
  holder: z.string(),
  holderName: z.string(),
  status: z.enum(certificateStatuses),
  /** sha256 (hex) of the DER. */
  fingerprint: digestSchema,
  keyFingerprint: digestSchema,
  serial: z.string(),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
  reason: z.string().optional(),
});
export type CertificateView = z.infer<typeof certificateViewSchema>;

/** `POST /renew-expired`: what the old key has signed is `renewalStatement`. */
export const renewExpiredSchema = z.strictObject({
  /** PEM of the node's own, expired certificate. */
  certificate: z.string().max(8000),
  csr: csrSchema,
  /** When it was signed, on the server's clock: a refusal tells it (`serverTimeMs`). */
  signedAtMs: z.number().int().positive(),
  proof: z.base64().max(200),
});

/**
 * The bytes that the old key signs (ECDSA P-256, SHA-256, DER) to say "this new key takes my place". They name both
 * certificates' keys and what they are for, so that no signature is good for anything else, and the late one also its
 * time: it counts for five minutes only.
 */
export function renewalStatement(
  renewal: { fingerprint: string; csr: string } & ({ use: "renew" } | { use: "renew-expired"; signedAtMs: number }),
): Uint8Array {
  const late = renewal.use === "renew-expired" ? [String(renewal.signedAtMs)] : [];
  const lines = [`steward-${renewal.use}-v1`, renewal.fingerprint, ...late, renewal.csr];
  return new TextEncoder().encode(lines.join("\n"));
}

/** How far `signedAtMs` may be from the server's clock. */
export const renewalSkewMs = 300_000;
