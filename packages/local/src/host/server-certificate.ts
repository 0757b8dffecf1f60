import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

export interface ServerCertificate {
  /** PEM: what the listener shows. */
  certificate: string;
  /** PEM of its private key. */
  key: string;
  /** PEM of what nodes must trust to call here. */
  ca: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const validDays = 825;

/** Where nodes on this machine find what they must trust. */
export function serverCaFile(stateDir: string): string {
  return join(stateDir, "server-ca.pem");
}

/**
 * The certificate of the local `nodes.` door, made at the first start and kept (0600). It has an issuer of its own, whose
 * key is thrown away: nothing else on this machine can ever be signed by what nodes trust.
 */
export async function ensureServerCertificate(stateDir: string, nowMs: number): Promise<ServerCertificate> {
  const file = join(stateDir, "server-certificate.json");
  if (existsSync(file)) {
    const stored = JSON.parse(readFileSync(file, "utf8")) as ServerCertificate & { expiresAtMs: number };
    if (stored.expiresAtMs > nowMs + 86_400_000) {
      // A kill between the two writes below: nodes would trust nobody, or somebody who is gone.
      if (readIfThere(serverCaFile(stateDir)) !== stored.ca) writeWhole(serverCaFile(stateDir), stored.ca);
      return stored;
    }
  }
  const made = await makeServerCertificate(nowMs);
  writeWhole(file, JSON.stringify({ ...made, expiresAtMs: nowMs + validDays * 86_400_000 }));
  writeWhole(serverCaFile(stateDir), made.ca);
  return made;
}

async function makeServerCertificate(nowMs: number): Promise<ServerCertificate> {
  const validity = { notBefore: new Date(nowMs - 3_600_000), notAfter: new Date(nowMs + validDays * 86_400_000) };
  const issuerKeys = await newKeys();
  const issuer = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=Steward local server CA",
    ...validity,
    signingAlgorithm: algorithm,
    keys: issuerKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: "CN=Steward local nodes door",
    issuer: issuer.subject,
    ...validity,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: issuerKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], true),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join("\n")}\n-----END PRIVATE KEY-----\n`;
  return { certificate: certificate.toString("pem"), key, ca: issuer.toString("pem") };
}

async function newKeys() {
  return await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** 16 random bytes whose first is neither zero nor negative. */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function writeWhole(file: string, content: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
