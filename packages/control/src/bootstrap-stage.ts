import type { Objects } from "@steward/aws/objects";
import { type Signer, signDocument } from "@steward/aws/signing";
import { canonicalHash, sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type ParameterName, resourceNames, type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { type KeyRing, keyRingSchema } from "@steward/contracts/key-ring";
import type { Release, ReleaseContent } from "@steward/contracts/release";
import { type SignedDocument, signedDocumentSchema } from "@steward/contracts/signed";
import { trustDocumentSchema } from "@steward/contracts/trust";
import { type TrustUse, trustUses } from "@steward/core/key/trust-document";
import type { Context } from "./context.ts";
import { ensureCaCertificate, type ParameterStore } from "./ensure-ca-certificate.ts";
import { buildKey, bundleKey } from "./get-bundle.ts";
import { readRelease } from "./read-release.ts";

type Deps = Pick<Context, "stage" | "nowMs" | "secret"> & {
  signers: Record<SigningKeyUse, Signer>;
  parameters: ParameterStore;
  objects: Objects;
  bundleBucket: string;
  secrets: Pick<ParameterStore, "get" | "put">;
};

/** What the offline root says of a stage. */
export interface RootStatement {
  trust: SignedDocument;
  /** base64 SubjectPublicKeyInfo: what machines pin when they enrol. */
  rootPublicKey: string;
}

const releaseDays = 365;

/** The public halves of the stage's keys (what the offline root signs into the trust document), and what it said before. */
export async function readSetup(deps: Pick<Deps, "stage" | "signers" | "parameters">): Promise<{
  keys: Record<SigningKeyUse, { keyId: string; publicKey: string }>;
  /** Of those uses whose keys were ever rotated, and that the trust document lists. */
  rings: Partial<Record<TrustUse, KeyRing>>;
  trust?: SignedDocument;
  rootPublicKey?: string;
}> {
  const names = resourceNames(deps.stage);
  const [trust, rootPublicKey, rings, ...keys] = await Promise.all([
    deps.parameters.get(names.parameter("trust-document")),
    deps.parameters.get(names.parameter("root-public-key")),
    Promise.all(
      trustUses.map(async (use) => {
        const ring = await deps.parameters.get(names.parameter(`key-ring/${use}`));
        return ring === undefined ? [] : ([[use, keyRingSchema.parse(JSON.parse(ring))]] as const);
      }),
    ),
    ...signingKeyUses.map(async (use) => {
      const { keyId, publicKey } = await deps.signers[use].key();
      return [use, { keyId, publicKey: Buffer.from(publicKey).toString("base64") }] as const;
    }),
  ]);
  return {
    keys: Object.fromEntries(keys) as Record<SigningKeyUse, { keyId: string; publicKey: string }>,
    rings: Object.fromEntries(rings.flat()),
    ...(trust === undefined ? {} : { trust: readSigned(trust) }),
    ...(rootPublicKey === undefined ? {} : { rootPublicKey }),
  };
}

/**
 * Publishes what a stage needs before its first request: the CA's certificate, the trust document, bundles, a signed
 * release (a new version only when its content changed) and the cursor key. May be run again at any time: it changes
 * what differs, and says what that was. Without a statement of the root, the one before must be there.
 *
 * Throws `unprocessable` before anything is changed when the release names a bundle that is neither in `bundles` nor in
 * the bucket: appliances would accept an action that they can never fetch.
 */
export async function publishStage(
  deps: Deps,
  input: {
    root?: RootStatement | undefined;
    release: ReleaseContent;
    bundles: { digest: string; bytes: Uint8Array }[];
    builds?: { digest: string; bytes: Uint8Array }[];
  },
): Promise<{ caCertificate: string; releaseVersion: number; changed: ParameterName[] }> {
  await requireBundles(deps, input);
  const names = resourceNames(deps.stage);
  const nowMs = deps.nowMs();
  const ca = await ensureCaCertificate({ ...deps, issuer: deps.signers.issuer });
  if ((await deps.secrets.get(names.tokenSecret)) === undefined)
    await deps.secrets.put(names.tokenSecret, deps.secret());
  const trustChanges = await publishTrust(deps, input.root);
  const files = [
    ...input.bundles.map(({ digest, bytes }) => ({ key: bundleKey(digest), bytes })),
    ...(input.builds ?? []).map(({ digest, bytes }) => ({ key: buildKey(digest), bytes })),
  ];
  // Named by what is in them: what is there is the same. Where nothing was ever published, asking is dearer than putting.
  const mayBeThere = (await deps.parameters.get(names.parameter("release"))) !== undefined;
  await Promise.all(
    files.map(async ({ key, bytes }) => {
      if (mayBeThere && (await deps.objects.exists(deps.bundleBucket, key))) return;
      await deps.objects.put(deps.bundleBucket, key, bytes);
    }),
  );
  const release = await publishRelease(deps, input.release, nowMs);
  return {
    caCertificate: ca.pem,
    releaseVersion: release.version,
    changed: [
      ...(ca.made ? (["ca-certificate"] as const) : []),
      ...trustChanges,
      ...(release.made ? (["release"] as const) : []),
    ],
  };
}

/**
 * What machines hold the stage to. A root is pinned by each of them and stays; a trust document gives way only to a newer
 * one: two of the same version with other content would have machines refuse both. Throws `conflict` then.
 */
async function publishTrust(
  deps: Pick<Deps, "stage" | "parameters">,
  root: RootStatement | undefined,
): Promise<ParameterName[]> {
  const names = resourceNames(deps.stage);
  const [rootName, trustName] = [names.parameter("root-public-key"), names.parameter("trust-document")];
  const isNewRoot = root !== undefined && (await deps.parameters.create(rootName, root.rootPublicKey));
  const pinned = isNewRoot ? root.rootPublicKey : await deps.parameters.get(rootName);
  if (root !== undefined && pinned !== root.rootPublicKey) {
    throw new AppError("conflict", "the machines of this stage pin another root key", {
      next: "Use the root key that this stage was set up with.",
      retryable: false,
    });
  }
  const text = root === undefined ? undefined : JSON.stringify(root.trust);
  const isFirst = text !== undefined && (await deps.parameters.create(trustName, text));
  const stored = isFirst ? text : await deps.parameters.get(trustName);
  if (stored === undefined || pinned === undefined) {
    throw new AppError("unprocessable", "this stage has no trust document yet", {
      next: "Set it up with its root key: steward bootstrap --stage … --root-key …",
    });
  }
  const changed: ParameterName[] = isNewRoot ? ["root-public-key"] : [];
  if (isFirst) return [...changed, "trust-document"];
  if (root === undefined || readSigned(stored).payload === root.trust.payload) return changed;
  const [before, now] = [trustVersion(readSigned(stored)), trustVersion(root.trust)];
  if (now <= before) {
    throw new AppError("conflict", `the trust document has version ${before} already; ${now} is not newer`, {
      next: "Run the set-up again: it goes on from the version in force.",
    });
  }
  await deps.parameters.put(trustName, JSON.stringify(root.trust));
  return [...changed, "trust-document"];
}

function readSigned(text: string): SignedDocument {
  return signedDocumentSchema.parse(JSON.parse(text));
}

function trustVersion({ payload }: SignedDocument): number {
  return trustDocumentSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString("utf8"))).version;
}

