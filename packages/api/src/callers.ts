import { createHash, X509Certificate } from "node:crypto";
import { AppError } from "@steward/contracts/errors";
import { nodeIdSchema, tenantIdSchema } from "@steward/contracts/ids";
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
  const everywhere = roleIn(
    grants.filter((grant) => grant.tenant === "*"),
    "*",
  );
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

/**
 * Who a client certificate says it is. The TLS listener has checked its chain and its time; whether this very
 * certificate is the node's current one, and not revoked, is the record's to say (`authenticateNode`, or the heartbeat's
 * own write): fails closed.
 */
export function certificateIdentity(clientCertPem: string | undefined): { nodeId: string; fingerprint: string } {
  if (clientCertPem === undefined || clientCertPem === "") {
    throw new AppError("certificate_refused", "this door needs a client certificate", {
      next: "Enrol the machine: an admin makes a token with POST /api/v1/nodes.",
    });
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(clientCertPem);
  } catch (cause) {
    throw new AppError("certificate_refused", "the client certificate cannot be read", { cause });
  }
  const names = [...certificate.subject.matchAll(/^CN=(.*)$/gm)].map((match) => match[1]);
  const nodeId = nodeIdSchema.safeParse(names[0]);
  if (names.length !== 1 || !nodeId.success) {
    throw new AppError("certificate_refused", "the client certificate names no node");
  }
  return { nodeId: nodeId.data, fingerprint: createHash("sha256").update(certificate.raw).digest("hex") };
}
