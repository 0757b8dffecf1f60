import { sha256Hex } from "@steward/contracts/canonical";

export interface TestPair {
  /** base64 SubjectPublicKeyInfo. */
  publicKey: string;
  keyId: string;
  /** DER, as KMS signs. */
  sign: (input: Uint8Array) => Promise<Uint8Array>;
}

/** A key as Steward's are, for tests. */
export async function testPair(namedCurve = "P-256"): Promise<TestPair> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return {
    publicKey: base64Of(der),
    keyId: sha256Hex(der),
    sign: async (input) => {
      const how = { name: "ECDSA", hash: "SHA-256" };
      const raw = await crypto.subtle.sign(how, pair.privateKey, input as Uint8Array<ArrayBuffer>);
      return derOf(new Uint8Array(raw));
    },
  };
}

export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function derOf(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)].map((half) => {
    const start = half.findIndex((byte) => byte !== 0);
    const digits = half.subarray(start);
    const padded = ((digits[0] ?? 0) & 0x80) === 0 ? [...digits] : [0, ...digits];
    return [0x02, padded.length, ...padded];
  });
  const body = numbers.flat();
  return new Uint8Array([0x30, body.length, ...body]);
}
