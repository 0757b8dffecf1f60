import "reflect-metadata";
import { randomBytes, webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { derToRaw, type Signer, type SigningKey, withKey } from "@steward/aws/signing";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * A crypto provider whose `sign` is KMS: the library builds the certificate, the key never leaves its place. Everything
 * else is the platform's.
 */
function signingCrypto(key: SigningKey): typeof webcrypto {
  const { subtle } = webcrypto;
  const remote = new Proxy(subtle, {
    get(target, property) {
      if (property === "sign") {
        return async (_algorithm: unknown, _key: unknown, data: ArrayBuffer | Uint8Array) => {
          const der = await key.sign(new Uint8Array(data instanceof Uint8Array ? data : new Uint8Array(data)));
          return new Uint8Array(derToRaw(der)).buffer;
        };
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Proxy(webcrypto, {
    get(target, property) {
      if (property === "subtle") return remote;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function importPublic(spki: Uint8Array): Promise<webcrypto.CryptoKey> {
  return await webcrypto.subtle.importKey("spki", new Uint8Array(spki), algorithm, true, ["verify"]);
}

/** The issuer's own certificate: what the `nodes.` door trusts. Self-signed by the issuing key. */
export async function issueCaCertificate(
  signer: Signer,
  input: { name: string; nowMs: number; days: number },
): Promise<string> {
  return withKey(signer, (key) => selfSign(key, input));
}

async function selfSign(key: SigningKey, input: { name: string; nowMs: number; days: number }): Promise<string> {
  const publicKey = await importPublic(key.publicKey);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: randomBytes(16).toString("hex"),
      subject: `CN=${input.name}`,
      issuer: `CN=${input.name}`,
      notBefore: new Date(input.nowMs - 3600_000),
      notAfter: new Date(input.nowMs + input.days * 86_400_000),
      signingAlgorithm: algorithm,
      publicKey,
      // The provider above signs; the library only wants to see a key.
      signingKey: publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    },
    signingCrypto(key),
  );
  return certificate.toString("pem");
}

export interface IssuedCertificate {
  /** PEM of the certificate alone. */
  pem: string;
  fingerprint: string;
  serial: string;
  keyFingerprint: string;
  issuedAtMs: number;
  notAfterMs: number;
}

/** Reads a PKCS#10 request: an ECDSA P-256 key that signed it. Throws `invalid_request` for anything else. */
export async function readCertificateRequest(
  csr: string,
): Promise<{ publicKey: webcrypto.CryptoKey; keyFingerprint: string }> {
  try {
    const request = new x509.Pkcs10CertificateRequest(csr);
    const publicKey = await request.publicKey.export(algorithm, ["verify"]);
    if (!(await request.verify())) throw new Error("its signature does not hold");
    return { publicKey, keyFingerprint: sha256Hex(new Uint8Array(request.publicKey.rawData)) };
  } catch (error) {
    throw new AppError("invalid_request", "the certificate request is not readable", {
      fields: [{ path: "csr", message: "must be a PKCS#10 request with an ECDSA P-256 key, as PEM" }],
      cause: error,
    });
  }
}

/**
 * The CA's certificate of the key that signs. While the CA is rotated there are two, and which key signs changes under
 * whoever read them: a certificate that named the other would be let in by no door.
 */
function certificateOf(key: SigningKey, caPem: string): x509.X509Certificate {
  const found = x509.PemConverter.decode(caPem)
    .map((der) => new x509.X509Certificate(der))
    .find(({ publicKey }) => Buffer.from(publicKey.rawData).equals(key.publicKey));
  if (found !== undefined) return found;
  throw new AppError("unavailable", "the key that issues certificates has no CA certificate here yet", {
    next: "Try again in a minute. Where it stays so: steward keys ls.",
    retryAfterSeconds: 30,
  });
}

interface Issue {
  csr: string;
  /** Every CA in force. */
  caPem: string;
  nowMs: number;
}

/** A node's client certificate. The subject is the node's id; nothing else of the request is taken over but its key. */
export async function issueNodeCertificate(
  signer: Signer,
  input: Issue & { nodeId: string; tenantId: string },
): Promise<IssuedCertificate> {
  return issue(signer, input, {
    name: input.nodeId,
    uri: `steward://${input.tenantId}/${input.nodeId}`,
    seconds: defaults.certificateSeconds,
  });
}

/** A certificate for a person's browser: good for nothing but `POST /certificate-session`. */
export async function issueUserCertificate(
  signer: Signer,
  input: Issue & { personId: string },
): Promise<IssuedCertificate> {
  return issue(signer, input, {
    name: input.personId,
    uri: `steward://person/${input.personId}`,
    seconds: defaults.userCertificateSeconds,
  });
}

interface Subject {
  name: string;
  uri: string;
  seconds: number;
}

async function issue(signer: Signer, input: Issue, subject: Subject): Promise<IssuedCertificate> {
  const request = await readCertificateRequest(input.csr);
  return withKey(signer, (key) => signLeaf(key, input, subject, request));
}

/** What `certificateIdentity` (api) accepts at the nodes door, and no more. */
async function signLeaf(
  key: SigningKey,
  input: Issue,
  subject: Subject,
  { publicKey, keyFingerprint }: Awaited<ReturnType<typeof readCertificateRequest>>,
): Promise<IssuedCertificate> {
  const ca = certificateOf(key, input.caPem);
  const serial = `00${randomBytes(15).toString("hex")}`;
  const notAfterMs = Math.min(input.nowMs + subject.seconds * 1000, ca.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial,
      subject: `CN=${subject.name}`,
      issuer: ca.subject,
      notBefore: new Date(input.nowMs - 3600_000),
      notAfter: new Date(notAfterMs),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey: publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth], true),
        new x509.SubjectAlternativeNameExtension([{ type: "url", value: subject.uri }]),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
      ],
    },
    signingCrypto(key),
  );
  return {
    pem: certificate.toString("pem"),
    fingerprint: sha256Hex(new Uint8Array(certificate.rawData)),
    serial,
    keyFingerprint,
    issuedAtMs: input.nowMs,
    // The certificate has whole seconds.
    notAfterMs: certificate.notAfter.getTime(),
  };
}

/** A certificate with the one that issued it, both PEM: what its holder shows. While the CA is rotated there are two. */
export function withIssuer(pem: string, caPem: string): string {
  const certificate = new X509Certificate(pem);
  const issuers = x509.PemConverter.decode(caPem).map((der) => new X509Certificate(Buffer.from(der)));
  const issuer = issuers.find((one) => certificate.verify(one.publicKey));
  return `${[pem, ...(issuer === undefined ? [] : [issuer.toString()])].map((one) => one.trim()).join("\n")}\n`;
}
