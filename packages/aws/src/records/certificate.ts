import { defaults } from "@steward/contracts/defaults";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { createItem, type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (fingerprint: string) => ({ pk: `SYS#CERTIFICATE#${fingerprint}`, sk: "CERTIFICATE" });
const tenantPartition = (tenantId: string) => `T#${tenantId}#CERTIFICATE`;
const holderPartition = (tenantId: string, holderId: string) => `T#${tenantId}#CERTIFICATE#${holderId}`;

/** Kept for as long as its key can still ask for something, and a month for those who look. What is gone is refused. */
const keptMs = (defaults.lateRenewalSeconds + 30 * 86_400) * 1000;

const itemOf = (state: CertificateState) => ({
  ...keyOf(state.fingerprint),
  gsi1pk: tenantPartition(state.tenantId),
  gsi1sk: state.certificateId,
  gsi2pk: holderPartition(state.tenantId, state.holderId),
  gsi2sk: state.certificateId,
  expiresAtS: states.ttl(state.notAfterMs + keptMs),
  ...states.stateItem(state),
});

export const createCertificate = (state: CertificateState): Write => createItem("certificate", itemOf(state));
export const replaceCertificate = (previous: CertificateState, next: CertificateState): Write =>
  states.replaceState("certificate", itemOf(next), previous, next);

/** By the sha256 (hex) of the DER. Revoked and expired ones are returned: the caller looks, and fails closed. */
export async function getCertificate(table: Table, fingerprint: string): Promise<CertificateState | undefined> {
  return states.readState(table, keyOf(fingerprint));
}

/** By its id. From an index: trails the table by a moment. */
export async function findCertificate(
  table: Table,
  key: { tenantId: string; certificateId: string },
): Promise<CertificateState | undefined> {
  const { items } = await queryItems(table, {
    IndexName: "gsi1",
    KeyConditionExpression: "gsi1pk = :pk AND gsi1sk = :sk",
    ExpressionAttributeValues: { ":pk": tenantPartition(key.tenantId), ":sk": key.certificateId },
  });
  return items[0] === undefined ? undefined : states.stateOf<CertificateState>(items[0]);
}

/** One page of the tenant's certificates, or of one holder's, newest first. From an index: trails the table by a moment. */
export async function listCertificates(
  table: Table,
  { tenantId, holderId }: { tenantId: string; holderId?: string },
  {
    limit,
    after = states.behindAllIds,
    accept = () => true,
  }: PageRequest & { accept?: (state: CertificateState) => boolean },
): Promise<Page<CertificateState>> {
  const place: states.Place =
    holderId === undefined
      ? { index: "gsi1", pk: tenantPartition(tenantId), before: after }
      : { index: "gsi2", pk: holderPartition(tenantId, holderId), before: after };
  const { items, more } = await queryItems(table, states.queryOf(place, { newestFirst: true }), {
    limit,
    accept: (item) => accept(states.stateOf<CertificateState>(item)),
  });
  return states.pageOf(
    items.map((item) => states.stateOf<CertificateState>(item)),
    more,
    (state) => state.certificateId,
  );
}
