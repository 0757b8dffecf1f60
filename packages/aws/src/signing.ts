import { canonical } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type SignedDocument, type SignedType, signingInput } from "@steward/contracts/signed";

/** One ECDSA P-256 key that never leaves KMS (`kms-signer.ts`): whatever is done with it is done with this one. */
export interface SigningKey {
  /** sha256 (hex) of the public key's SubjectPublicKeyInfo DER. */
  keyId: string;
  /** SubjectPublicKeyInfo, DER. */
  publicKey: Uint8Array;
  /** ECDSA with SHA-256 over the bytes, of any length. The signature is DER. Throws `KeyRefused` where KMS has withdrawn it. */
  sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** What signs for one use. Keys are rotated: ask for the key once for each thing that is signed, and keep no key. */
export interface Signer {
  key(): Promise<SigningKey>;
}

/** KMS does not sign with the key that was remembered; the next `key()` looks where the alias points now. */
export class KeyRefused extends AppError {
  constructor(alias: string, cause: unknown) {
    super("unavailable", `KMS does not sign with the key of ${alias} any more`, { cause, retryAfterSeconds: 1 });
  }
}

/**
 * Does what needs a key, from the naming of the key to the signature, with one and the same; and once more from the
 * start, with the key of now, where that one was withdrawn in between.
 */
export async function withKey<T>(signer: Signer, work: (key: SigningKey) => Promise<T>): Promise<T> {
  try {
    return await work(await signer.key());
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    return work(await signer.key());
  }
}

/** The payload's canonical bytes with a signature over them, their type and the key's name. */
export async function signDocument(signer: Signer, type: SignedType, payload: object): Promise<SignedDocument> {
  const bytes = new TextEncoder().encode(canonical(payload));
  return withKey(signer, async ({ keyId, sign }) => {
    const signature = await sign(signingInput(type, keyId, bytes));
    return {
      type,
      keyId,
      payload: Buffer.from(bytes).toString("base64"),
      signature: Buffer.from(signature).toString("base64"),
    };
  });
}

/** Bytes of one of the two numbers of a P-256 signature. */
const width = 32;

/** An ECDSA P-256 signature as KMS and X.509 write it (DER) in the form that JWT and WebCrypto use (r and s, 64 bytes). */
export function derToRaw(der: Uint8Array): Uint8Array {
  const [r, afterR] = readInteger(der, sequenceStart(der));
  const [s, end] = readInteger(der, afterR);
  if (end !== der.length) throw notDer();
  const raw = new Uint8Array(2 * width);
  raw.set(r, width - r.length);
  raw.set(s, 2 * width - s.length);
  return raw;
}

/** The inverse of `derToRaw`. */
export function rawToDer(raw: Uint8Array): Uint8Array {
  if (raw.length !== 2 * width) throw new AppError("invalid_request", "a raw P-256 signature has 64 bytes");
  const body = [...integer(raw.subarray(0, width)), ...integer(raw.subarray(width))];
  return Uint8Array.from([0x30, body.length, ...body]);
}

function notDer(): AppError {
  return new AppError("invalid_request", "this is no DER signature of ECDSA P-256");
}

/** Lengths stay below 128 (two numbers of at most 33 bytes), so they are one byte each. */
function sequenceStart(der: Uint8Array): number {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) throw notDer();
  return 2;
}

function readInteger(der: Uint8Array, at: number): [value: Uint8Array, next: number] {
  const length = der[at + 1];
  const start = at + 2;
  if (der[at] !== 0x02 || length === undefined || length === 0 || start + length > der.length) throw notDer();
  let value = der.subarray(start, start + length);
  const [first = 0, second = 0] = value;
  // Negative, or with a needless zero in front: not the one way to write it.
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) throw notDer();
  if (first === 0) value = value.subarray(1);
  if (value.length > width) throw notDer();
  return [value, start + length];
}

function integer(bytes: Uint8Array): number[] {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = first === -1 ? [0] : [...bytes.subarray(first)];
  const positive = (value[0] ?? 0) >= 0x80 ? [0, ...value] : value;
  return [0x02, positive.length, ...positive];
}
