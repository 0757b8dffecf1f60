import "reflect-metadata";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";

/** A node's private key with its certificate chain, both PEM. */
export interface KeyPair {
  key: string;
  /** The node's certificate, then the issuer. */
  certificate: string;
}

export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A PKCS#10 request for the key, in PEM, signed by the key itself. Names mean nothing: the server decides them. */
export async function requestFor(privateKeyPem: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const privateKey = createPrivateKey(privateKeyPem);
  const keys = {
    privateKey: await webcrypto.subtle.importKey(
      "pkcs8",
      privateKey.export({ type: "pkcs8", format: "der" }),
      algorithm,
      false,
      ["sign"],
    ),
    publicKey: await webcrypto.subtle.importKey("spki", publicKeyDer(createPublicKey(privateKey)), algorithm, true, [
      "verify",
    ]),
  };
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=steward-node",
    keys,
    signingAlgorithm: algorithm,
  });
  return request.toString("pem");
}

/** The key's signature (ECDSA P-256, SHA-256, DER), in base64. */
export function signWith(privateKeyPem: string, bytes: Uint8Array): string {
  return sign("sha256", bytes, createPrivateKey(privateKeyPem)).toString("base64");
}

/** sha256 (hex) of a private key's SubjectPublicKeyInfo: what a person compares on two screens. */
export function keyFingerprint(privateKeyPem: string): string {
  return sha256Hex(publicKeyDer(createPublicKey(createPrivateKey(privateKeyPem))));
}

export interface CertificateLife {
  notBeforeMs: number;
  notAfterMs: number;
  /** sha256 (hex) of the DER. */
  fingerprint: string;
}

export function certificateLife(certificatePem: string): CertificateLife {
  const certificate = parseCertificate(certificatePem);
  return {
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    fingerprint: sha256Hex(new Uint8Array(certificate.raw)),
  };
}

/** Throws when the server sent a certificate that is not for this key. */
export function checkCertificateIsFor(privateKeyPem: string, certificatePem: string): void {
  if (!parseCertificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))) {
    throw new AppError("certificate_refused", "the server sent a certificate for another key", {
      next: "check that the address is your Steward's and enrol again with a new token",
    });
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new AppError("certificate_refused", "the server sent something that is not a certificate", { cause });
  }
}

function publicKeyDer(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}
