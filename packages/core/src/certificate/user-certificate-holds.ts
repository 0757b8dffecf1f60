import { maySignIn } from "../principal/grants.ts";
import type { IssuerState, PersonState } from "../tenant/tenant-state.ts";
import type { CertificateState } from "./certificate-state.ts";

/**
 * Whether a browser's certificate is still good, as everything around it is now. It is a way to sign in that lasts, so it
 * ends with all that ends the session which asked for it: a sign-out everywhere, the person, the issuer that vouched for
 * them. What cannot be seen is taken for gone: it fails closed.
 */
export function userCertificateHolds(
  certificate: CertificateState | undefined,
  around: { person: PersonState | undefined; issuer: IssuerState | undefined; nowMs: number },
): certificate is CertificateState {
  const { person, issuer, nowMs } = around;
  if (certificate?.kind !== "user" || certificate.asked === undefined) return false;
  if (certificate.revokedAtMs !== undefined || certificate.notAfterMs <= nowMs) return false;
  const { epoch, issuerId } = certificate.asked;
  if (issuerId !== undefined && (issuer?.issuerId !== issuerId || issuer.removedAtMs !== undefined)) return false;
  if (person === undefined || person.personId !== certificate.holderId) return false;
  return epoch === (person.epoch ?? 0) && maySignIn(person);
}
