import "reflect-metadata";
import { createHash, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { Signer } from "@steward/aws/signing";
import { newPrivateKey } from "@steward/node-client/key-pair";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

export interface Minted {
  key: string;
  /** PEM: the certificate alone. */
  certificate: string;
  fingerprint: string;
}

/** What a certificate says; by default what ours say. */
export interface Profile {
  subject: string;
  uris: string[];
  usages?: string[];
  ca?: boolean;
  fromMs?: number;
  toMs?: number;
}

/** Who signs: a name and a key. `undefined` signs with the certificate's own key. */
export type Issuer = { name: string; sign: (tbs: Uint8Array) => Promise<Uint8Array> } | undefined;

/** The stage's own CA, through its issuing key: what somebody with that key could do. */
export function stageIssuer(signer: Signer, caPem: string): Issuer {
  const name = new x509.X509Certificate(caPem).subject;
  return { name, sign: async (tbs) => (await signer.key()).sign(tbs) };
}

/** A CA of somebody else's, that calls itself what it likes. */
export function strangeIssuer(name: string): Issuer {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    name,
    sign: async (tbs) => {
      const { sign } = await import("node:crypto");
      return new Uint8Array(sign("sha256", tbs, privateKey));
    },
  };
}

/** A certificate with any profile. It is made with a key of this process, and then signed by the issuer in its place. */
export async function mint(issuer: Issuer, profile: Profile): Promise<Minted> {
  const key = newPrivateKey();
  const { createPrivateKey, createPublicKey } = await import("node:crypto");
  const own = createPrivateKey(key);
  const publicKey = await webcrypto.subtle.importKey(
    "spki",
    createPublicKey(own).export({ type: "spki", format: "der" }),
    algorithm,
    true,
    ["verify"],
  );
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    own.export({ type: "pkcs8", format: "der" }),
    algorithm,
    false,
    ["sign"],
  );
  const { usages = [x509.ExtendedKeyUsage.clientAuth], uris } = profile;
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(15).toString("hex"),
    subject: profile.subject,
    issuer: issuer?.name ?? profile.subject,
    notBefore: new Date(Date.now() + (profile.fromMs ?? -3_600_000)),
    notAfter: new Date(Date.now() + (profile.toMs ?? 30 * dayMs)),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(profile.ca ?? false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | (profile.ca === true ? x509.KeyUsageFlags.keyCertSign : 0),
        true,
      ),
      ...(usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(usages, true)]),
      ...(uris.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(uris.map((value) => ({ type: "url" as const, value })))]),
    ],
  });
  const der = issuer === undefined ? Buffer.from(made.rawData) : await signAgain(Buffer.from(made.rawData), issuer);
  return {
    key,
    certificate: new X509Certificate(der).toString(),
    fingerprint: createHash("sha256").update(der).digest("hex"),
  };
}

/** Certificate ::= SEQUENCE { tbs, algorithm, signature }: the first two stay. */
async function signAgain(der: Buffer, issuer: NonNullable<Issuer>): Promise<Buffer> {
  const outer = headerOf(der, 0);
  const tbs = headerOf(der, outer.start);
  const signedWith = headerOf(der, tbs.end);
  const body = der.subarray(outer.start, tbs.end);
  const signature = Buffer.from(await issuer.sign(new Uint8Array(body)));
  const bits = Buffer.concat([Buffer.from([0x03, signature.length + 1, 0]), signature]);
  const content = Buffer.concat([der.subarray(outer.start, signedWith.end), bits]);
  return Buffer.concat([Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

function headerOf(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const bytes = first & 0x7f;
  const start = at + 2 + bytes;
  return { start, end: start + der.readUIntBE(at + 2, bytes) };
}
