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
  /** `startedAtMs` may lie ahead. One pass looks through everything there is; the first one that finds nothing, late enough, is the last. */
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
  email?: string;
  /** Invited by a link; signed in for the first time then. */
  invitedAtMs?: number;
  acceptedAtMs?: number;
  /** By the provider's staff: everywhere. */
  disabledAtMs?: number;
  /** Tenants whose admins have disabled the person for theirs. */
  disabledIn?: string[];
  /** Rises when the person is signed out everywhere: sessions and links of an earlier number are dead. Absent: 0. */
  epoch?: number;
  /** Rises with every one-time link that an admin makes: only the newest works. Absent: 0. */
  linkNumber?: number;
  /** Who has invited the person, made a link for or changed the grants lately: they may not have each other's word alone. */
  access?: AccessChange[];
}

export interface AccessChange {
  by: string;
  /** Where; `*`: everywhere. */
  tenant: string;
  atMs: number;
  /** Whether the person could approve there before. */
  couldApprove: boolean;
}

/**
 * A one-time login (`bootstrap`), a signed-in person's session (`refresh`), or a service token's (`token`). Of secrets
 * only the sha256 is kept. `tokenHash` names the record: of a session it is the hash of the part of its refresh tokens
 * that stays the same.
 */
export interface SessionState extends Versioned {
  tokenHash: string;
  kind: "bootstrap" | "refresh" | "token";
  sessionId: string;
  /** Of a service token's session: its maker. */
  personId: string;
  createdAtMs: number;
  expiresAtMs: number;
  usedAtMs?: number;
  revokedAtMs?: number;
  /** The person's, when it was made. Absent: 0. */
  epoch?: number;
  /** A link that an admin made: the person's, when it was made. Absent: made by the set-up. */
  linkNumber?: number;
  /** The only tenant that it is good for, whatever the person may elsewhere. Never `*`. */
  limitTo?: string;
  /** The issuer that said who it is. */
  issuerId?: string;
  /** The service token that was traded for it. */
  tokenId?: string;
  /** Fingerprint of the browser's certificate that opened it: it ends with that. */
  certificate?: string;
  /** Of `refresh`: which refresh token is the valid one. Absent: the first, of a session from before they rotated. */
  refresh?: RefreshState;
}

export interface RefreshState {
  /** sha256 of the valid token, and of the one before it. */
  currentHash: string;
  previousHash?: string;
  /** Makes the valid one from the one before, so that whoever lost it in a reply is given it again. */
  salt?: string;
  rotatedAtMs: number;
}

/** For scripts. The secret's sha256 is kept, the secret never. */
export interface TokenState extends Versioned {
  tokenId: string;
  /** Whose admins see and revoke it. */
  tenantId: string;
  name: string;
  secretHash: string;
  /** A person. What the token may do is never more than what that person may do now. */
  createdBy: string;
  grants: RoleGrant[];
  createdAtMs: number;
  expiresAtMs: number;
  revokedAtMs?: number;
  lastUsedAtMs?: number;
}

/** An account at an issuer, bound to a person. */
export interface IdentityState extends Versioned {
  /** Whose issuer it is: the same issuer, set up by another tenant, has identities of its own. */
  ownerTenantId: string;
  issuer: string;
  subject: string;
  personId: string;
  /** As of the link that bound it. */
  limitTo?: string;
  createdAtMs: number;
}

/** An OpenID Connect issuer that may say who somebody is. */
export interface IssuerState extends Versioned {
  issuerId: string;
  tenantId: string;
  name: string;
  url: string;
  clientId: string;
  algorithms: string[];
  emailDomain?: string;
  /** Sessions by it are good for this tenant alone; absent: the provider's own, for everything. */
  limitTo?: string;
  createdBy: string;
  createdAtMs: number;
  removedAtMs?: number;
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

/** A secret that a tenant has put in: its name and which version is in force, never its value. */
export interface TenantSecretState extends Versioned {
  tenantId: string;
  name: string;
  /** Secrets Manager's name for the value in force. */
  secretVersion: string;
  changedAtMs: number;
  changedBy: string;
  removedAtMs?: number;
}
