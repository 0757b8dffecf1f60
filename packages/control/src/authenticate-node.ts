import { getPresence } from "@steward/aws/records/presence";
import { AppError } from "@steward/contracts/errors";
import type { Context, NodeCaller } from "./context.ts";

/**
 * Who is calling at the `nodes.` door: the certificate's fingerprint must be the node's current or next one, now. Fails
 * closed: an unreadable presence is a refusal.
 */
export async function authenticateNode(
  deps: Pick<Context, "table">,
  input: { nodeId: string; tenantId: string; fingerprint: string },
): Promise<Omit<NodeCaller, "requestId">> {
  const presence = await getPresence(deps.table, input.nodeId);
  const accepted =
    presence !== undefined &&
    presence.tenantId === input.tenantId &&
    !presence.certificate.revoked &&
    (presence.certificate.current === input.fingerprint || presence.certificate.next === input.fingerprint);
  if (!accepted) {
    throw new AppError("certificate_refused", "this certificate is not accepted", {
      next: "enrol the machine again, or ask your provider",
    });
  }
  return { nodeId: presence.nodeId, tenantId: presence.tenantId, kind: presence.kind, fingerprint: input.fingerprint };
}
