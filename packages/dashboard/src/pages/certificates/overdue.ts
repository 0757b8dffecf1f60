import type { CertificateView } from "@steward/contracts/certificate";
import { defaults } from "@steward/contracts/defaults";

/**
 * Of each machine its newest certificate, where little of it is left: it renews ten days before the end, and does not
 * manage to. An older one beside it has been renewed. `items`: the newest first.
 */
export function overdue(items: readonly CertificateView[], nowMs: number): CertificateView[] {
  const newest = new Map<string, CertificateView>();
  for (const item of items) {
    if (item.kind === "node" && item.status === "valid" && !newest.has(item.holder)) newest.set(item.holder, item);
  }
  const untilMs = nowMs + defaults.certificateWarningSeconds * 1000;
  return [...newest.values()].filter(({ expiresAt }) => Date.parse(expiresAt) < untilMs);
}
