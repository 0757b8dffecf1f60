import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { canonical } from "@steward/contracts/canonical";
import { signingInput } from "@steward/contracts/signed";
import { expect, it } from "vitest";
import { sealKeys, type TrustSource } from "./verify-audit.ts";

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ format: "der", type: "spki" });
  return { privateKey, publicKey: der.toString("base64"), keyId: createHash("sha256").update(der).digest("hex") };
};
const root = pair();
const [stolen, anew] = [pair(), pair()];

function trustOf(version: number, seal: readonly ReturnType<typeof pair>[], by = root): TrustSource {
  const keys = (list: readonly ReturnType<typeof pair>[]) => list.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
  const other = keys([anew]);
  const payload = Buffer.from(
    canonical({
      v: 1,
      version,
      issuedAtMs: 0,
      expiresAtMs: 1_000,
      keys: { dispatch: other, approval: other, release: other, seal: keys(seal) },
    }),
  );
  const signature = sign("sha256", signingInput("steward-trust-v1", by.keyId, payload), by.privateKey);
  return {
    rootPublicKey: by.publicKey,
    trust: {
      type: "steward-trust-v1",
      keyId: by.keyId,
      payload: payload.toString("base64"),
      signature: signature.toString("base64"),
    },
  };
}

it("believes the root's newest word on the keys of seals, and no older one", () => {
  const known = { root: root.keyId, nowMs: 0 };
  const before = sealKeys(trustOf(2, [stolen]), known);
  expect([...before.keys.keys()]).toEqual([stolen.keyId]);
  expect(before.trustVersion).toBe(2);
  const after = sealKeys(trustOf(3, [anew]), { ...known, trustVersion: before.trustVersion });
  expect([...after.keys.keys()]).toEqual([anew.keyId]);
  // The document that still listed the stolen key, shown again.
  expect(() => sealKeys(trustOf(2, [stolen]), { ...known, trustVersion: after.trustVersion })).toThrow(/3 was known/);
  expect(sealKeys(trustOf(3, [anew]), { ...known, trustVersion: 3 }).trustVersion).toBe(3);
});

it("believes no other root, and no document of anybody else's or past its end", () => {
  const stranger = pair();
  const source = trustOf(1, [anew]);
  expect(() => sealKeys(trustOf(1, [anew], stranger), { root: root.keyId, nowMs: 0 })).toThrow(/another root key/);
  expect(() =>
    sealKeys({ ...trustOf(1, [anew], stranger), rootPublicKey: root.publicKey }, { root: undefined, nowMs: 0 }),
  ).toThrow(/not signed by the root key/);
  expect(() => sealKeys(source, { root: root.keyId, nowMs: 1_000 })).toThrow(/ended/);
});
