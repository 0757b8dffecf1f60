import { sha256Hex } from "@steward/contracts/canonical";
import { idPrefixes } from "@steward/contracts/ids";

/*
 * A service token's text: `stw_`, its id, a secret, and a checksum, so that a scanner of repositories finds one by its
 * form and tells it from a text that only looks like it, without asking anybody.
 */
const form = /^stw_([0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

export function tokenText(tokenId: string, secret: string): string {
  const body = `stw_${tokenId.slice(idPrefixes.token.length + 1)}_${secret}`;
  return body + checksum(body);
}

/** Its id; undefined for what is no token's text. */
export function tokenIdIn(text: string): string | undefined {
  const [, id] = form.exec(text) ?? [];
  return id === undefined || checksum(text.slice(0, -8)) !== text.slice(-8) ? undefined : `${idPrefixes.token}_${id}`;
}

function checksum(body: string): string {
  return sha256Hex(body).slice(0, 8);
}
