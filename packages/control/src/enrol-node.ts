import { getAlerting } from "@steward/aws/records/alerting";
import { createCertificate, getCertificate } from "@steward/aws/records/certificate";
import { getEnrolment, replaceEnrolment } from "@steward/aws/records/enrolment";
import { gateChanged } from "@steward/aws/records/gate-epoch";
import { createNode, getNode, replaceNode } from "@steward/aws/records/node";
import { createPresence } from "@steward/aws/records/presence";
import { getTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { Enrolment } from "@steward/contracts/node";
import { thresholdsInForce } from "@steward/core/alert/alerting-state";
import { judgeEnrolment } from "@steward/core/certificate/judge-enrolment";
import { mayAct } from "@steward/core/tenant/tenant-now";
import type { EnrolmentState } from "@steward/core/certificate/certificate-state";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Context, WithSigner } from "./context.ts";
import { issueNodeCertificate, readCertificateRequest, withIssuer } from "./issue-certificate.ts";
import { holdAppliance, releaseAppliance } from "./quotas.ts";
import { giveBackSsmRoom, takeSsmRoom, type WithSsmRoom } from "./ssm-room.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log" | "meter"> &
  WithSigner &
  WithSsmRoom & {
    caCertificate: () => Promise<string>;
    /** base64 SubjectPublicKeyInfo of the offline root. */
    rootPublicKey: () => Promise<string>;
    nodesUrl: string;
    /** Registers the machine for the doorbell `ssm`. */
    activate: (nodeId: string) => Promise<{ id: string; code: string }>;
  };

/**
 * Enrols a machine with its single-use token. The same token and key again get the same certificate (a lost reply
 * costs nothing); another key quarantines the node. Throws `unauthenticated` for an unknown or expired token and
 * `token_used` for another key.
 */
export async function enrolNode(
  deps: Deps,
  body: { token: string; csr: string; hostname: string; requestId?: string },
): Promise<Enrolment> {
  const tokenHash = sha256Hex(body.token.split(".")[0] ?? "");
  const { keyFingerprint } = await readCertificateRequest(body.csr);
  return retryOnConflict(async () => {
    const enrolment = await getEnrolment(deps.table, tokenHash, deps.nowMs());
    if (enrolment === undefined) throw unknownToken();
    return actFor(enrolment.tenantId, () => enrolWith(deps, enrolment, { ...body, keyFingerprint }));
  });
}

async function enrolWith(
  deps: Deps,
  enrolment: EnrolmentState,
  body: { csr: string; hostname: string; keyFingerprint: string; requestId?: string },
): Promise<Enrolment> {
  const { keyFingerprint } = body;
  const nowMs = deps.nowMs();
  const verdict = judgeEnrolment(enrolment, { keyFingerprint, nowMs });
  switch (verdict.kind) {
    case "expired":
      throw unknownToken();
    case "quarantine":
      await quarantine(deps, enrolment, keyFingerprint);
      throw new AppError(
        "token_used",
        "this token was used with another key; the machine is quarantined until a person looks",
        {
          next: "remove the machine and enrol it with a new token",
        },
      );
    case "again": {
      const stored =
        enrolment.certificate === undefined ? undefined : await getCertificate(deps.table, enrolment.certificate);
      const node = await getNode(deps.table, { tenantId: enrolment.tenantId, nodeId: enrolment.nodeId });
      const isGone = node === undefined || node.removedAtMs !== undefined || node.revokedAtMs !== undefined;
      if (isGone || stored === undefined || stored.revokedAtMs !== undefined) throw unknownToken();
      return answer(deps, enrolment, stored.pem);
    }
    case "issue":
      return counted(deps, enrolment, () => issue(deps, enrolment, body, nowMs));
    default:
      return verdict satisfies never;
  }
}

/** Counts an appliance before it exists: two at once cannot both be the last. A worker is the provider's own. */
async function counted<T>(deps: Deps, enrolment: EnrolmentState, store: () => Promise<T>): Promise<T> {
  if (enrolment.kind !== "appliance") return store();
  await holdAppliance(deps, enrolment);
  try {
    return await store();
  } catch (error) {
    if (!mayBeStored(error)) await releaseAppliance(deps, enrolment);
    throw error;
  }
}

/** Where nobody knows whether it was stored, it stays counted: a number that is too high is counted anew. */
function mayBeStored(error: unknown): boolean {
  return hasCode(error, "unavailable") || hasCode(error, "internal");
}

/** One that was made although its answer is lost lets nobody in: only the answer has the code. */
async function activated(deps: Deps, nodeId: string): Promise<{ id: string; code: string }> {
  await takeSsmRoom(deps);
  try {
    return await deps.activate(nodeId);
  } catch (error) {
    await giveBackSsmRoom(deps);
    throw error;
  }
}

