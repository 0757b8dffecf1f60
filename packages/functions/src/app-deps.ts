import { setTimeout as pause } from "node:timers/promises";
import type { AppDeps } from "@steward/api/app-deps";
import { checkTable } from "@steward/aws/records/health";
import { abandonIdempotent, beginIdempotent, finishIdempotent } from "@steward/aws/records/idempotency";
import type { Signer } from "@steward/aws/signing";
import type { Action } from "@steward/contracts/actions";
import { AppError } from "@steward/contracts/errors";
import { acceptedKeys } from "@steward/contracts/key-ring";
import type { TokenKeys } from "@steward/control/access-token";
import { createAuthenticator } from "@steward/control/authenticate";
import { authenticateNode } from "@steward/control/authenticate-node";
import { requireLastingTrust } from "@steward/control/measure-trust";
import { noteDenial } from "@steward/control/note-denial";
import { createRateLimiter } from "@steward/control/rate-limits";
import { createTenantReader } from "@steward/control/tenant-now";
import { createContext, type FunctionContext, keyFromSecret } from "./context.ts";
import { env } from "./env.ts";
import { version } from "./version.ts";

/** All that the API's routes need; a function uses the parts that its role covers. `actions` are for those that plan. */
export async function createAppDeps(functionName: string, actions: readonly Action[] = []): Promise<AppDeps> {
  const environment = env();
  const context = createContext(functionName);
  const { names, parameter, services, table } = context;
  const { signer } = services;
  const signers = { token: signer("token"), approval: signer("approval"), issuer: signer("issuer") };
  const tokenKeys = createPublishedKeys("token", { ring: context.keyRing, signer: signers.token });
  const notificationKeys = createPublishedKeys("notify", { ring: context.keyRing, signer: signer("notify") });
  return {
    ...context,
    actions,
    loadActions: async () => actions,
    signers,
    seals: services.seals,
    tokenKeys,
    notificationKeys,
    authenticate: createAuthenticator({ ...context, tokenKeys }),
    authenticateToken: async (token) => {
      const known = await import("@steward/control/authenticate-token");
      return known.authenticateToken(context, token);
    },
    tenantStatus: createTenantReader(context),
    authenticateNode: (identity) => authenticateNode(context, identity),
    // Only the function that opens sessions by certificates gets as far.
    authenticateUser: async (identity) => {
      const { authenticateUser } = await import("@steward/control/authenticate-user");
      return authenticateUser(context, identity);
    },
    apiUrl: environment.STEWARD_API_URL,
    dashboardUrl: environment.STEWARD_DASHBOARD_URL ?? environment.STEWARD_API_URL,
    cursorKeys: async ({ fresh = false } = {}) => {
      const read = (previous: boolean) => services.secrets.get(names.tokenSecret, { previous, fresh });
      const [current, before] = await Promise.all([read(false), read(true)]);
      if (current === undefined) throw new AppError("unavailable", `the secret ${names.tokenSecret} is not set`);
      return { current: keyFromSecret(current), ...(before === undefined ? {} : { previous: keyFromSecret(before) }) };
    },
    workerQueues: services.workerQueues,
    lendQueues: async (workerId) => services.queueLender.lend({ workerId, roleArn: await parameter("queue-role-arn") }),
    versions: services.secretVersions,
    runSecrets: services.runSecrets,
    deadLetters: services.deadLetters,
    idempotency: {
      begin: (input) => beginIdempotent(table, input),
      finish: (input) => finishIdempotent(table, input),
      abandon: (input) => abandonIdempotent(table, input),
    },
    denied: (denied) => noteDenial(context, denied),
    limiter: createRateLimiter(context, environment.STEWARD_RATE_LIMITS),
    pause: async (ms) => {
      await pause(ms);
    },
    sendNodeEvent: async (event) => context.queues.send("node-events", event, { groupId: event.tenantId }),
    installation: {
      nodesUrl: environment.STEWARD_NODES_URL,
      caCertificate: () => parameter("ca-certificate"),
      rootPublicKey: () => parameter("root-public-key"),
      rootFingerprint: context.rootFingerprint,
      ssmNodes: environment.STEWARD_SSM_NODES,
      countManaged: () => services.countManaged(environment.STEWARD_SSM_NODES),
      activate: async (nodeId) => services.activate(nodeId, await parameter("hybrid-role")),
    },
    domains: { api: environment.STEWARD_API_DOMAINS, nodes: environment.STEWARD_NODES_DOMAINS },
    checks: {
      table: () => checkTable(table),
      queues: () => context.queues.counts("rollouts"),
      release: () => context.release(),
      trust: () => requireLastingTrust(context),
    },
    version,
    checkAnswers: environment.STEWARD_CHECK_ANSWERS,
  };
}

/** Those of the ring; before the first rotation the one that signs. */
function createPublishedKeys(
  use: "token" | "notify",
  { ring, signer }: { ring: FunctionContext["keyRing"]; signer: Signer },
): TokenKeys {
  return async () => {
    const known = await ring(use);
    if (known === undefined) return [await signer.key()];
    return acceptedKeys(known).map(({ keyId, publicKey }) => ({ keyId, publicKey: Buffer.from(publicKey, "base64") }));
  };
}
