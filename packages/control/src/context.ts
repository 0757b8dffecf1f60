import type { Objects } from "@steward/aws/objects";
import type { Queues } from "@steward/aws/queues";
import type { Signer } from "@steward/aws/signing";
import type { Table } from "@steward/aws/table";
import type { Action } from "@steward/contracts/actions";
import type { IdKind } from "@steward/contracts/ids";
import type { Meter } from "@steward/contracts/metrics";
import type { Release } from "@steward/contracts/release";
import type { Role, RoleGrant } from "@steward/contracts/roles";
import type { SignedDocument } from "@steward/contracts/signed";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import type { IssuerState, PersonState } from "@steward/core/tenant/tenant-state";

/**
 * What use cases are given. An entry point builds the parts that its own rights cover; a use case names the parts that
 * it needs (`Pick<Context, "table" | "queues">`).
 */
export interface Context {
  stage: string;
  table: Table;
  queues: Queues;
  nowMs: () => number;
  /** Bytes that nobody can guess, as base64url. */
  secret: () => string;
  actions: readonly Action[];
  /** A worker is started within so many seconds when jobs wait; absent: workers are there, or not. */
  workerStartSeconds?: number;
  /** Other times for jobs than the defaults. */
  jobTimes?: { deadlineSeconds?: number; leaseSeconds?: number };
  /** The release in force (cached for at most 60 s). */
  release: () => Promise<{ document: SignedDocument; release: Release }>;
  trust: () => Promise<SignedDocument>;
  log: Log;
  meter: Meter;
}

export type Log = (level: "info" | "warn" | "error", event: string, fields?: Record<string, unknown>) => void;

export interface WithSigner {
  signer: Signer;
}

export interface WithObjects {
  objects: Objects;
  outputBucket: string;
  bundleBucket: string;
}

/** Who is signed in: a person, or a service token that one made. Grants are as read now (at most 5 s old). */
export interface Principal {
  kind: "person" | "token";
  id: string;
  name: string;
  grants: RoleGrant[];
}

/** A principal, acting in one tenant. */
export interface Caller {
  principal: Principal;
  sessionId: string;
  tenantId: string;
  role: Role;
  requestId: string;
}

/** A request that its caller may repeat under one key, after a lost reply or a kill. */
export interface Repeatable {
  /** The id for what the request makes: the same in every repetition. */
  idOf: (kind: IdKind) => string;
  /** An earlier try began and never answered: what it made may be there. */
  begunBefore: boolean;
}

/** A person whose browser showed an accepted certificate. */
export interface UserCertificate {
  person: PersonState;
  certificate: CertificateState;
  /** Who vouched for the person when they asked for it. */
  issuer?: IssuerState;
  requestId: string;
}

/** A node that showed an accepted certificate. */
export interface NodeCaller {
  nodeId: string;
  tenantId: string;
  kind: "appliance" | "worker";
  fingerprint: string;
  requestId: string;
}
