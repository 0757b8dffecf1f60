import { createSign, createVerify, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { derToRaw, rawToDer } from "./signing.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

test("both forms of a signature hold, and each is made from the other", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const der = createSign("sha256").update(bytes).sign(privateKey);
      const raw = derToRaw(der);
      expect(Buffer.from(rawToDer(raw)).equals(der)).toBe(true);
      expect(createVerify("sha256").update(bytes).verify({ key: publicKey, dsaEncoding: "ieee-p1363" }, raw)).toBe(
        true,
      );
    }),
  );
});

test("any two numbers survive the way there and back, however many zeros they begin with", () => {
  const number = fc.tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 })).map(([zeros, bytes]) => {
    bytes.fill(0, 0, zeros);
    return bytes;
  });
  fc.assert(
    fc.property(number, number, (r, s) => {
      const raw = Uint8Array.from([...r, ...s]);
      expect(derToRaw(rawToDer(raw))).toEqual(raw);
    }),
  );
});

test("what is no signature is refused, never misread", () => {
  const der = createSign("sha256").update("x").sign(privateKey);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        expect(Buffer.from(rawToDer(derToRaw(bytes))).equals(bytes)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid_request" });
      }
    }),
  );
  for (let length = 0; length < der.length; length++) expect(() => derToRaw(der.subarray(0, length))).toThrow("no DER");
  expect(() => derToRaw(Buffer.concat([der, Buffer.from([0])]))).toThrow("no DER");
  expect(() => rawToDer(new Uint8Array(63))).toThrow("64 bytes");
});
