import { getCertificate } from "@steward/aws/records/certificate";
import { getIssuer } from "@steward/aws/records/issuer";
import { getSession } from "@steward/aws/records/session";
import { AppError } from "@steward/contracts/errors";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { limitedTo } from "@steward/core/principal/grants";
import { sessionHolds } from "@steward/core/principal/session-holds";
import type { SessionState } from "@steward/core/tenant/tenant-state";
import { type TokenKeys, verifyAccessToken } from "./access-token.ts";
import { blame } from "./blame.ts";
import type { Context, Principal } from "./context.ts";
import { homeOf } from "./note-denial.ts";
import { standingOf } from "./principal-standing.ts";

export interface Authenticated {
  principal: Principal;
  /** Names the session's record. */
  sessionId: string;
}

export interface AuthenticationDeps extends Pick<Context, "stage" | "table" | "nowMs"> {
  /** The public halves of the `token` keys that are accepted: of the one that signs now, and of its neighbours. */
  tokenKeys: TokenKeys;
}

/** How long grants and revocations may be remembered. */
const freshMs = 5_000;

/**
 * Makes the function that answers who sent a bearer token. The token says which session; what that may do is read anew
 * after 5 s, so a demotion, a revocation or a sign-out takes effect by then. Fails closed.
 */
export function createAuthenticator(
  deps: AuthenticationDeps,
): (authorization: string | undefined) => Promise<Authenticated> {
  const known = new Map<string, { value: Authenticated; untilMs: number }>();
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? "")?.[1];
    if (token === undefined) throw signIn("send an access token");
    const { principalId, sessionId } = await verifyAccessToken(deps, token);
    const nowMs = deps.nowMs();
    const cached = known.get(sessionId);
    if (cached !== undefined && cached.untilMs > nowMs && cached.value.principal.id === principalId) {
      return cached.value;
    }
    const value = { principal: await principalOf(deps, { principalId, sessionId }), sessionId };
    if (known.size > 1_000) known.clear();
    // From before the reads: what changes while they run is seen 5 s after it changed, not later.
    known.set(sessionId, { value, untilMs: nowMs + freshMs });
    return value;
  };
}

async function principalOf(
  deps: Pick<Context, "table" | "nowMs">,
  { principalId, sessionId }: { principalId: string; sessionId: string },
): Promise<Principal> {
  const [standing, session] = await Promise.all([
    standingOf(deps.table, principalId, deps.nowMs()),
    getSession(deps.table, sessionId, deps.nowMs()),
  ]);
  // The token was ours, so it is known whose it was, even where that principal may do nothing any more.
  const over = () =>
    blame(signIn("this session has ended"), { who: principalId, tenantId: homeOf(standing?.grants ?? []) });
  if (standing === undefined || session === undefined || session.kind === "bootstrap") throw over();
  const { token, person, name, grants } = standing;
  // A service token's session is the token's, and ends with it; a person's is the person's.
  if (session.tokenId !== token?.tokenId) throw over();
  if (token !== undefined) {
    if (session.revokedAtMs !== undefined || grants.length === 0) throw over();
    return { kind: "token", id: token.tokenId, name, grants };
  }
  const issuer = session.issuerId === undefined ? undefined : await getIssuer(deps.table, session.issuerId);
  const certificate = await certificateOf(deps, session);
  if (!sessionHolds(session, { person, issuer, certificate })) throw over();
  return { kind: "person", id: person.personId, name, grants: limitedTo(grants, session.limitTo) };
}

/** The browser's certificate that opened a session, if any did. */
export async function certificateOf(
  deps: Pick<Context, "table">,
  session: Pick<SessionState, "certificate">,
): Promise<CertificateState | undefined> {
  return session.certificate === undefined ? undefined : getCertificate(deps.table, session.certificate);
}

function signIn(message: string): AppError {
  return new AppError("unauthenticated", message, { next: "sign in again: steward login <link>" });
}
