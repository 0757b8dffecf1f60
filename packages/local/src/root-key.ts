import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { canonical, sha256Hex } from "@steward/contracts/canonical";
import { type SignedDocument, signingInput } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";

export interface RootKey {
  /** base64 SubjectPublicKeyInfo: what nodes pin. */
  publicKey: string;
  sign(trust: TrustDocument): SignedDocument;
}

/**
 * The root that signs the trust document. In production it is kept offline; here it is a file (0600) that only the
 * supervisor reads, made at the first start.
 */
export function openRootKey(file: string): RootKey {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(`${file}.new`, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  const privateKey = createPrivateKey(readFileSync(file, "utf8"));
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const keyId = sha256Hex(spki);
  return {
    publicKey: spki.toString("base64"),
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
