import { X509Certificate } from "node:crypto";
import type { KeyAdmin, KmsKey } from "@steward/aws/kms-keys";
import type { Signer } from "@steward/aws/signing";
import type { VersionedObjects } from "@steward/aws/versioned-objects";
import { takeWriteLock } from "@steward/aws/write-lock";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type KeyRing, keyRingSchema, type RingKey } from "@steward/contracts/key-ring";
import { keyUseTag, resourceNames, type SigningKeyUse, signingKeyUses, stageTag } from "@steward/contracts/names";
import { type SignedDocument, signedDocumentSchema } from "@steward/contracts/signed";
import { truststoreSchema } from "@steward/contracts/stage-parameters";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import { type KeySituation, type KeyStep, nextKeyStep } from "@steward/core/key/next-key-step";
import { keyTimes } from "@steward/core/key/key-times";
import { currentOf, firstRing, type KeyEvent, nextOf, reduceKeyRing } from "@steward/core/key/reduce-key-ring";
import { nextTrust, type TrustUse, trustKeys, trustStands, trustUses } from "@steward/core/key/trust-document";
import { certificatesOf, type ParameterStore } from "./ensure-ca-certificate.ts";
import { publishCertificates, truststoreCertificates } from "./publish-certificates.ts";

/** The offline root, while its owner has it at hand. */
export interface Root {
  /** base64 SubjectPublicKeyInfo. */
  publicKey: string;
  sign(trust: TrustDocument): SignedDocument;
  /** Whether this root has signed that document. */
  signed(document: SignedDocument): boolean;
}

/** With the rights of the person who rotates: no part of a stage has them. */
export interface RotationDeps {
  stage: string;
  /** Who rotates, for others who want to at the same time. */
  holder: string;
  nowMs: () => number;
  keys: KeyAdmin;
  /** Read anew at each call. */
  parameters: ParameterStore;
  objects: VersionedObjects;
  truststoreBucket: string;
  /** Signs with that key of KMS; only the issuer's, for the CA's own certificate. */
  signerOf: (kmsKeyId: string) => Signer;
  /** Throws where the root is not at hand. */
  root: () => Root;
  /** By the stage's `bootstrap`, the only one that writes the trust document and the release. */
  publish: (root?: { trust: SignedDocument; rootPublicKey: string }) => Promise<void>;
  /** Which version of the truststore the nodes door has loaded; `none` where there is no such door. */
  doorTruststore: () => Promise<string | undefined>;
  /** The key that the release in force is signed with. */
  releaseSignedBy: () => Promise<string | undefined>;
  pause: (ms: number) => Promise<void>;
  /** Somebody else is at it: waited for. */
  onWait?: (holder: string) => void;
  onStep?: (use: SigningKeyUse, what: string) => void;
  leaseMs?: number;
}

export interface UseReport {
  use: SigningKeyUse;
  /** What was done in this run, in order. */
  did: string[];
  /** What it stands at. */
  waitsFor?: { what: "door" | "everybody knows" | "nothing is shown any more"; untilMs?: number };
  keys: RingKey[];
}

const lockKey = "key-rotation.json";

/**
 * Takes the rotation of each use as far as it goes now. Where none is under way a new one begins. `compromised`: whatever
 * was signed up to now is worth nothing as soon as another key signs, and nobody is waited for but the door.
 *
 * What is stored says how far it is, so it may be killed anywhere and run again; one at a time, by a lock.
 */
export async function rotateKeys(
  deps: RotationDeps,
  input: { uses: readonly SigningKeyUse[]; compromised?: string | undefined },
): Promise<UseReport[]> {
  return locked(deps, async (write) => {
    const reports = new Map<SigningKeyUse, string[]>(input.uses.map((use) => [use, []]));
    const note = (use: SigningKeyUse, what: string) => {
      reports.get(use)?.push(what);
      deps.onStep?.(use, what);
    };
    const fresh = new Set<SigningKeyUse>();
    for (const use of input.uses) {
      const ring = await loadRing(deps, use, write);
      if (ring.keys.filter(({ retiredAtMs }) => retiredAtMs === undefined).length === 1) fresh.add(use);
      if (input.compromised !== undefined)
        await apply(deps, use, { type: "compromise", reason: input.compromised }, write);
    }
    for (;;) {
      const steps = await Promise.all(input.uses.map(async (use) => ({ use, step: await stepOf(deps, use, fresh) })));
      // Those that only make a key come first: one signature of the root announces them all. Keys go before another use's
      // step withdraws their publication.
      const due = steps.toSorted((a, b) => rankOf(a.step) - rankOf(b.step))[0];
      if (due === undefined || rankOf(due.step) === idle) {
        return Promise.all(
          steps.map(async ({ use, step }) => ({
            use,
            did: reports.get(use) ?? [],
            ...(step.do === "wait"
              ? { waitsFor: { what: step.for, ...("untilMs" in step ? { untilMs: step.untilMs } : {}) } }
              : {}),
            keys: (await readRing(deps, use)).keys,
          })),
        );
      }
      fresh.delete(due.use);
      note(due.use, await act(deps, due.use, due.step, write));
    }
  });
}

