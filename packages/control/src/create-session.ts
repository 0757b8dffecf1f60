import type { CreateSession, Session } from "@steward/contracts/session";
import { type SessionDeps, tradeToken, useLink } from "./sessions.ts";

/** Trades a proof of who somebody is for a session. Throws `unauthenticated` for one that is none, or was used. */
export async function createSession(deps: SessionDeps, body: CreateSession, requestId?: string): Promise<Session> {
  if (body.token !== undefined) return tradeToken(deps, body.token, requestId);
  if (body.bootstrapToken !== undefined) return useLink(deps, body.bootstrapToken, requestId);
  // The library that reads foreign tokens is loaded by those who bring one.
  const { signInByIssuer } = await import("./sign-in-by-issuer.ts");
  return signInByIssuer(deps, body, requestId);
}
