export type { AuditEntry } from "@steward/contracts/audit";
import type { RoleGrant } from "@steward/contracts/roles";
import type { TenantLimits, TenantStatus } from "@steward/contracts/tenant";
import type { Versioned } from "../versioned.ts";

export interface TenantState extends Versioned {
  tenantId: string;
  name: string;
  createdAtMs: number;
  /** What its nodes are told to keep. */
  heartbeatIntervalSeconds: number;
  /** Records from before there was one are read as `active`. */
  status: TenantStatus;
  /** While it is suspended; also below a deletion, which goes back to it when it is taken back. */
  suspendedAtMs?: number;
  suspendedReason?: string;
  /** When its deletion was asked for, and from when on it is carried out. */
  deletingAtMs?: number;
  deleteAfterMs?: number;
  /** Carrying it out: since when, what has been looked through, and what it came to. */
  purge?: TenantPurge;
  /** Only those that somebody has set: `limitsOf` has them all. */
  limits?: Partial<TenantLimits>;
}

export interface TenantPurge {
  startedAtMs: number;
  /** One pass looks through everything there is; the first one that finds nothing, late enough, is the last. */
  pass: { startedAtMs: number; after?: PurgePlace; found: number };
  removed: number;
}

/** Where a pass goes on: the last key that it has looked at. */
export interface PurgePlace {
  pk: string;
  sk: string;
}

export interface PersonState extends Versioned {
  personId: string;
  name: string;
  /** Who says who this is: `bootstrap`, or an OIDC issuer's address. */
  issuer: string;
  subject: string;
  grants: RoleGrant[];
  createdAtMs: number;
  disabledAtMs?: number;
}

/** A one-time login (`bootstrap`) or a refresh token; only the sha256 of either is kept. */
export interface SessionState extends Versioned {
  tokenHash: string;
  kind: "bootstrap" | "refresh";
  sessionId: string;
  personId: string;
  createdAtMs: number;
  expiresAtMs: number;
  usedAtMs?: number;
  revokedAtMs?: number;
}

export interface FreezeState extends Versioned {
  freezeId: string;
  /** Absent for the scope `everything`. */
  tenantId?: string;
  reason: string;
  untilMs: number;
  createdBy: string;
  createdAtMs: number;
  endedAtMs?: number;
}

/** Guards one mutation against being made twice. */
export interface IdempotencyState {
  v: 1;
  tenantId: string;
  /** sha256 of principal, route and key. */
  key: string;
  bodyDigest: string;
  /** Absent while the first call is under way. */
  answer?: { status: number; body: string };
  /** When the newest try began. */
  startedAtMs: number;
  /** When the very first one did: what the request makes is named by it. */
  beganAtMs: number;
  expiresAtMs: number;
}
