import { webcrypto } from "node:crypto";

/*
 * A key and its certificate in one file, as browsers import it (PKCS#12, RFC 7292), and the request for it. Only
 * `cert issue` loads the library.
 */

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Of the key: what a guess of the passphrase costs. */
const iterations = 600_000;
/** Of the file's own checksum, whose derivation is older and much slower to make here than to guess elsewhere. */
const macIterations = 100_000;

/** The library's types are a browser's, where these are globals. */
async function library() {
  const [asn1js, pkijs] = await Promise.all([import("asn1js"), import("pkijs")]);
  const engine = new pkijs.CryptoEngine({ name: "node", crypto: webcrypto as never });
  pkijs.setEngine("node", engine);
  return { asn1js, pkijs };
}

/** A new key that nobody else has. */
export async function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

/** A PKCS#10 request, in PEM. Its name means nothing: the server decides. */
export async function requestFor(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const { asn1js, pkijs } = await library();
  const request = new pkijs.CertificationRequest();
  request.version = 0;
  request.subject.typesAndValues.push(
    new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value: new asn1js.Utf8String({ value: "steward-user" }) }),
  );
  await request.subjectPublicKeyInfo.importKey(keys.publicKey as never);
  await request.sign(keys.privateKey as never, "SHA-256");
  return pemOf("CERTIFICATE REQUEST", request.toSchema().toBER(false));
}

/**
 * Key and certificates behind a passphrase: AES-256 in CBC under PBKDF2 with HMAC-SHA-256 (PBES2), and a MAC with SHA-256.
 * No RC2, 3DES or SHA-1, which the format is known for.
 */
export async function pkcs12(input: {
  key: webcrypto.CryptoKey;
  /** PEM: the certificate, then its issuer. */
  chain: string;
  /** What the browser calls it. */
  name: string;
  passphrase: string;
}): Promise<Uint8Array> {
  const { asn1js, pkijs } = await library();
  const password = new TextEncoder().encode(input.passphrase).buffer as ArrayBuffer;
  const encryption = {
    password,
    contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
    hmacHashAlgorithm: "SHA-256",
    iterationCount: iterations,
  };
  const certificates = dersOf(input.chain).map((der) => pkijs.Certificate.fromBER(der));
  const [own] = certificates;
  if (own === undefined) throw new TypeError("there is no certificate");
  // The same id on both says that they belong together.
  const localKeyId = await webcrypto.subtle.digest("SHA-256", own.toSchema().toBER(false));
  const attributes = () => [
    new pkijs.Attribute({ type: "1.2.840.113549.1.9.20", values: [new asn1js.BmpString({ value: input.name })] }),
    new pkijs.Attribute({ type: "1.2.840.113549.1.9.21", values: [new asn1js.OctetString({ valueHex: localKeyId })] }),
  ];
  const keyBag = new pkijs.PKCS8ShroudedKeyBag({
    parsedValue: pkijs.PrivateKeyInfo.fromBER(await webcrypto.subtle.exportKey("pkcs8", input.key)),
  });
  await keyBag.makeInternalValues(encryption as unknown as Parameters<typeof keyBag.makeInternalValues>[0]);
  const authenticatedSafe = new pkijs.AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        {
          privacyMode: 0,
          value: new pkijs.SafeContents({
            safeBags: [
              new pkijs.SafeBag({
                bagId: "1.2.840.113549.1.12.10.1.2",
                bagValue: keyBag,
                bagAttributes: attributes(),
              }),
            ],
          }),
        },
        {
          privacyMode: 1,
          value: new pkijs.SafeContents({
            safeBags: certificates.map(
              (certificate) =>
                new pkijs.SafeBag({
                  bagId: "1.2.840.113549.1.12.10.1.3",
                  bagValue: new pkijs.CertBag({ parsedValue: certificate }),
                  ...(certificate === own ? { bagAttributes: attributes() } : {}),
                }),
            ),
          }),
        },
      ],
    },
  });
  await authenticatedSafe.makeInternalValues({ safeContents: [{}, encryption] });
  const file = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await file.makeInternalValues({
    password,
    iterations: macIterations,
    pbkdf2HashAlgorithm: { name: "SHA-256" },
    hmacHashAlgorithm: "SHA-256",
  });
  return new Uint8Array(file.toSchema().toBER(false));
}

function pemOf(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function dersOf(pem: string): ArrayBuffer[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(
    ([, body = ""]) => new Uint8Array(Buffer.from(body, "base64")).buffer,
  );
}
