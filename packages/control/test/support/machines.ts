import "reflect-metadata";
import { createHash, generateKeyPairSync, type KeyObject, sign, webcrypto, X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { renewalStatement } from "@steward/contracts/certificate";
import type { Caller, NodeCaller } from "@steward/control/context";
import { enrolNode } from "@steward/control/enrol-node";
import { inviteNode } from "@steward/control/invite-node";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import type { House } from "./house.ts";

/** A signer as KMS is one: DER signatures, the private key out of reach of the caller. */
export function testSigner() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  const key = {
    keyId: createHash("sha256").update(spki).digest("hex"),
    publicKey: spki,
    sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
  };
  return { key: async () => key };
}

/** A key of a machine or a browser, with its request. */
export async function newKey(): Promise<{ privateKey: KeyObject; csr: string }> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = {
    privateKey: await webcrypto.subtle.importKey(
      "pkcs8",
      privateKey.export({ type: "pkcs8", format: "der" }),
      algorithm,
      false,
      ["sign"],
    ),
    publicKey: await webcrypto.subtle.importKey(
      "spki",
      publicKey.export({ type: "spki", format: "der" }),
      algorithm,
      true,
      ["verify"],
    ),
  };
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: algorithm });
  return { privateKey, csr: csr.toString("pem") };
}

/** What a machine holds: its key, and the certificate for it. */
export interface Pair {
  privateKey: KeyObject;
  /** PEM of the certificate alone. */
  pem: string;
  fingerprint: string;
}

export function pairOf(privateKey: KeyObject, chain: string): Pair {
  const certificate = new X509Certificate(chain);
  return {
    privateKey,
    pem: certificate.toString(),
    fingerprint: createHash("sha256").update(certificate.raw).digest("hex"),
  };
}

/** Everything that enrolling and renewing wants, with an issuer of its own. */
export async function openIssuer(house: House) {
  const signer = testSigner();
  const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs: house.nowMs(), days: 3650 });
  return {
    ...house,
    signer,
    caCertificate: async () => caPem,
    rootPublicKey: async () => "AAAA",
    nodesUrl: "https://nodes.example",
    activate: async () => ({ id: "activation", code: "code" }),
  };
}

/** Invites and enrols one. */
export async function enrolMachine(
  house: House,
  deps: Awaited<ReturnType<typeof openIssuer>>,
  admin: Caller,
  options: { name?: string; kind?: "appliance" | "worker"; doorbell?: "pull" | "ssm" } = {},
): Promise<{ node: NodeCaller; pair: Pair }> {
  const { name = "attic", kind = "appliance", doorbell = "pull" } = options;
  const invited = await inviteNode({ ...house, rootFingerprint: async () => "f" }, admin, {
    kind,
    name,
    tags: [],
    doorbell,
  });
  const { privateKey, csr } = await newKey();
  const { certificate } = await enrolNode(deps, { token: invited.token, csr, hostname: name });
  const pair = pairOf(privateKey, certificate);
  const { tenantId } = admin;
  return {
    node: { nodeId: invited.nodeId, tenantId, kind, fingerprint: pair.fingerprint, requestId: "request" },
    pair,
  };
}

/** The body of `POST /renew`. */
export function renewal(pair: Pair, csr: string): { csr: string; proof: string } {
  const statement = renewalStatement({ use: "renew", fingerprint: pair.fingerprint, csr });
  return { csr, proof: sign("sha256", statement, pair.privateKey).toString("base64") };
}

/** The body of `POST /renew-expired`. */
export function lateRenewal(pair: Pair, csr: string, signedAtMs: number) {
  const statement = renewalStatement({ use: "renew-expired", fingerprint: pair.fingerprint, csr, signedAtMs });
  const proof = sign("sha256", statement, pair.privateKey).toString("base64");
  return { certificate: pair.pem, csr, signedAtMs, proof };
}