/** The keys of every use as they stand. Changes nothing. */
export async function listKeys(
  deps: Pick<RotationDeps, "stage" | "nowMs" | "keys" | "parameters">,
): Promise<{ use: SigningKeyUse; keys: (RingKey & { dueAtMs?: number })[] }[]> {
  return Promise.all(
    signingKeyUses.map(async (use) => {
      const { keys } = await readRing(deps, use);
      const { dueAfterMs } = keyTimes(use);
      return {
        use,
        keys: keys.map((key) => ({
          ...key,
          ...(key.state === "current" ? { dueAtMs: key.sinceMs + dueAfterMs } : {}),
        })),
      };
    }),
  );
}

/** A new trust document over the keys of now. Without `always` only where the one in force ends soon or lists others. */
export async function renewTrust(
  deps: RotationDeps,
  { always }: { always: boolean },
): Promise<{ version: number; expiresAtMs: number; renewed: boolean }> {
  return locked(deps, async (write) => {
    const keys = trustKeys(await trustRings(deps), deps.nowMs());
    const before = await readTrust(deps);
    if (!always && before !== undefined && trustStands(before.content, keys, deps.nowMs()))
      return { version: before.content.version, expiresAtMs: before.content.expiresAtMs, renewed: false };
    const { version, expiresAtMs } = await publishTrust(deps, write, true);
    return { version, expiresAtMs, renewed: true };
  });
}

type Write = <T>(change: () => Promise<T>) => Promise<T>;

async function locked<T>(deps: RotationDeps, work: (write: Write) => Promise<T>): Promise<T> {
  const lock = await takeWriteLock({
    objects: deps.objects,
    bucket: deps.truststoreBucket,
    key: lockKey,
    holder: deps.holder,
    leaseMs: deps.leaseMs ?? 30_000,
    pause: deps.pause,
    ...(deps.onWait === undefined ? {} : { onWait: deps.onWait }),
  });
  try {
    return await work(async (change) => {
      await lock.renew();
      return change();
    });
  } finally {
    // Whoever cannot let go of it is waited for, and no longer than a lease.
    await lock.release().catch(() => undefined);
  }
}

const idle = 9;
function rankOf(step: KeyStep): number {
  switch (step.do) {
    case "prepare":
      return 0;
    case "retire":
      return 1;
    case "publish":
      return 2;
    case "wait":
    case "rest":
      return idle;
    default:
      return 3;
  }
}

async function stepOf(deps: RotationDeps, use: SigningKeyUse, fresh: ReadonlySet<SigningKeyUse>): Promise<KeyStep> {
  const ring = await readRing(deps, use);
  const situation: KeySituation = {
    use,
    ring,
    published: await publishedOf(deps, use, ring),
    doorKnows: use === "issuer" ? await doorKnows(deps) : undefined,
    issuedBy: use === "release" ? await deps.releaseSignedBy() : undefined,
  };
  return nextKeyStep(situation, { nowMs: deps.nowMs(), begin: fresh.has(use) });
}

