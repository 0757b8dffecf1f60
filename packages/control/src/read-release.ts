import { type Release, releaseSchema } from "@steward/contracts/release";
import { type SignedDocument, signedDocumentSchema } from "@steward/contracts/signed";

/** A stored release with its content. The control plane wrote it; appliances verify it for themselves. */
export function readRelease(stored: string): { document: SignedDocument; release: Release } {
  const document = signedDocumentSchema.parse(JSON.parse(stored));
  const payload: unknown = JSON.parse(Buffer.from(document.payload, "base64").toString("utf8"));
  return { document, release: releaseSchema.parse(payload) };
}
