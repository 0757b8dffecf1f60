/**
 * ECDSA P-256 with SHA-256, by the browser. It answers later than a verifier of trails asks: signatures are checked first,
 * and looked up then. What was not looked at before is not right.
 */
export function createSignatures(): {
  check: (publicKey: string, input: Uint8Array, signature: Uint8Array) => Promise<void>;
  verifySignature: (publicKey: string, input: Uint8Array, signature: Uint8Array) => boolean;
} {
  const keys = new Map<string, Promise<CryptoKey | undefined>>();
  const right = new Set<string>();
  const nameOf = (publicKey: string, input: Uint8Array, signature: Uint8Array) =>
    `${publicKey} ${hex(signature)} ${hex(input)}`;
  return {
    async check(publicKey, input, signature) {
      let key = keys.get(publicKey);
      if (key === undefined) keys.set(publicKey, (key = importKey(publicKey)));
      const [known, raw] = [await key, rawSignature(signature)];
      if (known === undefined || raw === undefined) return;
      const isRight = await crypto.subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        known,
        raw as Uint8Array<ArrayBuffer>,
        input as Uint8Array<ArrayBuffer>,
      );
      if (isRight) right.add(nameOf(publicKey, input, signature));
    },
    verifySignature: (publicKey, input, signature) => right.has(nameOf(publicKey, input, signature)),
  };
}

/** Undefined for what is no public key of that curve. */
async function importKey(publicKey: string): Promise<CryptoKey | undefined> {
  try {
    const der = Uint8Array.from(atob(publicKey), (character) => character.charCodeAt(0));
    return await crypto.subtle.importKey("spki", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  } catch {
    return undefined;
  }
}

/** DER (`SEQUENCE { r INTEGER, s INTEGER }`) → the two numbers, 32 bytes each. Undefined for anything else. */
export function rawSignature(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1];
    if (der[at] !== 0x02 || length === undefined || length === 0) return undefined;
    const number = der.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    if (number.length !== length || ((number[0] ?? 0) & 0x80) !== 0) return undefined;
    // A leading zero keeps a large number positive, and stands nowhere else.
    const isPadded = number[0] === 0 && length > 1;
    if (isPadded && ((number[1] ?? 0) & 0x80) === 0) return undefined;
    const digits = isPadded ? number.subarray(1) : number;
    if (digits.length > 32) return undefined;
    raw.set(digits, end - digits.length);
  }
  return at === der.length ? raw : undefined;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
