import { createHmac } from "node:crypto";
import { getIssuer, listIssuers } from "@steward/aws/records/issuer";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { createSession as createSessionRecord, getSession, replaceSession } from "@steward/aws/records/session";
import { getToken, replaceToken } from "@steward/aws/records/token";
import type { FetchOutside } from "@steward/aws/outside/fetch-outside";
import { commit, type Write } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LoginOptions, Session } from "@steward/contracts/session";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { grantsOf, limitedTo } from "@steward/core/principal/grants";
import { judgeRefresh } from "@steward/core/principal/judge-refresh";
import { linkHolds, sessionHolds } from "@steward/core/principal/session-holds";
import type { IssuerState, PersonState, SessionState } from "@steward/core/tenant/tenant-state";
import { signAccessToken } from "./access-token.ts";
import { audited } from "./audit.ts";
import { certificateOf } from "./authenticate.ts";
import { standingOfToken } from "./authenticate-token.ts";
import type { Context, Principal, WithSigner } from "./context.ts";
import { issuerPage } from "./issuer-keys.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type SessionDeps = Pick<Context, "stage" | "table" | "nowMs" | "secret" | "log"> &
  WithSigner & { fetchOutside: FetchOutside };

/** A one-time link's token works once. */
export async function useLink(deps: SessionDeps, linkToken: string, requestId: string | undefined): Promise<Session> {
  return retryOnConflict(async () => {
    const { link, person, certificate } = await openLink(deps, linkToken);
    const lastsMs = defaults.refreshTokenSeconds * 1000;
    return startSession(deps, {
      person,
      link,
      ...(certificate === undefined ? {} : { certificate, issuer: await issuerOf(deps, certificate) }),
      expiresAtMs: Math.min(deps.nowMs() + lastsMs, certificate?.notAfterMs ?? Number.POSITIVE_INFINITY),
      how: "sign-in-by-link",
      requestId,
    });
  });
}

/** The unused link with this token and its person. Also for whoever binds an issuer's account to the person. */
export async function openLink(
  deps: Pick<Context, "table" | "nowMs">,
  linkToken: string,
): Promise<{ link: SessionState; person: PersonState; certificate?: CertificateState }> {
  const link = await getSession(deps.table, sha256Hex(linkToken), deps.nowMs());
  const person = link === undefined ? undefined : await getPerson(deps.table, link.personId);
  const certificate = link === undefined ? undefined : await certificateOf(deps, link);
  if (link === undefined || person === undefined || !linkHolds(link, person, certificate)) {
    throw new AppError("unauthenticated", "this sign-in link is unknown, expired or was used before", {
      next: "get a new one: an admin makes it with steward principal link, npm start prints it",
    });
  }
  return { link, person, ...(certificate === undefined ? {} : { certificate }) };
}

/** Who vouched for the person when they asked for the certificate. */
async function issuerOf(deps: Pick<Context, "table">, { asked }: CertificateState): Promise<IssuerState | undefined> {
  return asked?.issuerId === undefined ? undefined : getIssuer(deps.table, asked.issuerId);
}

export interface NewSession {
  person: PersonState;
  /** The one-time link that is used up by it. */
  link?: SessionState;
  issuer?: IssuerState | undefined;
  /** The browser's certificate that opens it: it gives no more than the session that asked for it had. */
  certificate?: CertificateState;
  /** The only tenant that it is good for, by its issuer or its account; a link's own comes with the link. */
  limitTo?: string;
  expiresAtMs: number;
  how: string;
  requestId: string | undefined;
  /** What belongs to it, in the same transaction. */
  writes?: Write[];
}

