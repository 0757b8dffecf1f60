import { createIdentity, getIdentity, replaceIdentity } from "@steward/aws/records/identity";
import { getIssuer } from "@steward/aws/records/issuer";
import { getPerson } from "@steward/aws/records/person";
import { createSession, getSession } from "@steward/aws/records/session";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { CreateSession, Session } from "@steward/contracts/session";
import { grantsOf, limitedTo, maySignIn } from "@steward/core/principal/grants";
import type { IdentityState, SessionState } from "@steward/core/tenant/tenant-state";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { openLink, type SessionDeps, startSession } from "./sessions.ts";
import { idTokenLivesMs, verifyIdToken } from "./verify-id-token.ts";

/**
 * Signs in whom an issuer names, if that account was bound to a person: being known to the issuer makes nobody a member.
 * With an invitation the account is bound, in the transaction that uses the link up.
 */
export async function signInByIssuer(
  deps: SessionDeps,
  body: CreateSession,
  requestId: string | undefined,
): Promise<Session> {
  const { idToken = "", issuerId = "" } = body;
  const issuer = await getIssuer(deps.table, issuerId);
  if (issuer === undefined || issuer.removedAtMs !== undefined) {
    throw new AppError("unauthenticated", "nobody signs in here with this issuer", {
      next: "see which there are: GET /api/v1/login-options",
    });
  }
  const { subject, digest } = await verifyIdToken(deps, issuer, { idToken, nonce: body.nonce });
  const name = { ownerTenantId: issuer.tenantId, issuer: issuer.url, subject };
  return retryOnConflict(async () => {
    const nowMs = deps.nowMs();
    const [used, identity, invited] = await Promise.all([
      getSession(deps.table, digest, nowMs),
      getIdentity(deps.table, name),
      body.invitation === undefined ? undefined : openLink(deps, body.invitation),
    ]);
    if (used !== undefined) {
      throw new AppError("unauthenticated", "this ID token was used before", {
        next: "sign in again: steward login --issuer <issuer>",
      });
    }
    // It is worth what its certificate is, and ends with that; an account would be neither.
    if (invited?.certificate !== undefined) {
      throw new AppError(
        "forbidden",
        "this link signs in a browser that has shown its certificate, and binds no account",
        {
          next: "get an invitation: an admin makes one with steward principal link",
        },
      );
    }
    if (invited !== undefined && identity !== undefined && identity.personId !== invited.person.personId) {
      throw new AppError("unprocessable", "this account is another person's already", {
        next: "use another account of the issuer, or sign in without the invitation",
      });
    }
    const person =
      invited?.person ?? (identity === undefined ? undefined : await getPerson(deps.table, identity.personId));
    // A member who was disabled is told the same as somebody who never was one.
    if (person === undefined || !maySignIn(person)) throw noMember();
    // A link that is good for everything, which only the staff make, frees the account that another one has limited.
    const isFreed = identity?.limitTo !== undefined && invited !== undefined && invited.link.limitTo === undefined;
    const accountLimit = isFreed ? undefined : identity?.limitTo;
    const limits = new Set(
      [issuer.limitTo, accountLimit, invited?.link.limitTo].filter((limit) => limit !== undefined),
    );
    const [limitTo, ...others] = limits;
    // Good for one tenant by one, and for another by the other: good for none.
    if (others.length > 0 || limitedTo(grantsOf(person), limitTo).length === 0) throw noMember();
    const bound: IdentityState = {
      v: 1,
      version: 1,
      ...name,
      personId: person.personId,
      createdAtMs: nowMs,
      ...(invited?.link.limitTo === undefined ? {} : { limitTo: invited.link.limitTo }),
    };
    return startSession(deps, {
      person,
      issuer,
      ...(invited === undefined ? {} : { link: invited.link }),
      ...(limitTo === undefined ? {} : { limitTo }),
      expiresAtMs: nowMs + defaults.issuerSessionSeconds * 1000,
      how: identity === undefined ? "bind-identity" : "sign-in-by-issuer",
      requestId,
      writes: [
        createSession(usedToken({ digest, personId: person.personId, nowMs })),
        ...(identity === undefined ? [createIdentity(bound)] : []),
        ...(isFreed ? [replaceIdentity(identity, freed(identity))] : []),
      ],
    });
  });
}

/**
 * The mark of a token that was used, in the place of a link that was: a token signs in once, whoever else has seen it. Of
 * two that come at once one is told of the conflict. It lives for as long as the token might be accepted.
 */
function usedToken({ digest, personId, nowMs }: { digest: string; personId: string; nowMs: number }): SessionState {
  return {
    v: 1,
    version: 1,
    tokenHash: digest,
    kind: "bootstrap",
    sessionId: newId("session", nowMs),
    personId,
    createdAtMs: nowMs,
    usedAtMs: nowMs,
    expiresAtMs: nowMs + idTokenLivesMs,
  };
}

function freed({ limitTo: _limit, ...identity }: IdentityState): IdentityState {
  return { ...identity, version: identity.version + 1 };
}

function noMember(): AppError {
  return new AppError("forbidden", "the issuer knows you, but no member of this installation has that account", {
    next: "Ask an admin for an invitation (steward principal invite), then: steward login <link> --issuer <issuer>",
  });
}
