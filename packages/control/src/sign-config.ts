import { getConfig, getSignedConfig, putSignedConfig } from "@steward/aws/records/configuration";
import { getNode } from "@steward/aws/records/node";
import { signDocument } from "@steward/aws/signing";
import type { SignedConfig } from "@steward/contracts/appliance-config";
import { defaults } from "@steward/contracts/defaults";
import type { Context, WithSigner } from "./context.ts";

/**
 * Signs the newest configuration of an appliance, unless that was done by the key of today and is good for a while. May be
 * done twice: of two signatures over the same revision either will do.
 */
export async function signConfig(
  deps: Pick<Context, "table" | "nowMs"> & WithSigner,
  { tenantId, configOf: nodeId }: { tenantId: string; configOf: string },
): Promise<void> {
  const [node, config, signed] = await Promise.all([
    getNode(deps.table, { tenantId, nodeId }),
    getConfig(deps.table, { tenantId, nodeId }),
    getSignedConfig(deps.table, { tenantId, nodeId }),
  ]);
  if (config === undefined || node === undefined || node.removedAtMs !== undefined) return;
  const nowMs = deps.nowMs();
  if (signed?.revision === config.version && !isNearItsEnd(signed.expiresAtMs, nowMs)) {
    const { keyId } = await deps.signer.key();
    if (signed.document.keyId === keyId) return;
  }
  const payload: SignedConfig = {
    v: 1,
    tenantId,
    nodeId,
    revision: config.version,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + defaults.signedConfigSeconds * 1000,
    config: config.config,
  };
  const document = await signDocument(deps.signer, "steward-config-v1", payload);
  await putSignedConfig(deps.table, {
    tenantId,
    nodeId,
    revision: config.version,
    expiresAtMs: payload.expiresAtMs,
    document,
  });
}

/** Half of its life is left for the way to an appliance. */
export function isNearItsEnd(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs - nowMs < (defaults.signedConfigSeconds * 1000) / 2;
}
