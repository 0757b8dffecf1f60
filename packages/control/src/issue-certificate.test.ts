import { createHash, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { Signer } from "@steward/aws/signing";
import { expect, test } from "vitest";
import { issueCaCertificate, issueNodeCertificate, readCertificateRequest } from "./issue-certificate.ts";

/** A signer as KMS is one: DER signatures, the private key out of reach of the caller. */
function localSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  const key = {
    keyId: createHash("sha256").update(spki).digest("hex"),
    publicKey: new Uint8Array(spki),
    sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
  };
  return { key: async () => key };
}

async function request(namedCurve = "P-256"): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve, hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=whatever the machine likes",
    keys,
    signingAlgorithm: algorithm,
  });
  return csr.toString("pem");
}

const nowMs = Date.parse("2026-11-21T00:00:00Z");

test("a node's certificate is signed by the issuing key, names the node, and is for clients only", async () => {
  const signer = localSigner();
  const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs, days: 3650 });
  const csr = await request();
  const issued = await issueNodeCertificate(signer, { nodeId: "apl_x", tenantId: "ten_y", csr, caPem, nowMs });

  const ca = new X509Certificate(caPem);
  const certificate = new X509Certificate(issued.pem);
  expect(ca.ca).toBe(true);
  expect(ca.verify(ca.publicKey)).toBe(true);
  expect(certificate.checkIssued(ca)).toBe(true);
  expect(certificate.verify(ca.publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toBe("CN=apl_x");
  expect(certificate.subjectAltName).toBe("URI:steward://ten_y/apl_x");
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(certificate.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(issued.fingerprint);
  expect(Date.parse(certificate.validTo)).toBe(issued.notAfterMs);
  const spki = certificate.publicKey.export({ format: "der", type: "spki" });
  expect(createHash("sha256").update(spki).digest("hex")).toBe(issued.keyFingerprint);
  expect((await readCertificateRequest(csr)).keyFingerprint).toBe(issued.keyFingerprint);
});

test("what is not a signed P-256 request is refused with the field's name", async () => {
  const good = await request();
  const lines = good.trim().split("\n");
  const body = Buffer.from(lines.slice(1, -1).join(""), "base64");
  body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
  const forged = [
    "-----BEGIN CERTIFICATE REQUEST-----",
    body.toString("base64"),
    "-----END CERTIFICATE REQUEST-----",
  ].join("\n");
  for (const csr of ["", "nonsense", await request("P-384"), forged]) {
    await expect(readCertificateRequest(csr)).rejects.toMatchObject({
      code: "invalid_request",
      fields: [{ path: "csr" }],
    });
  }
});
