import {
  findCertificate,
  getCertificate,
  listCertificates,
  replaceCertificate,
} from "@steward/aws/records/certificate";
import { commit } from "@steward/aws/table";
import type { CertificateKind, CertificateView } from "@steward/contracts/certificate";
import { AppError } from "@steward/contracts/errors";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

function viewOf(state: CertificateState, nowMs: number): CertificateView {
  const status = state.revokedAtMs !== undefined ? "revoked" : state.notAfterMs <= nowMs ? "expired" : "valid";
  return {
    id: state.certificateId,
    kind: state.kind,
    tenantId: state.tenantId,
    holder: state.holderId,
    holderName: state.holderName,
    status,
    fingerprint: state.fingerprint,
    keyFingerprint: state.keyFingerprint,
    serial: state.serial,
    issuedAt: new Date(state.issuedAtMs).toISOString(),
    expiresAt: new Date(state.notAfterMs).toISOString(),
    ...(state.revokedAtMs === undefined ? {} : { revokedAt: new Date(state.revokedAtMs).toISOString() }),
    ...(state.reason === undefined ? {} : { reason: state.reason }),
  };
}

/** The tenant's certificates, of machines and people, newest first. */
export async function listTenantCertificates(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  query: {
    limit: number;
    after?: string | undefined;
    kind?: CertificateKind | undefined;
    holder?: string | undefined;
    status?: CertificateView["status"] | undefined;
  },
): Promise<{ items: CertificateView[]; after?: string }> {
  const nowMs = deps.nowMs();
  const { items, ...rest } = await listCertificates(
    deps.table,
    { tenantId: caller.tenantId, ...(query.holder === undefined ? {} : { holderId: query.holder }) },
    {
      limit: query.limit,
      ...(query.after === undefined ? {} : { after: query.after }),
      accept: (state) =>
        (query.kind === undefined || state.kind === query.kind) &&
        (query.status === undefined || viewOf(state, nowMs).status === query.status),
    },
  );
  return { items: items.map((state) => viewOf(state, nowMs)), ...rest };
}

export async function getTenantCertificate(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { certificateId: string },
): Promise<CertificateView> {
  return viewOf(await load(deps, caller, params), deps.nowMs());
}

/**
 * Revokes a person's certificate: the nodes door refuses it from the moment this returns, and the sessions that it opened
 * end within 5 s. Again: nothing happens.
 */
export async function revokeUserCertificate(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { certificateId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const state = await load(deps, caller, params);
    if (state.kind === "node") {
      throw new AppError("unprocessable", "a machine is revoked as a whole, with all of its certificates", {
        next: `POST /api/v1/nodes/${state.holderId}/revoke, or: steward appliances revoke ${state.holderName}`,
      });
    }
    if (state.revokedAtMs !== undefined) return;
    const nowMs = deps.nowMs();
    const next: CertificateState = { ...state, version: state.version + 1, revokedAtMs: nowMs, reason: "revoked" };
    await commit(deps.table, [
      replaceCertificate(state, next),
      audited(nowMs, {
        tenantId: state.tenantId,
        who: caller.principal.id,
        what: "revoke-user-certificate",
        record: state.certificateId,
        before: { ...state, pem: "" },
        after: { ...next, pem: "" },
        requestId: caller.requestId,
      }),
    ]);
  });
}

/** The record itself: the index that finds it trails, and a decision is made on what is so. Another tenant's is absent. */
async function load(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { certificateId: string },
): Promise<CertificateState> {
  const found = await findCertificate(deps.table, { tenantId: caller.tenantId, ...params });
  const state = found === undefined ? undefined : await getCertificate(deps.table, found.fingerprint);
  if (state === undefined || state.tenantId !== caller.tenantId) {
    throw new AppError("not_found", `there is no certificate ${params.certificateId}`);
  }
  return state;
}
