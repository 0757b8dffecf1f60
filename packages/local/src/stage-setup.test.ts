import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { canonical, sha256Hex } from "@steward/contracts/canonical";
import type { KeyRing } from "@steward/contracts/key-ring";
import { type SignedDocument, signingInput } from "@steward/contracts/signed";
import { trustDocumentSchema } from "@steward/contracts/trust";
import { bootstrapEventSchema } from "@steward/functions/bootstrap-event";
import { expect, test } from "vitest";
import type { RootKey } from "./root-key.ts";
import { setUpStage, type StageChannel } from "./stage-setup.ts";

const dayMs = 86_400_000;
const nowMs = Date.parse("2026-11-25T12:00:00Z");

function key(): { keyId: string; publicKey: string } {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  return { keyId: sha256Hex(spki), publicKey: spki.toString("base64") };
}

function rootKey(): RootKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  const keyId = sha256Hex(spki);
  return {
    keyId,
    publicKey: spki.toString("base64"),
    signed: ({ payload, signature, type }) =>
      verify(
        "sha256",
        signingInput(type, keyId, Buffer.from(payload, "base64")),
        publicKey,
        Buffer.from(signature, "base64"),
      ),
    sign: (trust) => {
      const payload = Buffer.from(canonical(trust));
      const signature = sign("sha256", signingInput("steward-trust-v1", keyId, payload), privateKey);
      return {
        type: "steward-trust-v1",
        keyId,
        payload: payload.toString("base64"),
        signature: signature.toString("base64"),
      };
    },
  };
}

/** A stage that keeps what it is told, as the function `bootstrap` does. */
function newStage() {
  const stage = {
    keys: { dispatch: key(), approval: key(), release: key(), token: key(), issuer: key(), seal: key() },
    rings: {} as Partial<Record<"dispatch" | "approval" | "release" | "seal", KeyRing>>,
    trust: undefined as SignedDocument | undefined,
    rootPublicKey: undefined as string | undefined,
    published: 0,
  };
  const channel: StageChannel = {
    invoke: async (_name, event, answer) => {
      const asked = bootstrapEventSchema.parse(event);
      if (asked.step === "look") return answer.parse(JSON.parse(JSON.stringify(stage)));
      if (asked.step === "publish" && asked.root !== undefined) Object.assign(stage, asked.root);
      stage.published += 1;
      return answer.parse({ caCertificate: "pem", releaseVersion: 1, changed: [] });
    },
  };
  const trust = () =>
    trustDocumentSchema.parse(JSON.parse(Buffer.from(stage.trust?.payload ?? "", "base64").toString("utf8")));
  return { stage, channel, trust };
}
const having = (root: RootKey) => ({ open: () => root, create: () => never("a new root") });
const without = { open: () => undefined, create: () => never("a new root") };
function never(what: string): never {
  throw new Error(`${what} was asked for`);
}

test("a new stage gets a new root, whose word is verifiable and names the stage's keys", async () => {
  const { stage, channel, trust } = newStage();
  const root = rootKey();
  await setUpStage(channel, { root: { open: () => undefined, create: () => root }, nowMs });
  expect(stage.rootPublicKey).toBe(root.publicKey);
  expect(trust()).toMatchObject({
    version: 1,
    issuedAtMs: nowMs,
    keys: { dispatch: [stage.keys.dispatch], seal: [stage.keys.seal] },
  });
  const { type, keyId, payload, signature } = stage.trust ?? never("no document");
  const spki = createPublicKey({ key: Buffer.from(root.publicKey, "base64"), format: "der", type: "spki" });
  const input = signingInput(type, keyId, Buffer.from(payload, "base64"));
  expect(verify("sha256", input, spki, Buffer.from(signature, "base64"))).toBe(true);
});

test("what stands is not signed again: nobody needs the root for a new release", async () => {
  const { stage, channel } = newStage();
  await setUpStage(channel, { root: having(rootKey()), nowMs });
  const before = stage.trust;
  await setUpStage(channel, { root: without, nowMs: nowMs + dayMs });
  expect(stage.trust).toBe(before);
  expect(stage.published).toBe(2);
});

test("changed keys, and an end that comes near, take the next version, by the same root only", async () => {
  const { stage, channel, trust } = newStage();
  const root = rootKey();
  await setUpStage(channel, { root: having(root), nowMs });
  stage.keys.dispatch = key();
  await expect(setUpStage(channel, { root: without, nowMs })).rejects.toThrow("must be signed anew, by sha256");
  await expect(setUpStage(channel, { root: having(rootKey()), nowMs })).rejects.toThrow("another root key");
  expect(trust().version).toBe(1);
  await setUpStage(channel, { root: having(root), nowMs });
  expect(trust()).toMatchObject({ version: 2, keys: { dispatch: [stage.keys.dispatch] } });
  const lateMs = trust().expiresAtMs - 300 * dayMs;
  await setUpStage(channel, { root: having(root), nowMs: lateMs });
  expect(trust()).toMatchObject({ version: 3, issuedAtMs: lateMs });
});

test("another root is refused even where nothing is to be signed", async () => {
  const { channel } = newStage();
  await setUpStage(channel, { root: having(rootKey()), nowMs });
  await expect(setUpStage(channel, { root: having(rootKey()), nowMs })).rejects.toThrow("another root key");
});

test("a document that the root did not sign gives it no version to go on from", async () => {
  const { stage, channel, trust } = newStage();
  const root = rootKey();
  await setUpStage(channel, { root: having(root), nowMs });
  stage.trust = { ...rootKey().sign({ ...trust(), version: 900 }), keyId: root.keyId };
  stage.keys.dispatch = key();
  await expect(setUpStage(channel, { root: having(root), nowMs })).rejects.toThrow("was not signed by this root key");
  expect(stage.published).toBe(1);
});

test("a rotation that is under way is no reason to sign anything, and what it announced stays announced", async () => {
  const { stage, channel, trust } = newStage();
  const root = rootKey();
  const next = key();
  const old = key();
  stage.rings.dispatch = {
    v: 1,
    keys: [
      { ...next, kmsKeyId: "3", state: "next", sinceMs: nowMs },
      { ...stage.keys.dispatch, kmsKeyId: "2", state: "current", sinceMs: nowMs - dayMs },
      { ...old, kmsKeyId: "1", state: "previous", sinceMs: nowMs - 3600_000 },
    ],
  };
  await setUpStage(channel, { root: having(root), nowMs });
  const listed = trust().keys.dispatch.map(({ keyId }) => keyId);
  expect(listed.toSorted()).toEqual([next, stage.keys.dispatch, old].map(({ keyId }) => keyId).toSorted());
  await setUpStage(channel, { root: having(root), nowMs: nowMs + 1 });
  expect(trust().version).toBe(1);
});