async function requireBundles(
  deps: Pick<Deps, "objects" | "bundleBucket">,
  { release, bundles }: { release: ReleaseContent; bundles: readonly { digest: string }[] },
): Promise<void> {
  const brought = new Set(bundles.map(({ digest }) => digest));
  const missing = await Promise.all(
    release.actions.map(async ({ id, bundle }) => {
      const there = brought.has(bundle) || (await deps.objects.exists(deps.bundleBucket, bundleKey(bundle)));
      return there ? [] : [`${id} (${bundle})`];
    }),
  );
  if (missing.flat().length === 0) return;
  throw new AppError("unprocessable", `the release names bundles that are nowhere: ${missing.flat().join(", ")}`, {
    next: "Publish once from the commit that pinned them, or pin what this one builds: npm run release.",
  });
}

/** A release is an object of its own, never overwritten; the parameter names the one in force. */
async function publishRelease(
  deps: Deps,
  content: ReleaseContent,
  nowMs: number,
): Promise<{ version: number; made: boolean }> {
  const names = resourceNames(deps.stage);
  const parameter = names.parameter("release");
  const key = await deps.parameters.get(parameter);
  const stored = key === undefined ? undefined : await deps.objects.get(deps.bundleBucket, key);
  const published = stored === undefined ? undefined : readRelease(Buffer.from(stored).toString("utf8"));
  const current = published?.release;
  const { keyId } = await deps.signers.release.key();
  const halfLifeMs = (releaseDays / 2) * 86_400_000;
  if (
    current !== undefined &&
    canonicalHash([current.actions, current.agents]) === canonicalHash([content.actions, content.agents]) &&
    current.expiresAtMs > nowMs + halfLifeMs
  ) {
    if (published?.document.keyId === keyId) return { version: current.version, made: false };
    // After a rotation the same release carries the new key's signature, before the old one is withdrawn: plans that were
    // made for this version stay what they are.
    return storeRelease(deps, current);
  }
  const release: Release = {
    ...content,
    version: (current?.version ?? versionNamed(key)) + 1,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + releaseDays * 86_400_000,
  };
  return storeRelease(deps, release);
}

async function storeRelease(deps: Deps, release: Release): Promise<{ version: number; made: true }> {
  const text = JSON.stringify(await signDocument(deps.signers.release, "steward-release-v1", release));
  const next = `releases/${release.version}-${sha256Hex(text).slice(0, 16)}.json`;
  await deps.objects.put(deps.bundleBucket, next, text);
  await deps.parameters.put(resourceNames(deps.stage).parameter("release"), next);
  return { version: release.version, made: true };
}

/** The version of a release whose object is gone: machines have seen it, and refuse another one under its number. */
function versionNamed(key: string | undefined): number {
  return Number(/^releases\/(\d+)-/.exec(key ?? "")?.[1] ?? 0);
}
