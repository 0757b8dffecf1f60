import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import canonicalizeJson from "canonicalize";

/** The canonical form (RFC 8785) of a JSON value: the same bytes for the same content, whoever writes it. */
export function canonical(value: unknown): string {
  const text = canonicalizeJson(value);
  if (text === undefined) throw new TypeError("only JSON values have a canonical form");
  return text;
}

/** Lower-case hex sha256 of a text (as UTF-8) or of bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === "string" ? utf8ToBytes(data) : data));
}

/** The same of bytes that come piece by piece: they need not be held. */
export function sha256Pieces(): { update: (piece: Uint8Array) => void; hex: () => string } {
  const hash = sha256.create();
  return { update: (piece) => void hash.update(piece), hex: () => bytesToHex(hash.clone().digest()) };
}

/** sha256 over the canonical form. */
export function canonicalHash(value: unknown): string {
  return sha256Hex(canonical(value));
}
