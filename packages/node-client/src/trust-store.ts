import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type Release, releaseSchema } from "@steward/contracts/release";
import { type SignedDocument, signedDocumentSchema, type SignedType } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import type { Clock } from "./clock.ts";
import { readIfThere, replaceFile } from "./state-files.ts";
import type { z } from "zod";
import { parsePayload, type TrustedKey, verifySigned } from "./verify-signed.ts";

export interface Trusted {
  trust: TrustDocument;
  release: Release;
}

/** What this machine has verified, kept in `trust.json` and `release.json`; versions only grow. One for each process. */
export interface TrustStore {
  current(): Trusted | undefined;
  /** As fetched a few minutes ago at most: a key that was withdrawn is not obeyed for longer. Throws like `refresh`. */
  fresh(): Promise<Trusted>;
  /** Fetches both and keeps what is newer. Throws when a document is refused; what was verified before stays. */
  refresh(): Promise<Trusted>;
}

export interface TrustStoreOptions {
  stateDir: string;
  /** Where another store of this machine keeps what it has verified: nothing older than that is taken either. */
  notOlderThan?: string | undefined;
  /** base64 SubjectPublicKeyInfo, pinned at enrolment. */
  rootPublicKey: string;
  call: Client;
  /** The server's clock. */
  nowMs: () => number | undefined;
  clock: Clock;
}

const freshForMs = 10 * 60_000;

export async function openTrustStore(options: TrustStoreOptions): Promise<TrustStore> {
  const trustPath = join(options.stateDir, "trust.json");
  const releasePath = join(options.stateDir, "release.json");
  const root = rootKey(options.rootPublicKey);
  const elsewhere = async (name: string) =>
    options.notOlderThan === undefined ? undefined : readKept(join(options.notOlderThan, name));
  let keptTrust = await readKept(trustPath);
  let keptRelease = await readKept(releasePath);
  let trust = keptTrust && readDocument(keptTrust, "steward-trust-v1", [root], trustDocumentSchema);
  // A kill between the two writes of a refresh leaves a release whose key the newer trust document has dropped. It is
  // not obeyed, but it must not keep the agent from starting either: the next run fetches the one that goes with it.
  let release =
    keptRelease && trust && verifySigned(keptRelease, "steward-release-v1", trust.keys.release).ok
      ? readDocument(keptRelease, "steward-release-v1", trust.keys.release, releaseSchema)
      : undefined;
  const current = (): Trusted | undefined => (trust && release ? { trust, release } : undefined);
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  let refreshing: Promise<Trusted> | undefined;
  /** One at a time, whoever asks: of two, the one that is answered late would bring the older documents back. */
  function refresh(): Promise<Trusted> {
    refreshing ??= refreshAlone().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function refreshAlone(): Promise<Trusted> {
    const nowMs = options.nowMs();
    if (nowMs === undefined) throw new AppError("unavailable", "no heartbeat was answered since this agent started");

    const trustDocument = await options.call("getTrust", {});
    const newTrust = readDocument(trustDocument, "steward-trust-v1", [root], trustDocumentSchema);
    for (const kept of [keptTrust, await elsewhere("trust.json")]) {
      checkSuccession("trust document", kept, trustDocument, newTrust, nowMs);
    }
    if (isAnother(keptTrust, trustDocument)) await replaceFile(trustPath, JSON.stringify(trustDocument));
    keptTrust = trustDocument;
    trust = newTrust;

    const releaseDocument = await options.call("getRelease", {});
    const newRelease = readDocument(releaseDocument, "steward-release-v1", trust.keys.release, releaseSchema);
    for (const kept of [keptRelease, await elsewhere("release.json")]) {
      checkSuccession("release", kept, releaseDocument, newRelease, nowMs);
    }
    if (isAnother(keptRelease, releaseDocument)) await replaceFile(releasePath, JSON.stringify(releaseDocument));
    keptRelease = releaseDocument;
    release = newRelease;
    refreshedAtMs = options.clock.monotonicMs();
    return { trust, release };
  }

  return {
    current,
    refresh,
    async fresh() {
      const known = current();
      return known && options.clock.monotonicMs() - refreshedAtMs < freshForMs ? known : refresh();
    },
  };
}

export function rootKey(publicKey: string): TrustedKey {
  return { keyId: sha256Hex(new Uint8Array(Buffer.from(publicKey, "base64"))), publicKey };
}

/** The document's content, when a key of the list signed it. Throws `forbidden` otherwise. */
export function readDocument<T extends z.ZodType>(
  document: SignedDocument,
  type: SignedType,
  keys: readonly TrustedKey[],
  schema: T,
): z.output<T> {
  const verified = verifySigned(document, type, keys);
  if (!verified.ok) throw new AppError("forbidden", `the ${type} is refused: ${verified.why}`);
  const parsed = schema.safeParse(parsePayload(verified.payload));
  if (!parsed.success)
    throw new AppError("forbidden", `the ${type} is refused: its payload is malformed`, { cause: parsed.error });
  return parsed.data;
}

/** Never an older version, never other content under a version that is known, never an expired one. */
function checkSuccession(
  what: string,
  kept: SignedDocument | undefined,
  document: SignedDocument,
  content: { version: number; expiresAtMs: number },
  nowMs: number,
): void {
  const known = kept === undefined ? 0 : versionOf(kept);
  if (content.version < known) {
    throw new AppError(
      "forbidden",
      `the ${what} is refused: it has version ${content.version}, this machine has seen ${known}`,
    );
  }
  if (kept && content.version === known && kept.payload !== document.payload) {
    throw new AppError("forbidden", `the ${what} is refused: version ${known} was published with other content`);
  }
  if (nowMs >= content.expiresAtMs) throw new AppError("expired", `the ${what} is refused: it has expired`);
}

/** Also the same content that another key has signed: the one that is kept may not be verified any more one day. */
function isAnother(kept: SignedDocument | undefined, { payload, keyId }: SignedDocument): boolean {
  return kept?.payload !== payload || kept.keyId !== keyId;
}

/** Of a document that was verified when it was kept; its keys may be gone since, its version still counts. */
function versionOf(kept: SignedDocument): number {
  const payload = parsePayload(new Uint8Array(Buffer.from(kept.payload, "base64")));
  const version = payload !== null && typeof payload === "object" && "version" in payload ? payload.version : 0;
  return typeof version === "number" ? version : 0;
}

async function readKept(path: string): Promise<SignedDocument | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : signedDocumentSchema.parse(JSON.parse(text));
}
