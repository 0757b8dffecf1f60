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

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts the place where the next page starts (AES-256-GCM; the scope is authenticated, not stored). */
export function sealCursor(key: Uint8Array, scope: CursorScope, after: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(scopeBytes(scope));
  const sealed = Buffer.concat([cipher.update(after, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/** The place that was sealed. A cursor that is foreign, altered or of an older key is `invalid_request`. */
export function openCursor(key: Uint8Array, scope: CursorScope, cursor: string): string {
  try {
    const bytes = Buffer.from(cursor, "base64url");
    if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes) throw new Error("not a cursor");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(1, 1 + nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(scopeBytes(scope));
    decipher.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
    const opened = Buffer.concat([decipher.update(bytes.subarray(1 + nonceBytes + tagBytes)), decipher.final()]);
    return opened.toString("utf8");
  } catch (cause) {
    throw new AppError("invalid_request", "the cursor does not belong to this list", {
      cause,
      fields: [{ path: "cursor", message: "is not from an earlier answer to the same question" }],
      next: "Start again without a cursor, with the same filters for every page.",
    });
  }
}

function scopeBytes(scope: CursorScope): Buffer {
  const filters = Object.fromEntries(Object.entries(scope.filters).filter(([, value]) => value !== undefined));
  return Buffer.from(canonical({ ...scope, filters }), "utf8");
}
