import { createHash, X509Certificate } from "node:crypto";
import { AppError } from "@steward/contracts/errors";
import { nodeIdSchema, personIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { hasRole, type Role, roleIn, type RoleGrant } from "@steward/contracts/roles";
import type { Access } from "@steward/contracts/route";
import type { Principal } from "@steward/control/context";

/**
 * The tenant of a call and the caller's role there: the one that the header names, or the only one that the grants name.
 * A tenant without a grant is `not_found`, whether it exists or not. Grants are as read for this call.
 */
export function tenantOf(grants: readonly RoleGrant[], header: string | undefined): { tenantId: string; role: Role } {
  const tenantId = header ?? onlyTenant(grants);
  if (!tenantIdSchema.safeParse(tenantId).success) {
    throw new AppError("invalid_request", "Steward-Tenant is not a tenant's id", {
      fields: [{ path: "Steward-Tenant", message: "must look like ten_…" }],
    });
  }
  const role = roleIn(grants, tenantId);
  if (role === undefined) {
    throw new AppError("not_found", `there is no tenant ${tenantId} that you may see`, {
      next: "GET /api/v1/tenants lists those that you may.",
    });
  }
  return { tenantId, role };
}

function onlyTenant(grants: readonly RoleGrant[]): string {
  const tenants = new Set(grants.map((grant) => grant.tenant));
  const [tenant] = tenants;
  if (tenants.size === 1 && tenant !== undefined && tenant !== "*") return tenant;
  if (tenants.size === 0) {
    throw new AppError("forbidden", "you have no role in any tenant", {
      next: "Ask an administrator of your organisation to invite you.",
    });
  }
  throw new AppError("tenant_required", "you may act for several tenants: say which one is meant", {
    next: "Send Steward-Tenant: ten_…; GET /api/v1/tenants lists them.",
    fields: [{ path: "Steward-Tenant", message: "is missing" }],
  });
}

export function requireRole(role: Role, atLeast: Role, what: string): void {
  if (hasRole(role, atLeast)) return;
  throw new AppError("forbidden", `this needs the role ${atLeast}; yours is ${role}`, {
    next: `Ask somebody with that role (${what}).`,
  });
}

/** The role that the provider's staff have everywhere (`*`); a role in one tenant, also the provider's own, is none. */
export function requireStaff(grants: readonly RoleGrant[], atLeast: Role, what: string): Role {
  const everywhere = roleIn(grants, "*");
  if (everywhere === undefined) {
    throw new AppError("forbidden", "this is for the provider's staff", { next: `Ask your provider (${what}).` });
  }
  requireRole(everywhere, atLeast, what);
  return everywhere;
}

/** Some routes are for people alone: a token must not be able to make itself, or somebody else, more than it is. */
export function requireKind(principal: Principal, access: Access, what: string): void {
  if (principal.kind === "person" || !("peopleOnly" in access) || access.peopleOnly === undefined) return;
  throw new AppError("forbidden", `a service token may not do this: ${access.peopleOnly}`, {
    next: `Sign in as a person (${what}).`,
  });
}

export type CertificateIdentity =
  | { kind: "node"; nodeId: string; tenantId: string; fingerprint: string }
  | { kind: "user"; personId: string; fingerprint: string };

/** Extended key usage: for clients. */
const clientAuth = "1.3.6.1.5.5.7.3.2";

/** What a certificate says, which never changes: that it is in time, and in force, is looked at with each call. */
interface ReadCertificate {
  identity: CertificateIdentity;
  fromMs: number;
  toMs: number;
}

/** Certificates that this process has read, by their text. */
export type KnownCertificates = Map<string, ReadCertificate>;
/** Some 15 MB. The one that came first goes. */
export const maxKnownCertificates = 10_000;

/**
 * Who a client certificate says it is. It must be exactly what our issuer makes (`issue-certificate`): for clients and
 * nothing else, no CA, one name, and the same name in its address. Whether this very certificate is accepted now is the
 * record's to say (`authenticateNode`, the heartbeat's own write): fails closed. The TLS listener has checked chain and
 * time; the time is looked at again here, except for a late renewal (`validAtMs` absent). With `known`, a text is read once.
 */
export function certificateIdentity(
  clientCertPem: string | undefined,
  { validAtMs, known }: { validAtMs?: number; known?: KnownCertificates } = {},
): CertificateIdentity {
  if (clientCertPem === undefined || clientCertPem === "") {
    throw new AppError("certificate_refused", "this door needs a client certificate", {
      next: "Enrol the machine: an admin makes a token with POST /api/v1/nodes.",
    });
  }
  const { identity, fromMs, toMs } = known?.get(clientCertPem) ?? remember(known, clientCertPem);
  if (validAtMs !== undefined && !(fromMs <= validAtMs && validAtMs < toMs)) {
    throw new AppError("certificate_refused", "the client certificate is not valid now", {
      next: "Check the machine's certificate; one that has expired is renewed with POST /api/v1/renew-expired.",
    });
  }
  return identity;
}

/** Only what names somebody is kept: what is refused is read, and refused, each time. */
function remember(known: KnownCertificates | undefined, clientCertPem: string): ReadCertificate {
  const certificate = readCertificate(clientCertPem);
  if (known !== undefined) {
    const [first] = known.size >= maxKnownCertificates ? known.keys() : [];
    if (first !== undefined) known.delete(first);
    known.set(clientCertPem, certificate);
  }
  return certificate;
}

function readCertificate(clientCertPem: string): ReadCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(clientCertPem);
  } catch (cause) {
    throw new AppError("certificate_refused", "the client certificate cannot be read", { cause });
  }
  const { subject, subjectAltName, keyUsage, ca, validFromDate, validToDate } = certificate;
  if (ca || keyUsage?.length !== 1 || keyUsage[0] !== clientAuth) {
    throw new AppError("certificate_refused", "the client certificate is made for something else");
  }
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  const [, tenantId = "", id = ""] = /^URI:steward:\/\/(\w+)\/(\w+)$/.exec(subjectAltName ?? "") ?? [];
  const time = { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  if (subject === `CN=${id}`) {
    if (tenantIdSchema.safeParse(tenantId).success && nodeIdSchema.safeParse(id).success) {
      return { identity: { kind: "node", nodeId: id, tenantId, fingerprint }, ...time };
    }
    if (tenantId === "person" && personIdSchema.safeParse(id).success) {
      return { identity: { kind: "user", personId: id, fingerprint }, ...time };
    }
  }
  throw new AppError("certificate_refused", "the client certificate names nobody that we know of");
}

/** A person's certificate is good for one route, and it is not one of the machines'. */
export function nodeIdentity(
  clientCertPem: string | undefined,
  validity: { validAtMs?: number; known?: KnownCertificates },
): CertificateIdentity & { kind: "node" } {
  const identity = certificateIdentity(clientCertPem, validity);
  if (identity.kind === "node") return identity;
  throw new AppError("certificate_refused", "this is for machines, and the certificate is a person's", {
    next: "A person signs in with it: POST /api/v1/certificate-session.",
  });
}

export function userIdentity(
  clientCertPem: string | undefined,
  validity: { validAtMs?: number },
): CertificateIdentity & { kind: "user" } {
  const identity = certificateIdentity(clientCertPem, validity);
  if (identity.kind === "user") return identity;
  throw new AppError("certificate_refused", "this is for people, and the certificate is a machine's");
}
