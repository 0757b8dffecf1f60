import { X509Certificate } from "node:crypto";
import type { Signer } from "@steward/aws/signing";
import type { VersionedObjects } from "@steward/aws/versioned-objects";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import type { RingKey } from "@steward/contracts/key-ring";
import { resourceNames } from "@steward/contracts/names";
import { truststoreSchema } from "@steward/contracts/stage-parameters";
import { caCertificateOf, caName, certificatesOf, type ParameterStore } from "./ensure-ca-certificate.ts";

interface Deps {
  stage: string;
  parameters: ParameterStore;
  objects: VersionedObjects;
  truststoreBucket: string;
  signerOf: (kmsKeyId: string) => Signer;
}

const objectKey = "truststore.pem";

/**
 * The CA's certificates of exactly these keys: into the truststore of the nodes door first, then where they are issued
 * from. One that there is stays; a key without one signs its own. What others put into the truststore stays too.
 */
export async function publishCertificates(deps: Deps, keys: readonly RingKey[], nowMs: number): Promise<void> {
  const names = resourceNames(deps.stage);
  const parameter = names.parameter("ca-certificate");
  const issued = certificatesOf((await deps.parameters.get(parameter)) ?? "");
  const trusted = certificatesOf(await truststoreCertificates(deps));
  const wanted: X509Certificate[] = [];
  for (const key of keys) {
    const known = [...issued, ...trusted].find((one) => keyIdOf(one) === key.keyId);
    wanted.push(known ?? new X509Certificate(await anotherCa(deps, key, nowMs)));
  }
  const others = trusted.filter(({ subject }) => !subject.startsWith(`CN=${caName(deps.stage)}`));
  await writeTruststore(deps, pemOf([...wanted, ...others]));
  await deps.parameters.put(parameter, pemOf(wanted));
}

/** What the nodes door is told to load; empty where there is nothing yet. */
export async function truststoreCertificates(deps: Pick<Deps, "stage" | "parameters" | "objects">): Promise<string> {
  const text = await deps.parameters.get(resourceNames(deps.stage).parameter("truststore"));
  if (text === undefined) return "";
  const { uri, version } = truststoreSchema.parse(JSON.parse(text));
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return (await deps.objects.get(bucket, key, version))?.text ?? "";
}

async function writeTruststore({ stage, parameters, objects, truststoreBucket }: Deps, pem: string): Promise<void> {
  const newest = await objects.get(truststoreBucket, objectKey);
  const version =
    newest?.text === pem ? newest.version : await objects.put(truststoreBucket, objectKey, pem, newest?.etag);
  if (version === undefined) {
    throw new AppError("conflict", `somebody else writes the truststore of ${stage} at this moment`, {
      next: "Run this again.",
    });
  }
  const value = JSON.stringify({ uri: `s3://${truststoreBucket}/${objectKey}`, version });
  await parameters.put(resourceNames(stage).parameter("truststore"), value);
}

/** Under a name of its own: who reads a certificate's issuer sees which of the two it was. */
function anotherCa({ stage, signerOf }: Deps, { keyId, kmsKeyId }: RingKey, nowMs: number): Promise<string> {
  return caCertificateOf(`${caName(stage)} ${keyId.slice(0, 12)}`, signerOf(kmsKeyId), nowMs);
}

function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((one) => one.toString().trim()).join("\n");
}

function keyIdOf({ publicKey }: X509Certificate): string {
  return sha256Hex(publicKey.export({ format: "der", type: "spki" }));
}
