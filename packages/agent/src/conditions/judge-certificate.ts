import { X509Certificate } from "node:crypto";
import type { Condition } from "@steward/contracts/heartbeat";

const dayMs = 86_400_000;
/** A renewal that works by itself has been done by then. */
const warningMs = 14 * dayMs;
const criticalMs = 3 * dayMs;

/** `pem`: a file with a certificate, the first of which counts; undefined where it cannot be read. */
export function judgeCertificate(path: string, pem: string | undefined, nowMs: number): Condition[] {
  const told = (level: Condition["level"]): Condition[] => [
    { kind: "certificate", subject: path.slice(0, 100), level },
  ];
  const endsAtMs = endOf(pem);
  // Somebody wants it watched: that it is no certificate is worth knowing.
  if (endsAtMs === undefined) return told("warning");
  if (endsAtMs - nowMs > warningMs) return [];
  return told(endsAtMs - nowMs > criticalMs ? "warning" : "critical");
}

function endOf(pem: string | undefined): number | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem).validToDate.getTime();
  } catch {
    return undefined;
  }
}
