import { createPublicKey } from "node:crypto";
import { getPerson } from "@steward/aws/records/person";
import { createSession as createSessionRecord, getSession, replaceSession } from "@steward/aws/records/session";
import { derToRaw, type Signer, withKey } from "@steward/aws/signing";
import { commit, type Table } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { Session } from "@steward/contracts/session";
import type { PersonState, SessionState } from "@steward/core/tenant/tenant-state";
import { errors, jwtVerify } from "jose";
import type { Context, Principal, WithSigner } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "stage" | "table" | "nowMs" | "secret"> & WithSigner;

/** Trades a one-time link's token for a session. The token works once; a second use is refused. */
export async function createSession(deps: Deps, body: { bootstrapToken: string }): Promise<Session> {
  return retryOnConflict(async () => {
    const login = await getSession(deps.table, sha256Hex(body.bootstrapToken), deps.nowMs());
    const nowMs = deps.nowMs();
    if (
      login === undefined ||
      login.kind !== "bootstrap" ||
      login.usedAtMs !== undefined ||
      login.revokedAtMs !== undefined
    ) {
      throw new AppError("unauthenticated", "this sign-in link is unknown, expired or was used before", {
        next: "get a new one: npm start prints it",
      });
    }
    const person = await activePerson(deps.table, login.personId);
    const refreshToken = deps.secret();
    const session: SessionState = {
      v: 1,
      version: 1,
      tokenHash: sha256Hex(refreshToken),
      kind: "refresh",
      sessionId: newId("session", nowMs),
      personId: person.personId,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + defaults.refreshTokenSeconds * 1000,
    };
    await commit(deps.table, [
      replaceSession(login, { ...login, version: login.version + 1, usedAtMs: nowMs }),
      createSessionRecord(session),
    ]);
    return answer(deps, person, session, refreshToken);
  });
}

/** A new access token for a refresh token that still holds. */
export async function refreshSession(deps: Deps, body: { refreshToken: string }): Promise<Session> {
  const session = await getSession(deps.table, sha256Hex(body.refreshToken), deps.nowMs());
  if (session === undefined || session.kind !== "refresh" || session.revokedAtMs !== undefined) {
    throw new AppError("unauthenticated", "this session has ended", { next: "sign in again: steward login <link>" });
  }
  return answer(deps, await activePerson(deps.table, session.personId), session, body.refreshToken);
}

/** Ends a session: its refresh token at once, its access tokens within 5 s. */
export async function endSession(
  deps: Pick<Context, "table" | "nowMs">,
  input: { sessionId: string; personId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const session = await getSession(deps.table, input.sessionId, deps.nowMs());
    if (session === undefined || session.personId !== input.personId || session.revokedAtMs !== undefined) return;
    await commit(deps.table, [
      replaceSession(session, { ...session, version: session.version + 1, revokedAtMs: deps.nowMs() }),
    ]);
  });
}

async function activePerson(table: Table, personId: string): Promise<PersonState> {
  const person = await getPerson(table, personId);
  if (person === undefined || person.disabledAtMs !== undefined) {
    throw new AppError("unauthenticated", "this person may not sign in any more");
  }
  return person;
}

async function answer(deps: Deps, person: PersonState, session: SessionState, refreshToken: string): Promise<Session> {
  const nowMs = deps.nowMs();
  const expiresAtMs = Math.min(nowMs + defaults.accessTokenSeconds * 1000, session.expiresAtMs);
  return {
    accessToken: await signAccessToken(deps.signer, {
      stage: deps.stage,
      personId: person.personId,
      sessionId: session.tokenHash,
      nowMs,
      expiresAtMs,
    }),
    accessTokenExpiresAt: new Date(expiresAtMs).toISOString(),
    refreshToken,
    refreshTokenExpiresAt: new Date(session.expiresAtMs).toISOString(),
    person: { id: person.personId, name: person.name, grants: person.grants },
  };
}

const issuerOf = (stage: string) => `urn:steward:${stage}`;
const audienceOf = (stage: string) => `urn:steward:${stage}:api`;
const tokenType = "at+jwt";

