import { createSession } from "@steward/aws/records/session";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { newId } from "@steward/contracts/ids";
import type { Session } from "@steward/contracts/session";
import { audited } from "./audit.ts";
import type { Context, UserCertificate } from "./context.ts";
import { type SessionDeps, startSession } from "./sessions.ts";

/** A browser follows its link at once. */
const linkSeconds = 60;

/** A session of the person whose certificate was shown. It ends with the certificate, and when that is revoked. */
export async function openCertificateSession(deps: SessionDeps, caller: UserCertificate): Promise<Session> {
  const { person, issuer, certificate, requestId } = caller;
  return startSession(deps, {
    person,
    issuer,
    certificate,
    expiresAtMs: Math.min(deps.nowMs() + defaults.refreshTokenSeconds * 1000, certificate.notAfterMs),
    how: "sign-in-by-certificate",
    requestId,
  });
}

/** The token of a sign-in link, for a browser that was sent here by our page: good once, for a minute. */
export async function signInLink(
  deps: Pick<Context, "table" | "nowMs" | "secret">,
  { person, certificate, requestId }: UserCertificate,
): Promise<string> {
  const nowMs = deps.nowMs();
  const token = deps.secret();
  const sessionId = newId("session", nowMs);
  const { fingerprint, tenantId } = certificate;
  await commit(deps.table, [
    createSession({
      v: 1,
      version: 1,
      tokenHash: sha256Hex(token),
      kind: "bootstrap",
      sessionId,
      personId: person.personId,
      epoch: person.epoch ?? 0,
      certificate: fingerprint,
      createdAtMs: nowMs,
      expiresAtMs: Math.min(nowMs + linkSeconds * 1000, certificate.notAfterMs),
    }),
    audited(nowMs, {
      tenantId,
      who: person.personId,
      what: "show-certificate",
      record: sessionId,
      after: { fingerprint },
      requestId,
    }),
  ]);
  return token;
}
