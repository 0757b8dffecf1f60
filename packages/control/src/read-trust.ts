import type { SignedDocument } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";

/** The content of the stage's own trust document, which was held to the root when it was published. */
export function readTrust({ payload }: SignedDocument): TrustDocument {
  return trustDocumentSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString("utf8")));
}