async function signAccessToken(
  signer: Signer,
  input: { stage: string; personId: string; sessionId: string; nowMs: number; expiresAtMs: number },
): Promise<string> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = encode({
    iss: issuerOf(input.stage),
    aud: audienceOf(input.stage),
    sub: input.personId,
    sid: input.sessionId,
    iat: Math.floor(input.nowMs / 1000),
    exp: Math.floor(input.expiresAtMs / 1000),
  });
  return withKey(signer, async ({ keyId, sign }) => {
    const head = encode({ alg: "ES256", typ: tokenType, kid: keyId });
    const signature = derToRaw(await sign(Buffer.from(`${head}.${body}`)));
    return `${head}.${body}.${Buffer.from(signature).toString("base64url")}`;
  });
}

export interface Authenticated {
  principal: Principal;
  /** Names the session's record: the sha256 of its refresh token. */
  sessionId: string;
}

/** SubjectPublicKeyInfo by the `kid` of access tokens. */
export type TokenKeys = () => Promise<readonly { keyId: string; publicKey: Uint8Array }[]>;

export interface AuthenticationDeps extends Pick<Context, "stage" | "table" | "nowMs"> {
  /** The public halves of the `token` keys that are accepted: of the one that signs now, and of its neighbours. */
  tokenKeys: TokenKeys;
}

/** How long grants and revocations may be remembered. */
const freshMs = 5_000;

/**
 * Makes the function that answers who sent a bearer token. Algorithm, type, issuer, audience and key are pinned; person
 * and session are read anew after 5 s, so a demotion or a sign-out takes effect by then. Fails closed.
 */
export function createAuthenticator(
  deps: AuthenticationDeps,
): (authorization: string | undefined) => Promise<Authenticated> {
  const known = new Map<string, { value: Authenticated; untilMs: number }>();
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? "")?.[1];
    if (token === undefined || token.length > 4096) throw signIn("send an access token");
    const { sub, sid } = await verify(deps, token);
    const nowMs = deps.nowMs();
    const cached = known.get(sid);
    if (cached !== undefined && cached.untilMs > nowMs && cached.value.principal.id === sub) return cached.value;
    const [person, session] = await Promise.all([activePerson(deps.table, sub), getSession(deps.table, sid, nowMs)]);
    if (session === undefined || session.personId !== sub || session.revokedAtMs !== undefined)
      throw signIn("this session has ended");
    const value: Authenticated = {
      principal: { kind: "person", id: person.personId, name: person.name, grants: person.grants },
      sessionId: sid,
    };
    if (known.size > 1_000) known.clear();
    known.set(sid, { value, untilMs: nowMs + freshMs });
    return value;
  };
}

async function verify(deps: AuthenticationDeps, token: string): Promise<{ sub: string; sid: string }> {
  const keys = await deps.tokenKeys();
  // Chosen by the token's `kid` among ours alone: nothing else in its header leads to a key.
  const keyOf = ({ kid }: { kid?: string }) => {
    const known = keys.find(({ keyId }) => keyId === kid);
    if (known === undefined) throw signIn("this access token is not one of ours");
    return createPublicKey({ key: Buffer.from(known.publicKey), format: "der", type: "spki" });
  };
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ["ES256"],
      typ: tokenType,
      issuer: issuerOf(deps.stage),
      audience: audienceOf(deps.stage),
      requiredClaims: ["sub", "sid", "iat", "exp"],
      maxTokenAge: defaults.accessTokenSeconds,
      currentDate: new Date(deps.nowMs()),
    });
    if (typeof payload["sid"] !== "string" || payload.sub === undefined) {
      throw signIn("this access token is not one of ours");
    }
    return { sub: payload.sub, sid: payload["sid"] };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof errors.JWTExpired) throw signIn("the access token has expired");
    throw signIn("this access token is not accepted", error);
  }
}

function signIn(message: string, cause?: unknown): AppError {
  return new AppError("unauthenticated", message, {
    next: "sign in again: steward login <link>",
    ...(cause === undefined ? {} : { cause }),
  });
}