async function act(deps: RotationDeps, use: SigningKeyUse, step: KeyStep, write: Write): Promise<string> {
  const names = resourceNames(deps.stage);
  const neighbour = (which: "next" | "previous") => names.neighbourAlias(use, which);
  switch (step.do) {
    case "prepare": {
      const key = await nextKey(deps, use, write);
      await apply(deps, use, { type: "prepare", key: bare(key) }, write);
      return `made the key ${shown(key)}`;
    }
    case "publish":
      await publish(deps, use, step.keys, write);
      await apply(deps, use, { type: "announce" }, write);
      return `published ${step.keys.map(shown).join(", ")}`;
    case "promote":
      await write(() => deps.keys.point(neighbour("previous"), step.instead.kmsKeyId));
      await write(() => deps.keys.point(names.keyAlias(use), step.key.kmsKeyId));
      await apply(deps, use, { type: "promote", keyId: step.key.keyId }, write);
      return `${shown(step.key)} signs from now on`;
    case "reissue":
      await write(() => deps.publish());
      await requireReissued(deps, use);
      await apply(deps, use, { type: "reissue" }, write);
      return "the release is signed anew";
    case "retire": {
      const made = await deps.parameters.get(names.parameter(`key-arn/${use}`));
      // A key that a deploy has made is the deploy's to delete: it would miss it. Disabled it signs as little.
      const how = made?.endsWith(`/${step.key.kmsKeyId}`) === true ? "disable" : "delete";
      await write(() => deps.keys.giveUp(step.key.kmsKeyId, how));
      await publish(deps, use, step.keys, write);
      await apply(deps, use, { type: "retire", keyId: step.key.keyId }, write);
      return how === "disable" ? `disabled ${shown(step.key)}` : `${shown(step.key)} is deleted in 30 days`;
    }
    case "wait":
    case "rest":
      throw new AppError("internal", `${step.do} is nothing to do`);
    default:
      return step satisfies never;
  }
}

/** Into whatever those look at who check signatures. Token keys are published by the ring itself. */
async function publish(deps: RotationDeps, use: SigningKeyUse, keys: readonly RingKey[], write: Write): Promise<void> {
  if (isTrusted(use)) await publishTrust(deps, write);
  if (use === "issuer") await write(() => publishCertificates(deps, keys, deps.nowMs()));
}

/** The one under the neighbour's alias, where a killed run left it there; otherwise a new one. */
async function nextKey(deps: RotationDeps, use: SigningKeyUse, write: Write): Promise<KmsKey> {
  const names = resourceNames(deps.stage);
  const alias = names.neighbourAlias(use, "next");
  const [left, ring, pattern] = await Promise.all([
    deps.keys.find(alias),
    readRing(deps, use),
    deps.parameters.get(names.parameter(`key-arn/${use}`)),
  ]);
  if (left !== undefined && !ring.keys.some(({ keyId }) => keyId === left.keyId)) return left;
  return write(() =>
    deps.keys.make({
      alias,
      // What a deploy may have changed since is on the key that it made.
      like: pattern ?? currentOf(ring).kmsKeyId,
      description: `Steward ${deps.stage}: ${use}`,
      tags: { [stageTag]: deps.stage, [keyUseTag]: use },
    }),
  );
}

/** The ring as stored, or the one key that there is. An alias that was moved without a note (a kill) is what counts. */
async function readRing(
  { stage, parameters, keys }: Pick<RotationDeps, "stage" | "parameters" | "keys">,
  use: SigningKeyUse,
): Promise<KeyRing> {
  const names = resourceNames(stage);
  const text = await parameters.get(names.parameter(`key-ring/${use}`));
  if (text !== undefined) return keyRingSchema.parse(JSON.parse(text));
  const signing = await signingKey({ stage, keys }, use);
  return firstRing(bare(signing), signing.createdAtMs);
}

async function loadRing(deps: RotationDeps, use: SigningKeyUse, write: Write): Promise<KeyRing> {
  const ring = await readRing(deps, use);
  const signing = await signingKey(deps, use);
  if (currentOf(ring).keyId === signing.keyId) return ring;
  const next = nextOf(ring);
  if (next?.keyId === signing.keyId && next.announcedAtMs !== undefined)
    return apply(deps, use, { type: "promote", keyId: next.keyId }, write);
  throw new AppError("conflict", `${resourceNames(deps.stage).keyAlias(use)} names a key that the ring does not know`, {
    next: `Point it back at ${currentOf(ring).kmsKeyId}: nobody accepts what another key signs.`,
    retryable: false,
  });
}

async function signingKey({ stage, keys }: Pick<RotationDeps, "stage" | "keys">, use: SigningKeyUse): Promise<KmsKey> {
  const alias = resourceNames(stage).keyAlias(use);
  const found = await keys.find(alias);
  if (found !== undefined) return found;
  throw new AppError("not_found", `there is no key ${alias}`, { next: "Deploy this stage's stacks first." });
}

async function apply(deps: RotationDeps, use: SigningKeyUse, event: KeyEvent, write: Write): Promise<KeyRing> {
  const before = await readRing(deps, use);
  const after = reduceKeyRing(use, before, event, deps.nowMs());
  if (after !== before) {
    const name = resourceNames(deps.stage).parameter(`key-ring/${use}`);
    await write(() => deps.parameters.put(name, JSON.stringify(keyRingSchema.parse(after))));
  }
  return after;
}

