import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A small CA for tests: issues the door's own certificate and those of nodes from their requests. */
export async function createTestCa(name = "CN=Test CA") {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000 * 365),
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  const issue = async (
    subject: string,
    publicKey: x509.PublicKeyType,
    lifeMs: { from: number; to: number },
    extensions: x509.Extension[] = [],
  ) =>
    x509.X509CertificateGenerator.create({
      subject,
      issuer: root.subject,
      notBefore: new Date(Date.now() + lifeMs.from),
      notAfter: new Date(Date.now() + lifeMs.to),
      signingKey: keys.privateKey,
      publicKey,
      signingAlgorithm: algorithm,
      extensions,
    });
  return {
    pem: root.toString("pem"),
    async serverPair() {
      const serverKeys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const certificate = await issue("CN=localhost", serverKeys.publicKey, { from: -86_400_000, to: 86_400_000 }, [
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ]);
      const der = await webcrypto.subtle.exportKey("pkcs8", serverKeys.privateKey);
      return { key: x509.PemConverter.encode(der, "PRIVATE KEY"), cert: certificate.toString("pem") };
    },
    /** Certificate chain for a request, as `POST /enrol` answers it. */
    async certify(csr: string, life = { from: -60_000, to: 86_400_000 }) {
      const request = new x509.Pkcs10CertificateRequest(csr);
      if (!(await request.verify())) throw new Error("the request is not signed by its key");
      const certificate = await issue("CN=node", request.publicKey, life);
      return `${certificate.toString("pem")}\n${root.toString("pem")}\n`;
    },
  };
}
export type TestCa = Awaited<ReturnType<typeof createTestCa>>;
