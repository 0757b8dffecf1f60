import type { HttpEvent } from "@steward/api/lambda-event";
import type { Item, Write } from "@steward/aws/table";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";

/** An appliance's presence as enrolment leaves it: it has not beaten yet. */
export function firstPresence(node: {
  nodeId: string;
  tenantId: string;
  fingerprint: string;
  intervalSeconds: number;
  nowMs: number;
}): PresenceState {
  const { nodeId, tenantId, fingerprint, intervalSeconds, nowMs } = node;
  return {
    v: 1,
    nodeId,
    tenantId,
    kind: "appliance",
    sequence: 0,
    lastSeenAtMs: 0,
    intervalSeconds,
    certificate: { current: fingerprint, revoked: false, expiresAtMs: nowMs + 30 * 86_400_000 },
    directive: { intervalSeconds, configRevision: 0, pendingRuns: [] },
    announced: { level: "healthy", epoch: 1 },
  };
}

/** An appliance as its confirmation leaves it. */
export function confirmedNode(node: {
  tenantId: string;
  nodeId: string;
  name: string;
  fingerprint: string;
  nowMs: number;
}): NodeState {
  const { tenantId, nodeId, name, fingerprint, nowMs } = node;
  return {
    v: 1,
    version: 1,
    tenantId,
    nodeId,
    kind: "appliance",
    name,
    hostname: name,
    tags: [],
    doorbell: "pull",
    health: "healthy",
    healthSinceMs: nowMs,
    healthEpoch: 1,
    keyFingerprint: fingerprint,
    confirmedAtMs: nowMs,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}

/** What a record's creation puts into the table. */
export function itemOf({ statement }: Pick<Write, "statement">): Item {
  if (statement.kind !== "put") throw new Error("a creation is a put");
  return statement.Item;
}

/** A heartbeat as API Gateway hands it to the function, from a connection with this certificate. */
export function heartbeatEvent(beat: {
  stage: string;
  domain: string;
  nodeId: string;
  certificatePem: string;
  body: string;
}): HttpEvent {
  const { body, certificatePem, domain, nodeId, stage } = beat;
  return {
    version: "2.0",
    routeKey: "POST /api/v1/heartbeat",
    rawPath: "/api/v1/heartbeat",
    rawQueryString: "",
    headers: { "content-type": "application/json" },
    requestContext: {
      accountId: "0",
      apiId: stage,
      domainName: domain,
      domainPrefix: "nodes",
      http: {
        method: "POST",
        path: "/api/v1/heartbeat",
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: stage,
      },
      requestId: stage,
      routeKey: "POST /api/v1/heartbeat",
      stage: "$default",
      time: "",
      timeEpoch: 0,
      authentication: {
        clientCert: {
          clientCertPem: certificatePem,
          subjectDN: `CN=${nodeId}`,
          issuerDN: `CN=${stage}`,
          serialNumber: "1",
          validity: { notBefore: "", notAfter: "" },
        },
      },
    },
    body,
    isBase64Encoded: false,
  };
}
