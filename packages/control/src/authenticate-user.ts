import { getCertificate } from "@steward/aws/records/certificate";
import { getIssuer } from "@steward/aws/records/issuer";
import { getPerson } from "@steward/aws/records/person";
import { AppError } from "@steward/contracts/errors";
import { userCertificateHolds } from "@steward/core/certificate/user-certificate-holds";
import type { Context, UserCertificate } from "./context.ts";

/**
 * Whose browser is calling, now: the record of this very certificate, and its person. Fails closed: what cannot be read is
 * refused.
 */
export async function authenticateUser(
  deps: Pick<Context, "table" | "nowMs">,
  identity: { personId: string; fingerprint: string },
): Promise<Omit<UserCertificate, "requestId">> {
  const [certificate, person] = await Promise.all([
    getCertificate(deps.table, identity.fingerprint),
    getPerson(deps.table, identity.personId),
  ]);
  const issuerId = certificate?.asked?.issuerId;
  const issuer = issuerId === undefined ? undefined : await getIssuer(deps.table, issuerId);
  if (!userCertificateHolds(certificate, { person, issuer, nowMs: deps.nowMs() }) || person === undefined) {
    throw new AppError("certificate_refused", "this certificate is not accepted", {
      next: "make a new one: steward cert issue --user",
    });
  }
  return { person, certificate, ...(issuer === undefined ? {} : { issuer }) };
}