/** Signs first and stores then: a key that does not answer uses up no link. */
export async function startSession(deps: Omit<SessionDeps, "fetchOutside">, input: NewSession): Promise<Session> {
  const { person, link, issuer, certificate } = input;
  const nowMs = deps.nowMs();
  const limitTo = input.limitTo ?? link?.limitTo ?? certificate?.asked?.limitTo;
  const family = deps.secret();
  const refreshToken = `${family}.${deps.secret()}`;
  const session: SessionState = {
    v: 1,
    version: 1,
    tokenHash: sha256Hex(family),
    kind: "refresh",
    sessionId: newId("session", nowMs),
    personId: person.personId,
    createdAtMs: nowMs,
    expiresAtMs: input.expiresAtMs,
    epoch: person.epoch ?? 0,
    refresh: { currentHash: sha256Hex(refreshToken), rotatedAtMs: nowMs },
    ...(limitTo === undefined ? {} : { limitTo }),
    ...(issuer === undefined ? {} : { issuerId: issuer.issuerId }),
    ...(certificate === undefined ? {} : { certificate: certificate.fingerprint }),
  };
  const answered = await answer(deps, personAs(person, limitTo), session, refreshToken);
  const isFirst = person.invitedAtMs !== undefined && person.acceptedAtMs === undefined;
  await commit(deps.table, [
    ...(link === undefined ? [] : [replaceSession(link, { ...link, version: link.version + 1, usedAtMs: nowMs })]),
    ...(isFirst ? [replacePerson(person, { ...person, version: person.version + 1, acceptedAtMs: nowMs })] : []),
    createSessionRecord(session),
    ...(input.writes ?? []),
    ...trailsOf(person, limitTo).map((tenantId) =>
      audited(nowMs, {
        tenantId,
        who: person.personId,
        what: input.how,
        record: session.sessionId,
        after: session,
        requestId: input.requestId,
      }),
    ),
  ]);
  return answered;
}

/** A session for a script: short, and without a refresh token, for the service token can be traded again. */
export async function tradeToken(deps: SessionDeps, text: string, requestId: string | undefined): Promise<Session> {
  return retryOnConflict(async () => {
    const { token, ...standing } = await standingOfToken(deps, text);
    const nowMs = deps.nowMs();
    const session: SessionState = {
      v: 1,
      version: 1,
      tokenHash: sha256Hex(deps.secret()),
      kind: "token",
      sessionId: newId("session", nowMs),
      personId: token.createdBy,
      tokenId: token.tokenId,
      createdAtMs: nowMs,
      expiresAtMs: Math.min(nowMs + defaults.tokenSessionSeconds * 1000, token.expiresAtMs),
    };
    const principal: Principal = { kind: "token", id: token.tokenId, name: token.name, grants: standing.grants };
    const answered = await answer(deps, principal, session, undefined);
    // At most one note an hour: a script that runs each minute writes no more than its session.
    const isNoted = token.lastUsedAtMs !== undefined && nowMs - token.lastUsedAtMs < usedEveryMs;
    const next = { ...token, version: token.version + 1, lastUsedAtMs: nowMs };
    const trail = { tenantId: token.tenantId, who: token.tokenId, what: "use-token", record: token.tokenId, requestId };
    await commit(deps.table, [
      createSessionRecord(session),
      ...(isNoted ? [] : [replaceToken(token, next), audited(nowMs, { ...trail, before: token, after: next })]),
    ]);
    return answered;
  });
}

const usedEveryMs = 3_600_000;

/**
 * A new access token, and a new refresh token, for the valid one; for the one before, within a minute, the same refresh
 * token again. One that was used up ends the session: somebody else has it too.
 */
export async function refreshSession(
  deps: Omit<SessionDeps, "fetchOutside">,
  body: { refreshToken: string },
  requestId?: string,
): Promise<Session> {
  return retryOnConflict(async () => {
    const { refreshToken } = body;
    const [family = ""] = refreshToken.split(".");
    const nowMs = deps.nowMs();
    const session = await getSession(deps.table, sha256Hex(family), nowMs);
    if (session === undefined || session.kind !== "refresh") throw over();
    const [person, issuer, certificate] = await Promise.all([
      getPerson(deps.table, session.personId),
      session.issuerId === undefined ? undefined : getIssuer(deps.table, session.issuerId),
      certificateOf(deps, session),
    ]);
    if (person === undefined || !sessionHolds(session, { person, issuer, certificate })) throw over();
    const principal = personAs(person, session.limitTo);
    const presentedHash = sha256Hex(refreshToken);
    const verdict = judgeRefresh(session, presentedHash, { nowMs, againMs: defaults.refreshAgainSeconds * 1000 });
    switch (verdict) {
      case "again":
        return answer(deps, principal, session, successorOf(refreshToken, session.refresh?.salt ?? ""));
      case "rotate": {
        const salt = deps.secret();
        const successor = successorOf(refreshToken, salt);
        // Signed before it is stored: a key that does not answer uses up no refresh token.
        const answered = await answer(deps, principal, session, successor);
        const refresh = { currentHash: sha256Hex(successor), previousHash: presentedHash, salt, rotatedAtMs: nowMs };
        await commit(deps.table, [replaceSession(session, { ...session, version: session.version + 1, refresh })]);
        return answered;
      }
      case "reused": {
        deps.log("warn", "refresh_token_reused", { sessionId: session.sessionId, personId: session.personId });
        await end(deps, session, person, { who: "steward:sessions", what: "end-reused-session", requestId });
        throw over("this session was ended: an old refresh token of it was used again, so somebody else may have it");
      }
      default:
        return verdict satisfies never;
    }
  });
}

