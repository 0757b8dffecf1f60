import { z } from "zod";

const ringKeySchema = z.strictObject({
  /** sha256 (hex) of the public key's SubjectPublicKeyInfo DER. */
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** base64 of the SubjectPublicKeyInfo DER. */
  publicKey: z.base64(),
  /** The key's id in KMS. */
  kmsKeyId: z.string().min(1),
  /**
   * `next`: accepted already, so that everybody knows it before it signs. `current`: signs. `previous`: signs no more;
   * accepted for as long as what it signed may still be shown.
   */
  state: z.enum(["next", "current", "previous"]),
  /** Since when it is in this state. */
  sinceMs: z.number().int(),
  /** When it stood wherever those look who check what it signs: in the trust document, in the truststore. */
  announcedAtMs: z.number().int().optional(),
  /** Since when what was signed once and for all (the release) carries its signature. */
  reissuedAtMs: z.number().int().optional(),
  /** Why nothing that it signed is accepted any more, once another key signs. */
  compromised: z.string().min(1).optional(),
  /** When its key in KMS was given up. What stays in the ring after that is there only to verify old seals. */
  retiredAtMs: z.number().int().optional(),
});
export type RingKey = z.infer<typeof ringKeySchema>;

/** The keys of one use, newest first: the parameter `key-ring/{use}`. One of them signs. */
export const keyRingSchema = z
  .strictObject({ v: z.literal(1), keys: z.array(ringKeySchema).min(1) })
  .refine(({ keys }) => keys.filter(({ state }) => state === "current").length === 1, "exactly one key is current")
  .refine(({ keys }) => keys.filter(({ state }) => state === "next").length <= 1, "at most one key is next");
export type KeyRing = z.infer<typeof keyRingSchema>;

/** The keys whose signatures count, by the ring alone: a compromised one only until another signs in its place. */
export function acceptedKeys({ keys }: KeyRing): RingKey[] {
  return keys.filter(({ state, compromised }) => state !== "previous" || compromised === undefined);
}
