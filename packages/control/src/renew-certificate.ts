import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { createCertificate, getCertificate } from "@steward/aws/records/certificate";
import { getNode } from "@steward/aws/records/node";
import { getPresence, newestCertificate, setNextCertificate } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { renewalSkewMs, renewalStatement } from "@steward/contracts/certificate";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { judgeRenewal } from "@steward/core/certificate/judge-renewal";
import { audited } from "./audit.ts";
import { certificateChain, longestChain } from "./certificate-chain.ts";
import type { Context, NodeCaller, WithSigner } from "./context.ts";
import { issueNodeCertificate, readCertificateRequest, withIssuer } from "./issue-certificate.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "nowMs"> & WithSigner & { caCertificate: () => Promise<string> };

/**
 * A new certificate for a node that shows its old one. The request is signed by the new key; the connection and `proof` are
 * the old one's: the record says which key took whose place, also where a gateway ends the TLS. Both are accepted until
 * the new one has beaten once. The same new key again gets the same certificate: a lost reply costs nothing.
 */
export async function renewCertificate(
  deps: Deps,
  node: NodeCaller,
  body: { csr: string; proof: string },
): Promise<{ certificate: string }> {
  const presented = await getCertificate(deps.table, node.fingerprint);
  const statement = renewalStatement({ use: "renew", fingerprint: node.fingerprint, csr: body.csr });
  if (presented === undefined || !isSignedBy(presented.pem, statement, body.proof)) {
    throw new AppError("certificate_refused", "the proof is not signed by the key of the certificate in use", {
      fields: [{ path: "proof", message: "must be the old key's signature" }],
    });
  }
  return renew(deps, {
    nodeId: node.nodeId,
    tenantId: node.tenantId,
    presented: node.fingerprint,
    csr: body.csr,
    what: "renew-certificate",
    requestId: node.requestId,
  });
}

/**
 * The same for a node whose certificate has expired, at the door without certificates: an appliance that was off for two
 * months comes back without a person. What it shows is that it has the key of a certificate that its presence would still
 * accept, unrevoked, at most 90 days after its end.
 *
 * What somebody records on the way is worth nothing: the signature names the new key, so that a replay gets the
 * certificate that was issued for it, which is no secret; and it counts for five minutes.
 */
export async function renewExpired(
  deps: Deps,
  identity: { nodeId: string; tenantId: string; fingerprint: string },
  body: { certificate: string; csr: string; signedAtMs: number; proof: string },
  requestId: string,
): Promise<{ certificate: string }> {
  const nowMs = deps.nowMs();
  const { signedAtMs, csr } = body;
  const statement = renewalStatement({ use: "renew-expired", fingerprint: identity.fingerprint, csr, signedAtMs });
  // Before anything is read: who has no key costs us nothing.
  if (!isSignedBy(body.certificate, statement, body.proof)) throw refused();
  if (Math.abs(nowMs - signedAtMs) > renewalSkewMs) {
    throw new AppError("expired", "this was signed too long ago, or by a clock that is wrong", {
      next: "sign it again with the time in serverTimeMs",
      details: { serverTimeMs: nowMs },
    });
  }
  return actFor(identity.tenantId, () => renewLate(deps, identity, csr, requestId));
}

async function renewLate(
  deps: Deps,
  identity: { nodeId: string; tenantId: string; fingerprint: string },
  csr: string,
  requestId: string,
): Promise<{ certificate: string }> {
  const nowMs = deps.nowMs();
  const [presented, presence] = await Promise.all([
    getCertificate(deps.table, identity.fingerprint),
    getPresence(deps.table, identity.nodeId),
  ]);
  if (presented?.kind !== "node" || presented.holderId !== identity.nodeId || presence === undefined) throw refused();
  const { current, next, revoked } = presence.certificate;
  const accepted = !revoked && [current, next].includes(identity.fingerprint);
  if (!accepted || presented.revokedAtMs !== undefined || presence.tenantId !== identity.tenantId) throw refused();
  if (nowMs < presented.notAfterMs) {
    throw new AppError("unprocessable", "this certificate has not expired", {
      next: "renew it at the nodes door: POST /api/v1/renew",
      details: { serverTimeMs: nowMs },
    });
  }
  if (nowMs > presented.notAfterMs + defaults.lateRenewalSeconds * 1000) {
    throw new AppError("certificate_refused", "this certificate expired more than 90 days ago", {
      next: "remove the machine and enrol it with a new token",
    });
  }
  return renew(deps, {
    nodeId: identity.nodeId,
    tenantId: identity.tenantId,
    presented: identity.fingerprint,
    csr,
    what: "renew-expired-certificate",
    requestId,
  });
}

