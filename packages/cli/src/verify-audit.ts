import { createPublicKey, verify } from "node:crypto";
import { sha256Hex } from "@steward/contracts/canonical";
import { type SignedDocument, signingInput } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import { CliError, exitCodes } from "./exit-codes.ts";

/** ECDSA P-256 with SHA-256. False also for what is no key and no signature. */
export function verifySignature(publicKey: string, input: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" && verify("sha256", input, key, signature);
  } catch {
    return false;
  }
}

/** What says which keys may sign seals: the trust document, and the root that signed it. */
export interface TrustSource {
  trust: SignedDocument;
  rootPublicKey: string;
}

/**
 * The keys that may sign seals, by the root's word. `root` is the fingerprint that one knows; without it whoever answers
 * chooses the root. `trustVersion` is the newest document that one has seen: an older one may list a key that was taken out
 * since, because somebody else has it. Throws where the document is not the root's, or older.
 */
export function sealKeys(
  { trust, rootPublicKey }: TrustSource,
  { root, trustVersion, nowMs }: { root: string | undefined; trustVersion?: number | undefined; nowMs: number },
): { keys: ReadonlyMap<string, string>; root: string; trustVersion: number } {
  const found = sha256Hex(Buffer.from(rootPublicKey, "base64"));
  const refuse = (message: string, next: string) => new CliError(exitCodes.failed, message, { next });
  if (root !== undefined && root !== found) {
    throw refuse(
      `The installation shows another root key (sha256 ${found}) than the known one (${root})`,
      "Nothing that it shows can be believed. Ask whoever keeps the root key, by another way than this installation.",
    );
  }
  const payload = Buffer.from(trust.payload, "base64");
  const signature = Buffer.from(trust.signature, "base64");
  const isRoots =
    trust.type === "steward-trust-v1" &&
    trust.keyId === found &&
    verifySignature(rootPublicKey, signingInput(trust.type, trust.keyId, payload), signature);
  const document = isRoots ? parse(payload) : undefined;
  if (document === undefined) {
    throw refuse(
      "The trust document is not signed by the root key",
      "Nothing that this installation shows can be believed. Ask whoever runs it.",
    );
  }
  if (trustVersion !== undefined && document.version < trustVersion) {
    throw refuse(
      `The installation shows the trust document ${document.version}, and ${trustVersion} was known`,
      "Keys that it lists may have been taken out since. If they were changed this minute, try again; else ask why it is back.",
    );
  }
  if (document.expiresAtMs <= nowMs) {
    throw refuse(
      `The trust document ended on ${new Date(document.expiresAtMs).toISOString().slice(0, 10)}`,
      "Whoever keeps the root key signs another.",
    );
  }
  const keys = document.keys.seal.filter(
    ({ keyId, publicKey }) => keyId === sha256Hex(Buffer.from(publicKey, "base64")),
  );
  return {
    keys: new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey])),
    root: found,
    trustVersion: document.version,
  };
}

function parse(payload: Buffer): TrustDocument | undefined {
  try {
    return trustDocumentSchema.parse(JSON.parse(payload.toString("utf8")));
  } catch {
    return undefined;
  }
}
