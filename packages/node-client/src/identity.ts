import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { nodeIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { nodeKinds } from "@steward/contracts/node";
import { digestSchema } from "@steward/contracts/release";
import { z } from "zod";
import type { KeyPair } from "./key-pair.ts";
import { moveFile, readIfThere, removeFile, replaceFile } from "./state-files.ts";

/*
 * Below the state folder, all 0600:
 *   node.json       who this node is; written last at enrolment, so that its presence means "enrolled"
 *   enrolling.pem   the key of an enrolment under way
 *   current.pem     private key and certificate chain in use
 *   next.pem        a renewal under way: the new key, then also its certificate
 *   sequence        the heartbeat numbers that may have been used
 */

const identitySchema = z.strictObject({
  v: z.literal(1),
  nodeId: nodeIdSchema,
  tenantId: tenantIdSchema,
  kind: z.enum(nodeKinds),
  name: z.string(),
  nodesUrl: z.url(),
  /** Where it enrolled: the door that also takes machines whose certificate has expired. Absent before agents kept it. */
  apiUrl: z.url().optional(),
  /** base64 SubjectPublicKeyInfo. Pinned: nothing that the server says later replaces it. */
  rootPublicKey: z.base64(),
  /** sha256 of the token that this node was enrolled with. */
  tokenHash: digestSchema,
  /** Kept, because the enrolment is answered once: the cloud account's registration for the `ssm` doorbell. */
  activation: z.strictObject({ id: z.string(), code: z.string() }).optional(),
});
export type Identity = z.infer<typeof identitySchema>;

export const enrollingKeyFile = "enrolling.pem";

/** Undefined when the machine is not enrolled. */
export async function readIdentity(stateDir: string): Promise<Identity | undefined> {
  const text = await readIfThere(join(stateDir, "node.json"));
  if (text === undefined) return undefined;
  const parsed = identitySchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new AppError("unprocessable", `${join(stateDir, "node.json")} is damaged`, {
    cause: parsed.error,
    next: "restore the state folder, or empty it and enrol the machine again",
  });
}

/** Throws when the machine is not enrolled, and says how to do it. */
export async function loadIdentity(stateDir: string): Promise<Identity> {
  const identity = await readIdentity(stateDir);
  if (identity) return identity;
  throw new AppError("unauthenticated", `this machine is not enrolled: there is no node.json in ${stateDir}`, {
    next: "make a token with `steward appliances enroll` or `steward workers enroll` and give it to the `enrol` command",
  });
}

export async function saveIdentity(stateDir: string, identity: Identity): Promise<void> {
  await replaceFile(join(stateDir, "node.json"), `${JSON.stringify(identity, null, 2)}\n`);
}

export type PairName = "current" | "next";

/** Key and certificate share one file, so that a switch of both is one rename. */
export async function readPair(stateDir: string, name: PairName): Promise<Partial<KeyPair>> {
  const text = (await readIfThere(join(stateDir, `${name}.pem`))) ?? "";
  const at = text.indexOf("-----BEGIN CERTIFICATE-----");
  const key = at < 0 ? text : text.slice(0, at);
  return { ...(key.trim() === "" ? {} : { key }), ...(at < 0 ? {} : { certificate: text.slice(at) }) };
}

export async function savePair(
  stateDir: string,
  name: PairName,
  pair: { key: string; certificate?: string },
): Promise<void> {
  await replaceFile(join(stateDir, `${name}.pem`), pair.key + (pair.certificate ?? ""));
}

export async function promoteNextPair(stateDir: string): Promise<void> {
  await moveFile(join(stateDir, "next.pem"), join(stateDir, "current.pem"));
}

export async function dropNextPair(stateDir: string): Promise<void> {
  await removeFile(join(stateDir, "next.pem"));
}
