import { X509Certificate } from "node:crypto";
import type { Signer } from "@steward/aws/signing";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";

/** Parameters by name. */
export interface ParameterStore {
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
  /** Only where there is none; false where there is. */
  create(name: string, value: string): Promise<boolean>;
}

const caDays = 3650;

/**
 * The certificate of the stage's CA: the one that is there, or a new one, signed by the issuing key itself. It is made
 * once: every machine's certificate hangs on it. A rotation (`rotate-keys.ts`) puts another beside it, for a while.
 *
 *     A: get → none                    create → true
 *     B: get → none      create → false            get → A's
 *
 * Throws `conflict` when what is there certifies another key than the one that signs now: no door would let in whom it
 * signs for.
 */
export async function ensureCaCertificate(deps: {
  stage: string;
  issuer: Signer;
  parameters: Pick<ParameterStore, "get" | "create">;
  nowMs: () => number;
}): Promise<{ pem: string; made: boolean }> {
  const name = resourceNames(deps.stage).parameter("ca-certificate");
  let pem = await deps.parameters.get(name);
  let made = false;
  if (pem === undefined) {
    const fresh = await caCertificateOf(caName(deps.stage), deps.issuer, deps.nowMs());
    made = await deps.parameters.create(name, fresh);
    pem = made ? fresh : await deps.parameters.get(name);
  }
  if (pem === undefined) throw new AppError("conflict", `${name} was there, and is gone again`, { retryable: true });
  if (!made) await checkKey(name, pem, deps.issuer);
  return { pem, made };
}

/** What every name of a stage's CA begins with. */
export function caName(stage: string): string {
  return `Steward ${stage} nodes`;
}

/** The CA's certificate of a key, signed by itself. */
export async function caCertificateOf(name: string, issuer: Signer, nowMs: number): Promise<string> {
  // Once in the life of a key: what makes certificates loads only then.
  const { issueCaCertificate } = await import("./issue-certificate.ts");
  return issueCaCertificate(issuer, { name, nowMs, days: caDays });
}

/** While the CA is rotated there are two. */
export function certificatesOf(pem: string): X509Certificate[] {
  return pem
    .split(/(?<=-----END CERTIFICATE-----)/)
    .filter((one) => one.includes("-----BEGIN CERTIFICATE-----"))
    .map((one) => new X509Certificate(one));
}

async function checkKey(name: string, pem: string, issuer: Signer): Promise<void> {
  const { publicKey } = await issuer.key();
  if (certificatesOf(pem).some((one) => one.publicKey.export({ format: "der", type: "spki" }).equals(publicKey)))
    return;
  throw new AppError("conflict", `the CA's certificate in ${name} is of another key than the one that issues now`, {
    next: "Point the issuer's key alias back at the key that the certificate was made for. Machines trust no other.",
    retryable: false,
  });
}