async function issue(
  deps: Deps,
  enrolment: EnrolmentState,
  body: { csr: string; hostname: string; requestId?: string },
  nowMs: number,
): Promise<Enrolment> {
  const tenant = await getTenant(deps.table, enrolment.tenantId);
  if (tenant === undefined) throw unknownToken();
  if (!mayAct(tenant)) {
    throw new AppError("tenant_suspended", "this tenant takes no new machines now", {
      next: "The token stays good until it expires. Ask your provider.",
    });
  }
  const { nodeId, tenantId, kind, name, tags, doorbell } = enrolment;
  const alerting = await getAlerting(deps.table, tenantId);
  const certificate = await issueNodeCertificate(deps.signer, {
    nodeId,
    tenantId,
    csr: body.csr,
    caPem: await deps.caCertificate(),
    nowMs,
  });
  const activation = doorbell === "ssm" ? await activated(deps, nodeId) : undefined;
  const node: NodeState = {
    v: 1,
    version: 1,
    tenantId,
    nodeId,
    kind,
    name,
    hostname: body.hostname,
    tags,
    doorbell,
    health: "offline",
    healthSinceMs: nowMs,
    healthEpoch: 0,
    keyFingerprint: certificate.keyFingerprint,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const presence: PresenceState = {
    v: 1,
    nodeId,
    tenantId,
    kind,
    sequence: 0,
    lastSeenAtMs: 0,
    intervalSeconds: tenant.heartbeatIntervalSeconds,
    certificate: { current: certificate.fingerprint, revoked: false, expiresAtMs: certificate.notAfterMs },
    directive: {
      intervalSeconds: tenant.heartbeatIntervalSeconds,
      configRevision: 0,
      pendingRuns: [],
      ...(alerting === undefined ? {} : { thresholds: thresholdsInForce(alerting, node) }),
    },
    announced: { level: "offline", epoch: 0 },
  };
  const used: EnrolmentState = {
    ...enrolment,
    version: enrolment.version + 1,
    usedWith: certificate.keyFingerprint,
    usedAtMs: nowMs,
    // Kept for as long as the certificate: the same machine may ask again, and a thief is noticed even later.
    expiresAtMs: nowMs + defaults.certificateSeconds * 1000,
    certificate: certificate.fingerprint,
    ...(activation === undefined ? {} : { activation }),
  };
  try {
    await commit(deps.table, [
      replaceEnrolment(enrolment, used),
      createNode(node),
      createPresence(presence),
      createCertificate({
        v: 1,
        version: 1,
        certificateId: newId("certificate", nowMs),
        kind: "node",
        fingerprint: certificate.fingerprint,
        serial: certificate.serial,
        tenantId,
        holderId: nodeId,
        holderName: name,
        keyFingerprint: certificate.keyFingerprint,
        pem: certificate.pem,
        issuedAtMs: certificate.issuedAtMs,
        notAfterMs: certificate.notAfterMs,
      }),
      audited(nowMs, {
        tenantId,
        who: nodeId,
        what: "enrol-node",
        record: nodeId,
        after: node,
        requestId: body.requestId,
      }),
    ]);
  } catch (error) {
    if (activation !== undefined && !mayBeStored(error)) await giveBackSsmRoom(deps);
    throw error;
  }
  return answer(deps, used, certificate.pem);
}

async function answer(deps: Deps, enrolment: EnrolmentState, pem: string): Promise<Enrolment> {
  return {
    nodeId: enrolment.nodeId,
    tenantId: enrolment.tenantId,
    kind: enrolment.kind,
    name: enrolment.name,
    certificate: withIssuer(pem, await deps.caCertificate()),
    rootPublicKey: await deps.rootPublicKey(),
    nodesUrl: deps.nodesUrl,
    ...(enrolment.activation === undefined ? {} : { activation: enrolment.activation }),
  };
}

async function quarantine(deps: Deps, enrolment: EnrolmentState, keyFingerprint: string): Promise<void> {
  const node = await getNode(deps.table, { tenantId: enrolment.tenantId, nodeId: enrolment.nodeId });
  if (node === undefined || node.quarantinedAtMs !== undefined) return;
  const nowMs = deps.nowMs();
  const next: NodeState = { ...node, version: node.version + 1, quarantinedAtMs: nowMs, updatedAtMs: nowMs };
  deps.log("error", "enrolment_token_reused", { nodeId: node.nodeId, tenantId: node.tenantId, keyFingerprint });
  await commit(deps.table, [
    replaceNode(node, next),
    ...gateChanged(node.tenantId),
    audited(nowMs, {
      tenantId: node.tenantId,
      who: "steward:enrol",
      what: "quarantine-node",
      record: node.nodeId,
      before: node,
      after: next,
    }),
  ]);
  // After the change, and once for it: this is what wakes somebody up.
  deps.meter("NodesQuarantined", 1);
}

function unknownToken(): AppError {
  return new AppError("unauthenticated", "this enrolment token is unknown or has expired", {
    next: "get a new one with: steward appliances enroll <name>",
  });
}
