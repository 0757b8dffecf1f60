import {
  createIssuer as createIssuerRecord,
  getIssuer,
  listIssuers as listIssuerRecords,
  replaceIssuer,
} from "@steward/aws/records/issuer";
import { commit } from "@steward/aws/table";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { type createIssuerSchema, issuerAlgorithms, type IssuerView } from "@steward/contracts/principals";
import type { IssuerState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { viewerOf } from "./principals.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** Each is asked for by the open `GET /login-options`: a tenant has few. */
const maxIssuers = 10;

export async function listIssuers(deps: Pick<Context, "table">, caller: Caller): Promise<{ items: IssuerView[] }> {
  return { items: (await listIssuerRecords(deps.table, caller.tenantId)).map(issuerView) };
}

/**
 * A tenant's issuer is good for that tenant alone, whatever it says and whatever its people may elsewhere. The provider's
 * own, made by the staff, is good for everything.
 */
export async function createIssuer(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  body: z.infer<typeof createIssuerSchema>,
  repeatable?: Repeatable,
): Promise<IssuerView> {
  if ((await listIssuerRecords(deps.table, caller.tenantId)).length >= maxIssuers) {
    throw new AppError("unprocessable", `a tenant has at most ${maxIssuers} issuers`, { next: "Remove one first." });
  }
  const nowMs = deps.nowMs();
  const { tenantId } = caller;
  const isForAll = tenantId === providerTenantId && viewerOf(caller).isStaff;
  const issuer: IssuerState = {
    v: 1,
    version: 1,
    issuerId: repeatable?.idOf("issuer") ?? newId("issuer", nowMs),
    tenantId,
    name: body.name,
    url: body.url,
    clientId: body.clientId,
    algorithms: body.algorithms,
    createdBy: caller.principal.id,
    createdAtMs: nowMs,
    ...(body.emailDomain === undefined ? {} : { emailDomain: body.emailDomain }),
    ...(isForAll ? {} : { limitTo: tenantId }),
  };
  try {
    await commit(deps.table, [
      createIssuerRecord(issuer),
      audited(nowMs, {
        tenantId,
        who: caller.principal.id,
        what: "create-issuer",
        record: issuer.issuerId,
        after: issuer,
        requestId: caller.requestId,
      }),
    ]);
  } catch (error) {
    // An earlier try with this key made it, and was killed before it could answer.
    const made = hasCode(error, "conflict") ? await getIssuer(deps.table, issuer.issuerId) : undefined;
    if (made === undefined || made.tenantId !== tenantId) throw error;
    return issuerView(made);
  }
  return issuerView(issuer);
}

/** Nobody signs in with it any more, and whoever has is signed out within 5 s. */
export async function removeIssuer(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { issuerId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const issuer = await getIssuer(deps.table, params.issuerId);
    if (issuer === undefined || issuer.tenantId !== caller.tenantId || issuer.removedAtMs !== undefined) {
      throw new AppError("not_found", `there is no issuer ${params.issuerId}`);
    }
    // Made by the staff, for everybody: an admin of the provider's own tenant alone would sign out all who came by it.
    if (issuer.limitTo === undefined && !viewerOf(caller).isStaff) {
      throw new AppError("forbidden", "people of every tenant sign in with this issuer", {
        next: "Ask one of the provider's staff: an admin everywhere.",
      });
    }
    const nowMs = deps.nowMs();
    const next: IssuerState = { ...issuer, version: issuer.version + 1, removedAtMs: nowMs };
    await commit(deps.table, [
      replaceIssuer(issuer, next),
      audited(nowMs, {
        tenantId: caller.tenantId,
        who: caller.principal.id,
        what: "remove-issuer",
        record: issuer.issuerId,
        before: issuer,
        after: next,
        requestId: caller.requestId,
      }),
    ]);
  });
}

function issuerView(issuer: IssuerState): IssuerView {
  return {
    id: issuer.issuerId,
    tenantId: issuer.tenantId,
    name: issuer.name,
    url: issuer.url,
    clientId: issuer.clientId,
    algorithms: issuerAlgorithms.filter((algorithm) => issuer.algorithms.includes(algorithm)),
    scope: issuer.limitTo === undefined ? "everything" : "tenant",
    createdAt: new Date(issuer.createdAtMs).toISOString(),
    ...(issuer.emailDomain === undefined ? {} : { emailDomain: issuer.emailDomain }),
  };
}
