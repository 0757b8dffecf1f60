import type { RunSecretView } from "@steward/contracts/run-secret";
import type { RunSecretState } from "@steward/core/run/run-secret-state";

const iso = (timeMs: number) => new Date(timeMs).toISOString();

/** A secret as people see it before they open it. */
export function runSecretView(secret: RunSecretState): RunSecretView {
  return {
    runId: secret.runId,
    ref: secret.ref,
    name: secret.name,
    action: secret.action,
    appliance: { id: secret.applianceId, name: secret.applianceName },
    status: secret.status === "stored" ? "waiting" : secret.status,
    expiresAt: iso(secret.expiresAtMs),
    ...(secret.recipientId === undefined ? {} : { recipient: secret.recipientId }),
    ...(secret.unsure === undefined ? {} : { unsure: secret.unsure }),
    ...(secret.openedAtMs === undefined ? {} : { openedAt: iso(secret.openedAtMs) }),
  };
}

/** What was never offered to anybody is nobody's to see. */
export function wasOffered(secret: RunSecretState): boolean {
  return secret.status === "waiting" || secret.status === "opened" || secret.recipientId !== undefined;
}
