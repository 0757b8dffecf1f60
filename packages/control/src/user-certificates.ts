import { createCertificate, listCertificates } from "@steward/aws/records/certificate";
import { getPerson } from "@steward/aws/records/person";
import { getSession } from "@steward/aws/records/session";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { audited } from "./audit.ts";
import type { Caller, Context, WithSigner } from "./context.ts";
import { issueUserCertificate, readCertificateRequest, withIssuer } from "./issue-certificate.ts";

/**
 * A certificate for the caller's own browser. It is worth a session of its person for 90 days, so it is never got by one:
 * whoever is signed in by a certificate cannot make the next, and a stolen one ends when it ends. Nor by whom an issuer
 * vouches for: it does so for a day.
 */
export async function createUserCertificate(
  deps: Pick<Context, "table" | "nowMs"> & WithSigner & { caCertificate: () => Promise<string> },
  caller: Caller,
  body: { csr: string },
): Promise<{ id: string; certificate: string; expiresAt: string }> {
  const { principal, tenantId } = caller;
  const nowMs = deps.nowMs();
  const { keyFingerprint } = await readCertificateRequest(body.csr);
  const [person, session] = await Promise.all([
    getPerson(deps.table, principal.id),
    actForSystem("how the caller signed in", () => getSession(deps.table, caller.sessionId, nowMs)),
  ]);
  // Who is signed in is remembered for 5 s; what lasts for 90 days is not given to a session that was ended within them.
  if (person === undefined || session === undefined || session.revokedAtMs !== undefined) {
    throw new AppError("unauthenticated", "this session has ended", { next: "sign in again: steward login <link>" });
  }
  if (session.certificate !== undefined) {
    throw new AppError("forbidden", "you are signed in by a certificate, and that makes no further one", {
      next: "sign in with a link or your organisation's sign-in first",
    });
  }
  // Whom the issuer throws out is out a day later, because its sessions end then: nothing that they make may last longer.
  if (session.issuerId !== undefined) {
    throw new AppError(
      "forbidden",
      "your organisation vouches for you a day at a time, and a certificate lasts longer",
      {
        next: "sign in by your organisation; or ask an admin for a sign-in link, and make the certificate with that",
      },
    );
  }
  // From an index, which trails: one or two more than the bound do no harm.
  const { items } = await listCertificates(
    deps.table,
    { tenantId, holderId: principal.id },
    {
      limit: defaults.userCertificates,
      accept: (one) => one.revokedAtMs === undefined && one.notAfterMs > nowMs,
    },
  );
  const again = items.find((one) => one.keyFingerprint === keyFingerprint);
  const ca = await deps.caCertificate();
  if (again !== undefined) {
    // The reply was lost, and the same request sent again.
    return answer(again.certificateId, withIssuer(again.pem, ca), again.notAfterMs);
  }
  if (items.length >= defaults.userCertificates) {
    throw new AppError("quota_exceeded", `you have ${items.length} certificates, one for each browser`, {
      next: "revoke one that you use no more: steward cert ls, steward cert revoke <id>",
    });
  }
  const issued = await issueUserCertificate(deps.signer, { personId: principal.id, csr: body.csr, caPem: ca, nowMs });
  const certificateId = newId("certificate", nowMs);
  const { pem, ...facts } = issued;
  await commit(deps.table, [
    createCertificate({
      v: 1,
      version: 1,
      certificateId,
      kind: "user",
      tenantId,
      holderId: principal.id,
      holderName: person.name,
      asked: {
        epoch: session.epoch ?? 0,
        ...(session.limitTo === undefined ? {} : { limitTo: session.limitTo }),
        ...(session.issuerId === undefined ? {} : { issuerId: session.issuerId }),
      },
      pem,
      ...facts,
    }),
    audited(nowMs, {
      tenantId,
      who: principal.id,
      what: "create-user-certificate",
      record: certificateId,
      after: facts,
      requestId: caller.requestId,
    }),
  ]);
  return answer(certificateId, withIssuer(pem, ca), issued.notAfterMs);
}

function answer(id: string, certificate: string, notAfterMs: number) {
  return { id, certificate, expiresAt: new Date(notAfterMs).toISOString() };
}
