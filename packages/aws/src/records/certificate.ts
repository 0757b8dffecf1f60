import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (fingerprint: string) => ({ pk: `SYS#CERTIFICATE#${fingerprint}`, sk: "CERTIFICATE" });
const nodePartition = (nodeId: string) => `SYS#CERTIFICATES#${nodeId}`;

const itemOf = (state: CertificateState) => ({
  ...keyOf(state.fingerprint),
  gsi1pk: nodePartition(state.nodeId),
  gsi1sk: state.certificateId,
  ...states.stateItem(state, { type: "certificate", tenantId: state.tenantId, id: state.fingerprint }),
});

export const createCertificate = (state: CertificateState): Write => createItem("certificate", itemOf(state));

/** By the sha256 (hex) of the DER. Revoked and expired ones are returned: the caller looks, and fails closed. */
export async function getCertificate(table: Table, fingerprint: string): Promise<CertificateState | undefined> {
  return states.readState(table, keyOf(fingerprint));
}

/** All certificates that the node ever had, newest first. From an index: trails the table by a moment. */
export async function listCertificates(table: Table, nodeId: string): Promise<CertificateState[]> {
  const query = states.queryOf({ index: "gsi1", pk: nodePartition(nodeId) }, { newestFirst: true });
  const { items } = await queryItems(table, query);
  return items.map((item) => states.stateOf<CertificateState>(item));
}
