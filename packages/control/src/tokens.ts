import { gateChanged } from "@steward/aws/records/gate-epoch";
import { getPerson } from "@steward/aws/records/person";
import {
  createToken as createTokenRecord,
  getToken,
  listTokens as listTokenRecords,
  replaceToken,
} from "@steward/aws/records/token";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { type createTokenSchema, type TokenView, tokenRoles } from "@steward/contracts/principals";
import type { RoleGrant } from "@steward/contracts/roles";
import { tokenGrantsOf } from "@steward/core/principal/grants";
import { tokenText } from "@steward/core/principal/token-secret";
import type { PersonState, TokenState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { pageById } from "./page-by-id.ts";
import { requireGivable } from "./principals.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

const dayMs = 86_400_000;

/** The tenant's tokens, with what each can do now. */
export async function listTokens(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  query: { limit: number; after?: string | undefined },
): Promise<{ items: TokenView[]; after?: string }> {
  const nowMs = deps.nowMs();
  // The table deletes what has ended days later; those who look see it as gone.
  const live = (await listTokenRecords(deps.table, caller.tenantId)).filter((token) => token.expiresAtMs > nowMs);
  const page = pageById(live, (token) => token.tokenId, query);
  const makers = new Map(
    await Promise.all(
      [...new Set(page.items.map((token) => token.createdBy))].map(
        async (personId) => [personId, await getPerson(deps.table, personId)] as const,
      ),
    ),
  );
  return { ...page, items: page.items.map((token) => tokenView(token, makers.get(token.createdBy), nowMs)) };
}

/** A token that may do no more than its maker, now and at every later moment. Its text is in the answer, and nowhere else. */
export async function createToken(
  deps: Pick<Context, "table" | "nowMs" | "secret">,
  caller: Caller,
  body: z.infer<typeof createTokenSchema>,
): Promise<{ token: string; view: TokenView }> {
  await requireGivable(deps, caller, [], body.grants);
  requireOwn(caller.tenantId, body.grants);
  const nowMs = deps.nowMs();
  const tokenId = newId("token", nowMs);
  const text = tokenText(tokenId, deps.secret());
  const token: TokenState = {
    v: 1,
    version: 1,
    tokenId,
    tenantId: caller.tenantId,
    name: body.name,
    secretHash: sha256Hex(text),
    createdBy: caller.principal.id,
    grants: body.grants,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + body.days * dayMs,
  };
  await commit(deps.table, [
    createTokenRecord(token),
    audited(nowMs, {
      tenantId: caller.tenantId,
      who: caller.principal.id,
      what: "create-token",
      record: tokenId,
      after: token,
      requestId: caller.requestId,
    }),
  ]);
  return { token: text, view: tokenView(token, await getPerson(deps.table, caller.principal.id), nowMs) };
}

/** A tenant's admins see its tokens whole: what the provider's staff make for other tenants is the provider's. */
function requireOwn(tenantId: string, grants: readonly RoleGrant[]): void {
  if (tenantId === providerTenantId) return;
  const foreign = grants.findIndex(({ tenant }) => tenant !== tenantId);
  if (foreign === -1) return;
  throw new AppError("unprocessable", "a tenant's token has a role in that tenant and nowhere else", {
    fields: [{ path: `grants.${foreign}.tenant`, message: `must be ${tenantId}` }],
    next: `Make it in the provider's own tenant: --tenant ${providerTenantId}, or Steward-Tenant: ${providerTenantId}`,
  });
}

/** In force within 5 s, also for what it was traded for. */
export async function revokeToken(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { tokenId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const token = await getToken(deps.table, params.tokenId);
    if (token === undefined || token.tenantId !== caller.tenantId) {
      throw new AppError("not_found", `there is no token ${params.tokenId}`);
    }
    if (token.revokedAtMs !== undefined) return;
    const nowMs = deps.nowMs();
    const next: TokenState = { ...token, version: token.version + 1, revokedAtMs: nowMs };
    // What it has asked for in another tenant than its own does not start either.
    const elsewhere = token.grants.some(({ tenant }) => tenant !== caller.tenantId);
    const writes = [
      replaceToken(token, next),
      ...gateChanged(elsewhere ? undefined : caller.tenantId),
      audited(nowMs, {
        tenantId: caller.tenantId,
        who: caller.principal.id,
        what: "revoke-token",
        record: token.tokenId,
        before: token,
        after: next,
        requestId: caller.requestId,
      }),
    ];
    const commitAll = () => commit(deps.table, writes);
    await (elsewhere ? actForSystem("a token that is good in several tenants", commitAll) : commitAll());
  });
}

function tokenView(token: TokenState, maker: PersonState | undefined, nowMs: number): TokenView {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    id: token.tokenId,
    tenantId: token.tenantId,
    name: token.name,
    grants: token.grants.map(asTokenGrant),
    effectiveGrants: tokenGrantsOf(token, maker, nowMs).map(asTokenGrant),
    createdBy: { id: token.createdBy, name: maker?.name ?? token.createdBy },
    createdAt: iso(token.createdAtMs),
    expiresAt: iso(token.expiresAtMs),
    ...(token.revokedAtMs === undefined ? {} : { revokedAt: iso(token.revokedAtMs) }),
    ...(token.lastUsedAtMs === undefined ? {} : { lastUsedAt: iso(token.lastUsedAtMs) }),
  };
}

function asTokenGrant({ tenant, role }: RoleGrant) {
  const known = tokenRoles.find((one) => one === role);
  if (known === undefined) throw new AppError("internal", `a token with the role ${role}`, { retryable: false });
  return { tenant, role: known };
}
