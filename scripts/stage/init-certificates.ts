import { X509Certificate } from "node:crypto";
import type { Clients } from "@steward/aws/clients";
import { createParameter, getParameter, putParameter } from "@steward/aws/parameters";
import { createSigner } from "@steward/aws/kms-signer";
import { createVersionedObjects } from "@steward/aws/versioned-objects";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { ensureCaCertificate, type ParameterStore } from "@steward/control/ensure-ca-certificate";
import { type Done, ensureTruststore } from "@steward/control/ensure-truststore";

export interface InitializedCertificates {
  ca: { done: Done; fingerprint: string; notAfter: string };
  truststore: { done: Done; uri: string; version: string };
  parameter: { done: Done; name: string };
}

/**
 * What must be there before the nodes door is first opened: the CA's certificate, signed by the stage's issuing key, and
 * the truststore that holds it. What is there stays; what is missing is made; each step stands for itself.
 */
export async function initCertificates(options: {
  stage: string;
  account: string;
  clients: Pick<Clients, "kms" | "ssm" | "s3">;
  nowMs: () => number;
}): Promise<InitializedCertificates> {
  const { stage, account, clients } = options;
  const names = resourceNames(stage);
  const parameters: ParameterStore = {
    get: (name) => getParameter(clients.ssm, name),
    put: (name, value) => putParameter(clients.ssm, name, value),
    create: (name, value) => createParameter(clients.ssm, name, value),
  };
  const issuer = createSigner({ kms: clients.kms, keyAlias: names.keyAlias("issuer") });
  const ca = await ensureCaCertificate({ stage, issuer, parameters, nowMs: options.nowMs });
  const truststore = await ensureTruststore({
    stage,
    bucket: bucketNames(stage, account).truststore,
    caPem: ca.pem,
    objects: createVersionedObjects(clients.s3),
    parameters,
  });
  const certificate = new X509Certificate(ca.pem);
  return {
    ca: {
      done: ca.made ? "made" : "kept",
      fingerprint: certificate.fingerprint256,
      notAfter: certificate.validToDate.toISOString(),
    },
    truststore: { done: truststore.object, uri: truststore.uri, version: truststore.version },
    parameter: { done: truststore.parameter, name: names.parameter("truststore") },
  };
}