/**
 * The next refresh token. Made from the one before and what the record says, so that it can be made again, and neither
 * of the two alone gives it.
 */
function successorOf(refreshToken: string, salt: string): string {
  const [family = ""] = refreshToken.split(".");
  return `${family}.${createHmac("sha256", refreshToken).update(salt).digest("base64url")}`;
}

/** Ends a session: its refresh token at once, its access tokens within 5 s. */
export async function endSession(
  deps: Pick<Context, "table" | "nowMs">,
  input: { sessionId: string; principalId: string; requestId?: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const session = await getSession(deps.table, input.sessionId, deps.nowMs());
    if (session === undefined || session.revokedAtMs !== undefined) return;
    if ((session.tokenId ?? session.personId) !== input.principalId) return;
    const person = await getPerson(deps.table, session.personId);
    if (person === undefined) return;
    await end(deps, session, person, { who: input.principalId, what: "sign-out", requestId: input.requestId });
  });
}

async function end(
  deps: Pick<Context, "table" | "nowMs">,
  session: SessionState,
  person: PersonState,
  by: { who: string; what: string; requestId: string | undefined },
): Promise<void> {
  const nowMs = deps.nowMs();
  const next = { ...session, version: session.version + 1, revokedAtMs: nowMs };
  // A token's session is told of where the token is; its maker's other tenants know nothing of it.
  const token = session.tokenId === undefined ? undefined : await getToken(deps.table, session.tokenId);
  await commit(deps.table, [
    replaceSession(session, next),
    ...trailsOf(person, token?.tenantId ?? session.limitTo).map((tenantId) =>
      audited(nowMs, { tenantId, ...by, record: session.sessionId, before: session, after: next }),
    ),
  ]);
}

/** The issuers of a tenant and the provider's. Who does not exist has none, like most: nobody learns who does. */
export async function loginOptions(
  deps: Pick<Context, "table" | "nowMs"> & { fetchOutside: FetchOutside },
  query: { tenant?: string | undefined; for?: "program" | "page" },
): Promise<LoginOptions> {
  const owners = new Set([providerTenantId, query.tenant ?? providerTenantId]);
  const found = await Promise.all([...owners].map((owner) => listIssuers(deps.table, owner)));
  const issuers = found.flat().map(async ({ issuerId, name, url, clientId, emailDomain }) => {
    const authorizationUrl = query.for === "page" ? await issuerPage(deps, url) : undefined;
    return {
      id: issuerId,
      name,
      url,
      clientId,
      ...(emailDomain === undefined ? {} : { emailDomain }),
      ...(authorizationUrl === undefined ? {} : { authorizationUrl }),
    };
  });
  return { issuers: await Promise.all(issuers) };
}

function personAs(person: PersonState, limitTo: string | undefined): Principal {
  return { kind: "person", id: person.personId, name: person.name, grants: limitedTo(grantsOf(person), limitTo) };
}

const maxTrails = 10;

/** The tenants whose trail tells of a person's session: those that it is good for. */
function trailsOf(person: PersonState, limitTo: string | undefined): string[] {
  if (limitTo !== undefined) return [limitTo];
  const tenants = person.grants.map((grant) => (grant.tenant === "*" ? providerTenantId : grant.tenant));
  return tenants.length === 0 ? [providerTenantId] : [...new Set(tenants)].slice(0, maxTrails);
}

async function answer(
  deps: Pick<SessionDeps, "stage" | "signer" | "nowMs">,
  principal: Principal,
  session: SessionState,
  refreshToken: string | undefined,
): Promise<Session> {
  const nowMs = deps.nowMs();
  const expiresAtMs = Math.min(nowMs + defaults.accessTokenSeconds * 1000, session.expiresAtMs);
  return {
    accessToken: await signAccessToken(deps.signer, {
      stage: deps.stage,
      principalId: principal.id,
      sessionId: session.tokenHash,
      nowMs,
      expiresAtMs,
    }),
    accessTokenExpiresAt: new Date(expiresAtMs).toISOString(),
    ...(refreshToken === undefined
      ? {}
      : { refreshToken, refreshTokenExpiresAt: new Date(session.expiresAtMs).toISOString() }),
    principal: { kind: principal.kind, id: principal.id, name: principal.name, grants: principal.grants },
  };
}

function over(message = "this session has ended"): AppError {
  return new AppError("unauthenticated", message, { next: "sign in again: steward login <link>" });
}
