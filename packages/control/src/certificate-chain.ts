import { getCertificate } from "@steward/aws/records/certificate";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import type { Context } from "./context.ts";

/** A revocation has to fit into one transaction, with the node, its presence and the trail. */
export const longestChain = 90;

/**
 * The certificates of a node, newest first, at most `limit`: each names the one before it. Strongly consistent, as no
 * index is: what a renewal has stored a moment ago is there.
 */
export async function certificateChain(
  deps: Pick<Context, "table">,
  newest: string,
  limit: number,
): Promise<CertificateState[]> {
  const chain: CertificateState[] = [];
  let fingerprint: string | undefined = newest;
  while (fingerprint !== undefined && chain.length < limit) {
    const certificate: CertificateState | undefined = await getCertificate(deps.table, fingerprint);
    if (certificate === undefined) break;
    chain.push(certificate);
    fingerprint = certificate.renews;
  }
  return chain;
}
