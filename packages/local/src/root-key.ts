import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { canonical, sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type SignedDocument, signingInput } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";

/**
 * The root of a stage: it signs the trust document, and machines pin it. It is no key of AWS, and nothing that runs there
 * ever holds it: a file (0600) of whoever sets the stage up, to be kept offline afterwards.
 */
export interface RootKey {
  /** base64 SubjectPublicKeyInfo: what nodes pin. */
  publicKey: string;
  keyId: string;
  sign(trust: TrustDocument): SignedDocument;
  /** Whether it has signed that document. */
  signed(document: SignedDocument): boolean;
}

/**
 * The key of that file; undefined where there is none. Throws `invalid_request` where it cannot be read as one, with
 * `details: {asks: "passphrase"}` where that is what is missing.
 */
export function openRootKey(file: string, passphrase?: string): RootKey | undefined {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return rootKeyOf(parse(file, pem, passphrase));
}

/**
 * Makes the key, encrypted where there is a passphrase. Never replaces a file; whoever is killed meanwhile leaves either
 * the whole key there or none.
 */
export function createRootKey(file: string, passphrase?: string): RootKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({
    format: "pem",
    type: "pkcs8",
    ...(passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }),
  });
  const draft = `${file}.${randomUUID()}.new`;
  try {
    writeFileSync(draft, pem, { mode: 0o600, flag: "wx", flush: true });
    linkSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return rootKeyOf(privateKey);
}

function parse(file: string, pem: string, passphrase: string | undefined): KeyObject {
  const refuse = (why: string, next: string, cause?: unknown) =>
    new AppError("invalid_request", `the root key ${file} ${why}`, { next, cause });
  const isEncrypted = pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  if (isEncrypted && passphrase === undefined) {
    throw new AppError("invalid_request", `the root key ${file} is encrypted`, {
      next: "Give its passphrase when asked, or with --passphrase-file.",
      details: { asks: "passphrase" },
    });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    throw isEncrypted
      ? refuse("does not open with this passphrase", "Try again with the passphrase that it was made with.", cause)
      : refuse("is no private key", "Name the file that the first bootstrap of this stage made.", cause);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw refuse("is no ECDSA P-256 key", "Name the file that the first bootstrap of this stage made.");
  return key;
}

function rootKeyOf(privateKey: KeyObject): RootKey {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const keyId = sha256Hex(spki);
  const publicKey = createPublicKey(privateKey);
  return {
    signed: ({ type, keyId: by, payload, signature }) =>
      type === "steward-trust-v1" &&
      by === keyId &&
      verify(
        "sha256",
        signingInput(type, by, Buffer.from(payload, "base64")),
        publicKey,
        Buffer.from(signature, "base64"),
      ),
    publicKey: spki.toString("base64"),
    keyId,
    sign: (trust) => {
      const payload = Buffer.from(canonical(trustDocumentSchema.parse(trust)), "utf8");
      const input = signingInput("steward-trust-v1", keyId, payload);
      return {
        type: "steward-trust-v1",
        keyId,
        payload: payload.toString("base64"),
        signature: sign("sha256", input, privateKey).toString("base64"),
      };
    },
  };
}
