import { createHash, generateKeyPairSync, sign, webcrypto } from "node:crypto";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { Signer } from "@steward/aws/signing";
import { issueCaCertificate, issueNodeCertificate } from "@steward/control/issue-certificate";

/** Makes certificates as the enrolment does, with a key of this process in the place of KMS. */
export async function localIssuer(): Promise<
  (nodeId: string, tenantId: string) => Promise<{ pem: string; fingerprint: string }>
> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  const key = {
    keyId: createHash("sha256").update(spki).digest("hex"),
    publicKey: spki,
    sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
  };
  const signer: Signer = { key: async () => key };
  const nowMs = Date.now();
  const caPem = await issueCaCertificate(signer, { name: "bench", nowMs, days: 1 });
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=bench",
    keys,
    signingAlgorithm: algorithm,
  });
  const csr = request.toString("pem");
  return (nodeId, tenantId) => issueNodeCertificate(signer, { nodeId, tenantId, csr, caPem, nowMs });
}
