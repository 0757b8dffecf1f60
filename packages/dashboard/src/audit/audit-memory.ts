import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const memorySchema = z.strictObject({
  /** sha256 of the root's public key. */
  root: digest.optional(),
  trustVersion: z.number().int().positive().optional(),
  /** The newest seal of the last verification that found nothing, by tenant. */
  seals: z.record(z.string(), z.strictObject({ sequence: z.number().int().positive(), hash: digest })),
});
export type AuditMemory = z.infer<typeof memorySchema>;

const key = "steward.audit";

/**
 * What this browser knows of the installation's trail: whoever rewrites a trail does not rewrite this. Hashes alone, which
 * tell nobody anything. Undefined: it is there and cannot be read, which is not the same as knowing nothing.
 */
export function recall(storage: Pick<Storage, "getItem">): AuditMemory | undefined {
  const text = storage.getItem(key);
  if (text === null) return { seals: {} };
  try {
    return memorySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function remember(storage: Pick<Storage, "setItem">, memory: AuditMemory): void {
  storage.setItem(key, JSON.stringify(memory));
}

/** `sha256 5F:1C:…` and such → 64 digits; undefined for what is no fingerprint. */
export function fingerprintOf(text: string): string | undefined {
  const digits = text
    .trim()
    .toLowerCase()
    .replace(/^sha256[ :]*/, "")
    .replaceAll(/[:\s]/g, "");
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}
