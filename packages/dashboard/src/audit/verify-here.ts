import { type AuditEntryView, auditEntryViewSchema, entryOfView } from "@steward/contracts/audit";
import { type SealView, sealViewSchema } from "@steward/contracts/seal";
import { sealKeysOf, type TrustSource } from "@steward/contracts/seal-keys";
import { type SignedDocument, signedDocumentSchema, signingInput } from "@steward/contracts/signed";
import { createTrailVerifier, type KnownSeal, type TrailReport } from "@steward/contracts/verify-trail";
import { createSignatures } from "./signatures.ts";

export interface SealPage extends TrustSource {
  items: SealView[];
}

export interface TrailSource {
  tenantId: string;
  seals: AsyncIterable<SealPage>;
  entries: AsyncIterable<AuditEntryView[]>;
  /** Fingerprint of the root that is known; without it, it is the one that is shown. */
  root?: string | undefined;
  trustVersion?: number | undefined;
  /** The newest seal of the last time that nothing was found. */
  known?: KnownSeal | undefined;
}

export interface Verified {
  report: TrailReport;
  root: string;
  trustVersion: number;
}

/** The trail cannot be looked at at all: whoever signed the keys is not who should have. */
export class NotToBelieve extends Error {
  readonly next: string;
  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}

/**
 * Verifies a tenant's trail in this browser, from its first seal on: that every seal is signed by a key that the root
 * vouches for and follows the one before, and that every entry is what was sealed, none missing and none put in. What comes
 * from the API is held to its shape first: nothing of it is believed.
 */
export async function verifyHere(
  source: TrailSource,
  nowMs: () => number,
  tell: (done: { seals: number; entries: number }) => void,
): Promise<Verified> {
  const { check, verifySignature } = createSignatures();
  const checkDocument = async (publicKey: string | undefined, { type, keyId, payload, signature }: SignedDocument) => {
    if (publicKey === undefined) return;
    await check(publicKey, signingInput(type, keyId, bytesOf(payload)), bytesOf(signature));
  };
  let verifier: ReturnType<typeof createTrailVerifier> | undefined;
  let trusted: { keys: ReadonlyMap<string, string>; root: string; trustVersion: number } | undefined;
  let seals = 0;
  for await (const page of source.seals) {
    if (trusted === undefined || verifier === undefined) {
      const trust = signedDocumentSchema.parse(page.trust);
      await checkDocument(page.rootPublicKey, trust);
      const found = sealKeysOf(
        { trust, rootPublicKey: page.rootPublicKey },
        { root: source.root, trustVersion: source.trustVersion, nowMs: nowMs(), verifySignature },
      );
      if ("problem" in found) throw new NotToBelieve(found.problem, found.next);
      trusted = found;
      verifier = createTrailVerifier({
        tenantId: source.tenantId,
        keys: trusted.keys,
        verifySignature,
        ...(source.known === undefined ? {} : { known: source.known }),
      });
    }
    const views = page.items.map((item) => sealViewSchema.parse(item));
    const { keys } = trusted;
    await Promise.all(views.map(({ document }) => checkDocument(keys.get(document.keyId), document)));
    for (const view of views) verifier.seal(view);
    seals += views.length;
    tell({ seals, entries: 0 });
  }
  if (trusted === undefined || verifier === undefined) {
    throw noSeal();
  }
  let entries = 0;
  for await (const items of source.entries) {
    for (const item of items) {
      const view = auditEntryViewSchema.parse(item);
      verifier.entry(entryOfView(view), view.seal);
    }
    entries += items.length;
    tell({ seals, entries });
  }
  // Where one was known, that there is none is a finding; where none was, it may be too early.
  if (seals === 0 && source.known === undefined) throw noSeal();
  return { report: verifier.finish(nowMs()), root: trusted.root, trustVersion: trusted.trustVersion };
}

function noSeal(): NotToBelieve {
  return new NotToBelieve(
    "There is not one seal to look at",
    "The first is made within a minute of the start. Where the installation is older than that, its seals were taken away.",
  );
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
