import fc from "fast-check";
import { expect, test } from "vitest";
import { createSignatures, rawSignature } from "./signatures.ts";
import { testPair } from "./signing-for-tests.ts";

const own = await testPair();
const bytes = (text: string) => new TextEncoder().encode(text);

test("what the key signed is right, and nothing else is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (input) => {
      const signature = await own.sign(input);
      const { check, verifySignature } = createSignatures();
      expect(verifySignature(own.publicKey, input, signature)).toBe(false);
      await check(own.publicKey, input, signature);
      expect(verifySignature(own.publicKey, input, signature)).toBe(true);
      const other = new Uint8Array([...input, 0]);
      await check(own.publicKey, other, signature);
      expect(verifySignature(own.publicKey, other, signature)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("another key, another curve, and what is none are not right, and do not throw", async () => {
  const input = bytes("a seal");
  const signature = await own.sign(input);
  for (const publicKey of [(await testPair()).publicKey, (await testPair("P-384")).publicKey, "", "AAAA", "%%%"]) {
    const { check, verifySignature } = createSignatures();
    await check(publicKey, input, signature);
    expect(verifySignature(publicKey, input, signature)).toBe(false);
  }
});

test("a signature in a shape that DER does not have is none", async () => {
  const good = await own.sign(bytes("x"));
  expect(rawSignature(good)).toHaveLength(64);
  expect(rawSignature(new Uint8Array([...good, 0]))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
      const raw = rawSignature(noise);
      expect(raw === undefined || raw.length === 64).toBe(true);
    }),
  );
  for (let length = 0; length < good.length; length += 1)
    expect(rawSignature(good.subarray(0, length))).toBeUndefined();
});