async function publishedOf(deps: RotationDeps, use: SigningKeyUse, ring: KeyRing): Promise<string[] | undefined> {
  if (isTrusted(use)) return (await readTrust(deps))?.content.keys[use].map(({ keyId }) => keyId) ?? [];
  if (use !== "issuer") return undefined;
  const names = resourceNames(deps.stage);
  const ca = keyIdsOf((await deps.parameters.get(names.parameter("ca-certificate"))) ?? "");
  const ours = new Set([...ring.keys.map(({ keyId }) => keyId), ...ca]);
  const trusted = keyIdsOf(await truststoreCertificates(deps)).filter((keyId) => ours.has(keyId));
  // Where the two differ nothing counts as published: both are written anew.
  const isSame = ca.length === trusted.length && ca.every((keyId) => trusted.includes(keyId));
  return isSame ? ca : [];
}

function keyIdsOf(pem: string): string[] {
  const ids = certificatesOf(pem).map(keyIdOf);
  return [...new Set(ids)];
}

function keyIdOf({ publicKey }: X509Certificate): string {
  return sha256Hex(publicKey.export({ format: "der", type: "spki" }));
}

async function doorKnows(deps: RotationDeps): Promise<boolean> {
  const names = resourceNames(deps.stage);
  const [loaded, truststore] = await Promise.all([
    deps.doorTruststore(),
    deps.parameters.get(names.parameter("truststore")),
  ]);
  if (loaded === "none") return true;
  return truststore !== undefined && loaded === truststoreSchema.parse(JSON.parse(truststore)).version;
}

function isTrusted(use: SigningKeyUse): use is TrustUse {
  return trustUses.some((one) => one === use);
}

async function trustRings(deps: RotationDeps): Promise<Record<TrustUse, KeyRing>> {
  const [dispatch, approval, release, seal] = await Promise.all([
    readRing(deps, "dispatch"),
    readRing(deps, "approval"),
    readRing(deps, "release"),
    readRing(deps, "seal"),
  ]);
  return { dispatch, approval, release, seal };
}

/** Signs and publishes a document over the keys of now. Its version comes from the one before, so that must be the root's. */
async function publishTrust(deps: RotationDeps, write: Write, always = false): Promise<TrustDocument> {
  const root = deps.root();
  const pinned = await deps.parameters.get(resourceNames(deps.stage).parameter("root-public-key"));
  if (pinned !== undefined && pinned !== root.publicKey) {
    throw new AppError("invalid_request", "this is another root key than the stage's", {
      next: `Give the one with the fingerprint ${sha256Hex(Buffer.from(pinned, "base64"))}: machines pin it.`,
    });
  }
  const before = await readTrust(deps);
  const keys = trustKeys(await trustRings(deps), deps.nowMs());
  // Another use's step has announced or withdrawn this one's as well.
  if (!always && before !== undefined && trustStands(before.content, keys, deps.nowMs())) return before.content;
  if (before !== undefined && !root.signed(before.document)) {
    throw new AppError("conflict", "the stage's trust document was not signed by this root key", {
      next: "Find out who wrote it before you sign another.",
      retryable: false,
    });
  }
  const trust = nextTrust({
    before: before?.content,
    keys,
    nowMs: deps.nowMs(),
  });
  await write(() => deps.publish({ trust: root.sign(trust), rootPublicKey: root.publicKey }));
  return trust;
}

async function readTrust(
  deps: Pick<RotationDeps, "stage" | "parameters">,
): Promise<{ document: SignedDocument; content: TrustDocument } | undefined> {
  const text = await deps.parameters.get(resourceNames(deps.stage).parameter("trust-document"));
  if (text === undefined) return undefined;
  const document = signedDocumentSchema.parse(JSON.parse(text));
  const payload: unknown = JSON.parse(Buffer.from(document.payload, "base64").toString("utf8"));
  return { document, content: trustDocumentSchema.parse(payload) };
}

async function requireReissued(deps: RotationDeps, use: SigningKeyUse): Promise<void> {
  const { keyId } = currentOf(await readRing(deps, use));
  if ((await deps.releaseSignedBy()) === keyId) return;
  throw new AppError("unavailable", "the release is still signed by the key of before", {
    next: "Deploy a version of the functions that can sign it anew, and run this again.",
  });
}

function bare({ keyId, publicKey, kmsKeyId }: KmsKey): Pick<RingKey, "keyId" | "publicKey" | "kmsKeyId"> {
  return { keyId, publicKey, kmsKeyId };
}

function shown({ keyId }: { keyId: string }): string {
  return keyId.slice(0, 12);
}
