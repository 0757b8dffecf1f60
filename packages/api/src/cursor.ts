import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { canonical } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";

/** What a cursor is good for. With any other tenant, person, route or filter it is refused. */
export interface CursorScope {
  tenantId: string;
  personId: string;
  routeId: string;
  /** The query without `cursor` and `limit`, and what stands in the path. */
  filters: Record<string, unknown>;
}

/** 32 bytes each, from Secrets Manager. */
export interface CursorKeys {
  current: Uint8Array;
  /** Before the last rotation: what was sealed then is still opened. */
  previous?: Uint8Array;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts the place where the next page starts (AES-256-GCM; the scope is authenticated, not stored). */
export function sealCursor({ current }: CursorKeys, scope: CursorScope, after: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", current, nonce);
  cipher.setAAD(scopeBytes(scope));
  const sealed = Buffer.concat([cipher.update(after, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/**
 * The place that was sealed. While a key is rotated another function may have sealed with one that is not known here yet:
 * then the keys are read anew, once. A cursor that is foreign, altered or of an older key is `invalid_request`.
 */
export async function openCursor(
  keysOf: (options?: { fresh?: boolean }) => Promise<CursorKeys>,
  scope: CursorScope,
  cursor: string,
): Promise<string> {
  const bytes = Buffer.from(cursor, "base64url");
  const shaped = bytes[0] === version && bytes.length >= 1 + nonceBytes + tagBytes;
  const opened = shaped
    ? (openWith(await keysOf(), scope, bytes) ?? openWith(await keysOf({ fresh: true }), scope, bytes))
    : undefined;
  if (opened !== undefined) return opened;
  throw new AppError("invalid_request", "the cursor does not belong to this list", {
    fields: [{ path: "cursor", message: "is not from an earlier answer to the same question" }],
    next: "Start again without a cursor, with the same filters for every page.",
  });
}

function openWith({ current, previous }: CursorKeys, scope: CursorScope, bytes: Buffer): string | undefined {
  for (const key of previous === undefined ? [current] : [current, previous]) {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(1, 1 + nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(scopeBytes(scope));
    decipher.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
    try {
      const opened = [decipher.update(bytes.subarray(1 + nonceBytes + tagBytes)), decipher.final()];
      return Buffer.concat(opened).toString("utf8");
    } catch {
      // The tag does not hold: another key's, or nobody's.
    }
  }
  return undefined;
}

function scopeBytes(scope: CursorScope): Buffer {
  const filters = Object.fromEntries(Object.entries(scope.filters).filter(([, value]) => value !== undefined));
  return Buffer.from(canonical({ ...scope, filters }), "utf8");
}
