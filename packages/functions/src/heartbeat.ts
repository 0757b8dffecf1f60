import { bodyOf, clientCertificateOf, type HttpEvent, type HttpResult } from "@steward/api/lambda-event";
import { type KnownCertificates, nodeIdentity } from "@steward/api/callers";
import { problemOf } from "@steward/api/problems";
import { parseJsonBody } from "@steward/api/request-body";
import { validateBody } from "@steward/api/validate";
import { createDynamo, createWire } from "@steward/aws/clients/dynamo";
import { AppError } from "@steward/contracts/errors";
import { heartbeatSchema } from "@steward/contracts/heartbeat";
import { resourceNames } from "@steward/contracts/names";
import { acceptHeartbeat, type NodeEvent } from "@steward/control/accept-heartbeat";
import { env } from "./env.ts";
import { createLog } from "./log.ts";
import { createServices } from "./services.ts";

const { STEWARD_STAGE: stage, STEWARD_ACCOUNT: account, STEWARD_NODES_DOMAINS: domains } = env();
const { queues } = createServices({ stage, account });
const sendNodeEvent = (event: NodeEvent) => queues.send("node-events", event, { groupId: event.tenantId });
const log = createLog("heartbeat", stage);
// A scope of its own for every call would cost as much as the rest of it: this function reaches one family, whoever calls.
const client = createDynamo({ fence: { log, only: ["presence"] } });
const table = { client, wire: createWire(client, { log, only: ["presence"] }), name: resourceNames(stage).table };
/** To read a certificate costs more than all else that is not the SDK's, and the same ones come each minute. */
const known: KnownCertificates = new Map();
const deps = { table, nowMs: () => Date.now(), log, sendNodeEvent };

/** The hottest path, and so the shortest: size, certificate, schema, one write. */
export async function handler(event: HttpEvent): Promise<HttpResult> {
  try {
    if (!domains.includes(event.requestContext.domainName)) throw new AppError("wrong_door", "heartbeats go to nodes.");
    const value = parseJsonBody(bodyOf(event), event.headers["content-type"]);
    const { nodeId, fingerprint } = nodeIdentity(clientCertificateOf(event), { validAtMs: deps.nowMs(), known });
    const heartbeat = validateBody(heartbeatSchema, value);
    const answer = await acceptHeartbeat(deps, { nodeId, fingerprint, heartbeat });
    return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
  } catch (error) {
    const problem = problemOf(error, event.requestContext.requestId);
    if (problem.status >= 500) deps.log("error", "request_failed", { error: String(error) });
    return { statusCode: problem.status, headers: problem.headers, body: JSON.stringify(problem.body) };
  }
}
