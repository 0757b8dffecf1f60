import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { newId } from "@steward/contracts/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { signAccessToken, verifyAccessToken } from "./access-token.ts";

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  return {
    keyId: createHash("sha256").update(spki).digest("hex"),
    publicKey: spki,
    sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
  };
}
const [current, previous, foreign] = [newKey(), newKey(), newKey()];
const nowMs = 1_800_000_000_000;
const deps = (atMs = nowMs, stage = "test") => ({
  stage,
  nowMs: () => atMs,
  tokenKeys: async () => [current, previous],
});
const principalId = newId("person", nowMs);
const sessionId = "a".repeat(64);
const make = (key = current, stage = "test") =>
  signAccessToken({ key: async () => key }, { stage, principalId, sessionId, nowMs, expiresAtMs: nowMs + 3_600_000 });
const isRefused = { code: "unauthenticated" };

test("what we sign with any key of the ring is accepted, for as long as it lasts", async () => {
  for (const key of [current, previous]) {
    // Of ECDSA's signatures about half have a high s as KMS gives them: each of these must come out with the low one.
    for (let count = 0; count < 20; count++) {
      expect(await verifyAccessToken(deps(), await make(key))).toEqual({ principalId, sessionId });
    }
  }
  const token = await make();
  await verifyAccessToken(deps(nowMs + 3_599_000), token);
  // Another function's clock may be a little behind the one that signed.
  await verifyAccessToken(deps(nowMs - 4_000), token);
  await expect(verifyAccessToken(deps(nowMs + 3_600_000), token)).rejects.toMatchObject(isRefused);
  await expect(verifyAccessToken(deps(nowMs - 6_000), token)).rejects.toMatchObject(isRefused);
});

test("a key that left the ring, one that was never in it, and another stage's token are refused", async () => {
  await expect(verifyAccessToken(deps(), await make(foreign))).rejects.toMatchObject(isRefused);
  await expect(verifyAccessToken({ ...deps(), tokenKeys: async () => [previous] }, await make())).rejects.toMatchObject(
    isRefused,
  );
  await expect(verifyAccessToken(deps(), await make(current, "prod"))).rejects.toMatchObject(isRefused);
});

test("any other text than the one that was signed is refused: each letter changed, left out, doubled", async () => {
  const token = await make();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ".split("");
  const change = fc.record({
    at: fc.nat(token.length - 1),
    by: fc.constantFrom("", ...letters, ...letters.map((one) => one + one)),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, by }) => {
      const changed = token.slice(0, at) + by + token.slice(at + 1);
      if (changed !== token) await expect(verifyAccessToken(deps(), changed)).rejects.toMatchObject(isRefused);
    }),
    { numRuns: 2_000 },
  );
});

test("whatever else somebody sends is refused with an answer, never a fault", async () => {
  const json = fc.json().map((text) => Buffer.from(text).toString("base64url"));
  const anyPart = fc.oneof(json, fc.string(), fc.base64String());
  await fc.assert(
    fc.asyncProperty(fc.array(anyPart, { maxLength: 5 }), async (parts) => {
      await expect(verifyAccessToken(deps(), parts.join("."))).rejects.toMatchObject(isRefused);
    }),
    { numRuns: 500 },
  );
});
