import { createPublicKey, verify } from "node:crypto";
import { type SealKeys, sealKeysOf, type TrustSource } from "@steward/contracts/seal-keys";
import { CliError, exitCodes } from "./exit-codes.ts";

export type { TrustSource } from "@steward/contracts/seal-keys";

/** ECDSA P-256 with SHA-256. False also for what is no key and no signature. */
export function verifySignature(publicKey: string, input: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" && verify("sha256", input, key, signature);
  } catch {
    return false;
  }
}

/** The keys that may sign seals. Throws where the document is not the root's, or older than the one that was seen. */
export function sealKeys(
  source: TrustSource,
  known: { root: string | undefined; trustVersion?: number | undefined; nowMs: number },
): SealKeys {
  const found = sealKeysOf(source, { ...known, verifySignature });
  if ("problem" in found) throw new CliError(exitCodes.failed, found.problem, { next: found.next });
  return found;
}
