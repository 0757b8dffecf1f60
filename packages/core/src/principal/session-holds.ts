import type { CertificateState } from "../certificate/certificate-state.ts";
import type { IssuerState, PersonState, SessionState } from "../tenant/tenant-state.ts";
import { maySignIn } from "./grants.ts";

/**
 * Whether a session or a one-time link is still good, as everything around it is now. What cannot be seen is taken for
 * gone: it fails closed. Numbers decide, not times: no clock can let a session outlive a "sign out everywhere".
 */
export function sessionHolds(
  session: SessionState,
  around: {
    person: PersonState | undefined;
    issuer: IssuerState | undefined;
    /** The browser's certificate that opened it. */
    certificate?: CertificateState | undefined;
  },
): boolean {
  const { person, issuer, certificate } = around;
  if (session.certificate !== undefined) {
    if (certificate?.fingerprint !== session.certificate || certificate.holderId !== session.personId) return false;
    // Its end is the session's own.
    if (certificate.revokedAtMs !== undefined) return false;
  }
  if (session.revokedAtMs !== undefined || person === undefined || session.personId !== person.personId) return false;
  if (session.issuerId !== undefined && (issuer === undefined || issuer.removedAtMs !== undefined)) return false;
  return (session.epoch ?? 0) === (person.epoch ?? 0) && maySignIn(person);
}

/** Whether a one-time link is still good: a newer one takes the place of what an admin made before. */
export function linkHolds(
  link: SessionState,
  person: PersonState | undefined,
  certificate?: CertificateState,
): boolean {
  if (link.kind !== "bootstrap" || link.usedAtMs !== undefined) return false;
  if (!sessionHolds(link, { person, issuer: undefined, certificate })) return false;
  return link.linkNumber === undefined || link.linkNumber === (person?.linkNumber ?? 0);
}