async function renew(
  deps: Deps,
  input: {
    nodeId: string;
    tenantId: string;
    presented: string;
    csr: string;
    what: string;
    requestId: string;
  },
): Promise<{ certificate: string }> {
  const { nodeId, tenantId, presented } = input;
  const { keyFingerprint } = await readCertificateRequest(input.csr);
  return retryOnConflict(async () => {
    const [node, presence] = await Promise.all([
      getNode(deps.table, { tenantId, nodeId }),
      getPresence(deps.table, nodeId),
    ]);
    const isOut =
      node === undefined ||
      node.removedAtMs !== undefined ||
      node.revokedAtMs !== undefined ||
      node.quarantinedAtMs !== undefined;
    if (isOut || presence === undefined || presence.certificate.revoked) throw refused();
    if (![presence.certificate.current, presence.certificate.next].includes(presented)) throw refused();
    const newest = newestCertificate(presence);
    const chain = await certificateChain(deps, newest, longestChain);
    const nowMs = deps.nowMs();
    const ca = await deps.caCertificate();
    const verdict = judgeRenewal(chain, { presented, newKeyFingerprint: keyFingerprint, nowMs });
    switch (verdict.kind) {
      case "again":
        return { certificate: withIssuer(verdict.certificate.pem, ca) };
      case "revoked":
        throw refused();
      case "same_key":
        throw new AppError("unprocessable", "a renewal needs a key that the machine had no certificate for", {
          fields: [{ path: "csr", message: "must be of a new key" }],
        });
      case "too_many":
        throw new AppError("too_many_requests", `this machine was renewed ${defaults.renewalsPerDay} times today`, {
          retryAfterSeconds: verdict.retryAfterSeconds,
        });
      case "issue":
        break;
      default:
        verdict satisfies never;
    }
    const issued = await issueNodeCertificate(deps.signer, { nodeId, tenantId, csr: input.csr, caPem: ca, nowMs });
    const { pem, ...facts } = issued;
    // In one transaction: a node that was revoked meanwhile gets nothing that is accepted, nor one that was renewed.
    await commit(deps.table, [
      setNextCertificate(nodeId, { newest, fingerprint: issued.fingerprint, expiresAtMs: issued.notAfterMs }),
      createCertificate({
        v: 1,
        version: 1,
        certificateId: newId("certificate", nowMs),
        kind: "node",
        tenantId,
        holderId: nodeId,
        holderName: node.name,
        renews: newest,
        provenBy: presented,
        pem,
        ...facts,
      }),
      audited(nowMs, {
        tenantId,
        who: nodeId,
        what: input.what,
        record: nodeId,
        before: { fingerprint: presented },
        after: facts,
        requestId: input.requestId,
      }),
    ]);
    return { certificate: withIssuer(pem, ca) };
  });
}

/** Fails closed: what cannot be read has not signed anything. */
function isSignedBy(certificatePem: string, statement: Uint8Array, proof: string): boolean {
  try {
    const spki = new X509Certificate(certificatePem).publicKey.export({ format: "der", type: "spki" });
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify("sha256", statement, key, Buffer.from(proof, "base64"));
  } catch {
    return false;
  }
}

/** One answer for everything that is not so: whoever asks learns nothing about the node. */
function refused(): AppError {
  return new AppError("certificate_refused", "this machine gets no new certificate", {
    next: "enrol the machine again, or ask your provider",
  });
}
