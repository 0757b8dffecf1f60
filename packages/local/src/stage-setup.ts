import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import type { SignedDocument } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import { firstRing } from "@steward/core/key/reduce-key-ring";
import { nextTrust, type TrustUse, trustKeys, trustStands } from "@steward/core/key/trust-document";
import { type BootstrapEvent, bootstrapAnswers } from "@steward/functions/bootstrap-event";
import type { FunctionName } from "@steward/functions/definitions";
import type { z } from "zod";
import type { RootKey } from "./root-key.ts";

type Setup = z.infer<(typeof bootstrapAnswers)["look"]>;
export type Published = z.infer<(typeof bootstrapAnswers)["publish"]>;
export type SeededTenant = z.infer<(typeof bootstrapAnswers)["seed"]>[number];
type TenantSeeds = Extract<BootstrapEvent, { step: "seed" }>["tenants"];

/** How functions are invoked by name: in the local host, or in Lambda. */
export interface StageChannel {
  invoke<Schema extends z.ZodType>(name: FunctionName, event: object, answer: Schema): Promise<z.output<Schema>>;
}

/** Where the root key comes from. */
export interface RootKeySource {
  /** The key that there is; undefined where there is none. */
  open(): RootKey | undefined;
  /** A new one. Asked for a stage that has none yet, and no other. */
  create(): RootKey;
}

/**
 * Makes the stage ready for its first request, or finds it so: keys into the trust document, CA, bundles, release. What
 * the root said before is read back from the stage, so any machine that has the key can do this, and the trust document's
 * version only grows. Run again it changes what differs: the release, once there is another catalogue.
 */
export async function setUpStage(
  channel: StageChannel,
  { root, nowMs }: { root: RootKeySource; nowMs: number },
): Promise<Published> {
  const look: BootstrapEvent = { step: "look" };
  const setup = await channel.invoke("bootstrap", look, bootstrapAnswers.look);
  const key = root.open();
  if (key !== undefined) refuseAnotherRoot(setup, key);
  const statement = stands(setup, nowMs) ? undefined : sign(setup, key ?? firstRoot(setup, root), nowMs);
  const event: BootstrapEvent = { step: "publish", ...(statement === undefined ? {} : { root: statement }) };
  return channel.invoke("bootstrap", event, bootstrapAnswers.publish);
}

/** Tenants, their admins, and for each admin a fresh one-time sign-in token. */
export async function seedTenants(channel: StageChannel, tenants: TenantSeeds): Promise<SeededTenant[]> {
  return channel.invoke("bootstrap", { step: "seed", tenants } satisfies BootstrapEvent, bootstrapAnswers.seed);
}

function keysOf({ keys, rings }: Setup, nowMs: number): TrustDocument["keys"] {
  const ringOf = (use: TrustUse) => rings[use] ?? firstRing({ ...keys[use], kmsKeyId: keys[use].keyId }, nowMs);
  const [dispatch, approval, release, seal] = [
    ringOf("dispatch"),
    ringOf("approval"),
    ringOf("release"),
    ringOf("seal"),
  ];
  return trustKeys({ dispatch, approval, release, seal }, nowMs);
}

/** Whether what the root said before still names the stage's keys, and will for a while. */
function stands(setup: Setup, nowMs: number): boolean {
  if (setup.trust === undefined || setup.rootPublicKey === undefined) return false;
  return trustStands(contentOf(setup.trust), keysOf(setup, nowMs), nowMs);
}

function sign(setup: Setup, root: RootKey, nowMs: number): { trust: SignedDocument; rootPublicKey: string } {
  // The version is taken from it, so it must be the root's own word.
  if (setup.trust !== undefined && !root.signed(setup.trust)) {
    throw new AppError("conflict", "the stage's trust document was not signed by this root key", {
      next: "Find out who wrote it before you sign another.",
      retryable: false,
    });
  }
  const before = setup.trust === undefined ? undefined : contentOf(setup.trust);
  const trust = root.sign(nextTrust({ before, keys: keysOf(setup, nowMs), nowMs }));
  return { trust, rootPublicKey: root.publicKey };
}

/** A stage whose machines pin a root needs that one; a new key would be refused by all of them. */
function firstRoot({ rootPublicKey }: Setup, root: RootKeySource): RootKey {
  if (rootPublicKey === undefined) return root.create();
  throw new AppError("invalid_request", `the trust document must be signed anew, by ${nameOf(rootPublicKey)}`, {
    next: "Give that key with --root-key: the file that the first bootstrap of this stage made.",
  });
}

function refuseAnotherRoot({ rootPublicKey }: Setup, root: RootKey): void {
  if (rootPublicKey === undefined || rootPublicKey === root.publicKey) return;
  throw new AppError(
    "invalid_request",
    `this is another root key than the stage's, which is ${nameOf(rootPublicKey)}`,
    {
      next: `Give the key that the first bootstrap of this stage made. This one is ${nameOf(root.publicKey)}.`,
    },
  );
}

function nameOf(publicKey: string): string {
  return `sha256 ${sha256Hex(Buffer.from(publicKey, "base64")).slice(0, 16)}…`;
}

function contentOf({ payload }: SignedDocument): TrustDocument {
  return trustDocumentSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString("utf8")));
}
