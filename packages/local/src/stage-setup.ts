import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SignedDocument, signedDocumentSchema } from "@steward/contracts/signed";
import { trustDocumentSchema } from "@steward/contracts/trust";
import { type BootstrapEvent, bootstrapAnswers } from "@steward/functions/bootstrap-event";
import type { z } from "zod";
import type { HostChannel } from "./host-channel.ts";
import { openRootKey, type RootKey } from "./root-key.ts";

type Keys = z.infer<(typeof bootstrapAnswers)["keys"]>;
export type SeededTenant = z.infer<(typeof bootstrapAnswers)["seed"]>[number];
type TenantSeeds = Extract<BootstrapEvent, { step: "seed" }>["tenants"];

const trustDays = 3650;

/** Makes the stage ready for its first request, or finds it so: keys into the trust document, CA, bundles, release. */
export async function setUpStage(channel: HostChannel, stateDir: string, nowMs: number): Promise<void> {
  const root = openRootKey(join(stateDir, "root-key.pem"));
  const keys = await channel.invoke("bootstrap", { step: "keys" } satisfies BootstrapEvent, bootstrapAnswers.keys);
  const event: BootstrapEvent = {
    step: "publish",
    trust: trustOf(join(stateDir, "trust.json"), root, keys, nowMs),
    rootPublicKey: root.publicKey,
  };
  await channel.invoke("bootstrap", event, bootstrapAnswers.publish);
}

/** Tenants, their admins, and for each admin a fresh one-time sign-in token. */
export async function seedTenants(channel: HostChannel, tenants: TenantSeeds): Promise<SeededTenant[]> {
  return channel.invoke("bootstrap", { step: "seed", tenants } satisfies BootstrapEvent, bootstrapAnswers.seed);
}

/** The document signed before, for as long as it names these keys; a new one has the next version. */
function trustOf(file: string, root: RootKey, keys: Keys, nowMs: number): SignedDocument {
  const stored = existsSync(file) ? signedDocumentSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
  const current =
    stored === undefined
      ? undefined
      : trustDocumentSchema.parse(JSON.parse(Buffer.from(stored.payload, "base64").toString("utf8")));
  const wanted = { dispatch: [keys.dispatch], approval: [keys.approval], release: [keys.release], seal: [] };
  if (
    stored !== undefined &&
    JSON.stringify(current?.keys) === JSON.stringify(trustDocumentSchema.shape.keys.parse(wanted))
  )
    return stored;
  const signed = root.sign({
    v: 1,
    version: (current?.version ?? 0) + 1,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + trustDays * 86_400_000,
    keys: wanted,
  });
  writeFileSync(`${file}.new`, JSON.stringify(signed), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return signed;
}
