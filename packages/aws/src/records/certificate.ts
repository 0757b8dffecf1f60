import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { Entity } from "electrodb";
import { queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const certificate = new Entity({
  model: states.model("certificate"),
  attributes: {
    fingerprint: { type: "string", required: true },
    nodeId: { type: "string", required: true },
    certificateId: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["fingerprint"], template: "SYS#CERTIFICATE#${fingerprint}" },
      { composite: [], template: "CERTIFICATE" },
    ),
    byNode: {
      index: "gsi1",
      pk: { field: "gsi1pk", composite: ["nodeId"], template: "SYS#CERTIFICATES#${nodeId}", casing: "none" },
      sk: { field: "gsi1sk", composite: ["certificateId"], template: "${certificateId}", casing: "none" },
    },
    due: states.dueIndex,
  },
});

const put = (state: CertificateState) =>
  certificate.put({
    fingerprint: state.fingerprint,
    nodeId: state.nodeId,
    certificateId: state.certificateId,
    ...states.stateItem(state, { type: "certificate", tenantId: state.tenantId, id: state.fingerprint }),
  });

export const createCertificate = (state: CertificateState): Write => states.createState("certificate", put(state));

/** By the sha256 (hex) of the DER. Revoked and expired ones are returned: the caller looks, and fails closed. */
export async function getCertificate(table: Table, fingerprint: string): Promise<CertificateState | undefined> {
  return states.readState(table, certificate.get({ fingerprint }));
}

/** All certificates that the node ever had, newest first. From an index: trails the table by a moment. */
export async function listCertificates(table: Table, nodeId: string): Promise<CertificateState[]> {
  const query = states.queryOf(certificate.query.byNode({ nodeId }), { newestFirst: true });
  const { items } = await queryItems(table, query);
  return items.map((item) => states.stateOf<CertificateState>(item));
}
