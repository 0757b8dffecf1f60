import { createCertificate } from "@steward/aws/records/certificate";
import { getNode } from "@steward/aws/records/node";
import { setNextCertificate } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { audited } from "./audit.ts";
import type { Context, NodeCaller, WithSigner } from "./context.ts";
import { issueNodeCertificate } from "./issue-certificate.ts";

/**
 * A new certificate for a node that shows its old one: the request is signed by the new key, the connection made with
 * the old. Both are accepted until the new one has beaten once.
 */
export async function renewCertificate(
  deps: Pick<Context, "table" | "nowMs"> & WithSigner & { caCertificate: () => Promise<string> },
  node: NodeCaller,
  body: { csr: string },
): Promise<{ certificate: string }> {
  const stored = await getNode(deps.table, { tenantId: node.tenantId, nodeId: node.nodeId });
  if (stored === undefined || stored.removedAtMs !== undefined || stored.quarantinedAtMs !== undefined) {
    throw new AppError("certificate_refused", "this node gets no new certificate; ask your provider");
  }
  const nowMs = deps.nowMs();
  const ca = await deps.caCertificate();
  const issued = await issueNodeCertificate(deps.signer, {
    nodeId: node.nodeId,
    tenantId: node.tenantId,
    csr: body.csr,
    caPem: ca,
    nowMs,
  });
  const { pem, ...facts } = issued;
  // In one transaction: a node that was revoked meanwhile gets nothing that is accepted.
  await commit(deps.table, [
    setNextCertificate(node.nodeId, issued.fingerprint),
    createCertificate({
      v: 1,
      version: 1,
      certificateId: newId("certificate", nowMs),
      tenantId: node.tenantId,
      nodeId: node.nodeId,
      pem,
      ...facts,
    }),
    audited(nowMs, {
      tenantId: node.tenantId,
      who: node.nodeId,
      what: "renew-certificate",
      record: node.nodeId,
      after: facts,
      requestId: node.requestId,
    }),
  ]);
  return { certificate: `${pem.trim()}\n${ca.trim()}\n` };
}
