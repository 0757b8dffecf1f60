import type { DeadLetterQueues } from "@steward/aws/dead-letters";
import type { FetchOutside } from "@steward/aws/outside/fetch-outside";
import type { Seals } from "@steward/aws/seals";
import type { SecretVersions } from "@steward/aws/secret-versions";
import type { TenantStatus } from "@steward/contracts/tenant";
import type { NodeEvent } from "@steward/control/accept-heartbeat";
import type { TokenKeys } from "@steward/control/access-token";
import type { Authenticated } from "@steward/control/authenticate";
import type { Context, NodeCaller, UserCertificate, WithObjects, WithSigner } from "@steward/control/context";
import type { Denied } from "@steward/control/note-denial";
import type { RateLimiter } from "@steward/control/rate-limits";
import type { SearchPassages } from "@steward/core/support/search-passages";
import type { LentKeys } from "@steward/aws/queue-lender";
import type { RunSecrets } from "@steward/aws/run-secrets";
import type { WorkerQueues } from "@steward/aws/worker-queues";
import type { CursorKeys } from "./cursor.ts";
import type { IdempotencyStore } from "./idempotency.ts";

/**
 * What the API is given. A function holds every part, but its role covers only some of them: a part that a function
 * may not use fails at its first call, and none of the routes that it serves makes one.
 */
export interface AppDeps extends Context, WithObjects {
  /** The catalogue, for a function that seldom needs it and does not start with it. */
  loadActions: () => Promise<Context["actions"]>;
  /** Finds passages of the documentation, in the function that has it. */
  searchPassages?: () => Promise<SearchPassages>;
  /** One per use; each calls KMS with the rights of its own function. */
  signers: Record<"token" | "approval" | "issuer", WithSigner["signer"]>;
  /** Where large tenants' nodes are listed from. */
  fleetBucket: string;
  /** The bucket of the audit trail's seals. */
  seals: Seals;
  /** Who sent this `Authorization` header. Throws `unauthenticated`; grants are at most 5 s old. */
  authenticate: (authorization: string | undefined) => Promise<Authenticated>;
  /** Whose service token this is, where a route takes one as it is. Throws `unauthenticated`. */
  authenticateToken: (token: string) => Promise<Authenticated>;
  /** Which node this certificate is of, now. Throws `certificate_refused`. */
  authenticateNode: (identity: {
    nodeId: string;
    tenantId: string;
    fingerprint: string;
  }) => Promise<Omit<NodeCaller, "requestId">>;
  /** Whose certificate this is, now: only for `POST /certificate-session`. Throws `certificate_refused`. */
  authenticateUser: (identity: {
    personId: string;
    fingerprint: string;
  }) => Promise<Omit<UserCertificate, "requestId">>;
  /** What a tenant's status is; undefined where there is none. At most 5 s old. */
  tenantStatus: (tenantId: string) => Promise<TenantStatus | undefined>;
  /** The public halves of the keys that sign access tokens: now, before, and soon. */
  tokenKeys: TokenKeys;
  /** The keys that encrypt list cursors, as remembered, or (`fresh`) as they are. */
  cursorKeys: (options?: { fresh?: boolean }) => Promise<CursorKeys>;
  /** The queues of single workers, and keys to one of them and the lanes. */
  workerQueues: Pick<WorkerQueues, "create">;
  lendQueues: (workerId: string) => Promise<LentKeys>;
  /** The installation's secrets, for the function that may touch them. */
  versions: SecretVersions;
  /** Secrets that runs make: each function may do its part. */
  runSecrets: RunSecrets;
  /** The queues' dead letters, for the function that may touch them. */
  deadLetters: DeadLetterQueues;
  idempotency: IdempotencyStore;
  /** The one way to a URL that somebody gave: issuers are asked by it. */
  fetchOutside: FetchOutside;
  /** Throws `unprocessable` for a URL that could never be called. */
  checkOutsideUrl: (url: string) => Promise<void>;
  /** The AWS account that Steward is in: a tenant's topics are in others. */
  account: string;
  /** The public halves of the keys that sign what receivers of notifications are told. */
  notificationKeys: TokenKeys;
  /** How many calls are let through. */
  limiter: RateLimiter;
  /** Waits; a clock's other half. */
  pause: (ms: number) => Promise<void>;
  /** Tells `node-events` that a node's health level changed. */
  sendNodeEvent: (event: NodeEvent) => Promise<void>;
  /** What an enrolled node is told about this installation. */
  installation: Installation;
  /** Counts a call that was refused for who made it. Never throws. */
  denied: (denied: Denied) => Promise<void>;
  /** `https://api.…`: the only origin whose pages may sign somebody in with a certificate. */
  apiUrl: string;
  /** Where the dashboard is: a browser that signed in with its certificate goes there. */
  dashboardUrl: string;
  /** Domain names of the two doors, without port. */
  domains: { api: readonly string[]; nodes: readonly string[] };
  /** Checks for `GET /health`; one that throws is `failed`. */
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  version: string;
  /** Hold every answer to its schema: in development and tests. A mismatch is a fault (500) then. */
  checkAnswers: boolean;
}

export interface Installation {
  /** `https://nodes.…`: where enrolled nodes call. */
  nodesUrl: string;
  caCertificate: () => Promise<string>;
  /** base64 SubjectPublicKeyInfo of the offline root. */
  rootPublicKey: () => Promise<string>;
  /** sha256 (hex) of that key: part of what an invited machine is shown, so that it can check the root it is given. */
  rootFingerprint: () => Promise<string>;
  /** How many machines SSM may be asked to know, and how many it does. */
  ssmNodes: number;
  countManaged: () => Promise<number>;
  /** Registers a machine with SSM for the `ssm` doorbell. */
  activate: (nodeId: string) => Promise<{ id: string; code: string }>;
}
