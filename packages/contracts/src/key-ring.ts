import { z } from "zod";

/**
 * `next`: accepted already, so that everybody knows it before it signs. `current`: signs. `previous`: signs no more;
 * accepted for as long as what it signed may still be shown.
 */
const keyStates = ["next", "current", "previous"] as const;

const ringKeySchema = z.strictObject({
  /** sha256 (hex) of the public key's SubjectPublicKeyInfo DER. */
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** base64 of the SubjectPublicKeyInfo DER. */
  publicKey: z.base64(),
  /** The key in KMS. */
  kmsKeyId: z.string().min(1),
  state: z.enum(keyStates),
  /** Since when it is in this state. */
  sinceMs: z.number().int(),
  /** When it was published wherever those look who check what it signs: the trust document, the doors' truststore. */
  announcedAtMs: z.number().int().optional(),
  /** Of one that is known to others: why nothing that it signed is accepted any more. */
  compromised: z.string().min(1).optional(),
  /** When its key in KMS was given up. What stays in the ring after that is only there to verify old seals. */
  retiredAtMs: z.number().int().optional(),
});

/** The keys of one use that are accepted, newest first: the parameter `key-ring/{use}`. One of them signs. */
export const keyRingSchema = z
  .strictObject({ v: z.literal(1), keys: z.array(ringKeySchema).min(1) })
  .refine(({ keys }) => keys.filter(({ state }) => state === "current").length === 1, "exactly one key is current")
  .refine(({ keys }) => keys.filter(({ state }) => state === "next").length <= 1, "at most one key is next");
export type KeyRing = z.infer<typeof keyRingSchema>;
