import { X509Certificate } from "node:crypto";
import type { Condition } from "@steward/contracts/heartbeat";

const dayMs = 86_400_000;
/** A renewal that works by itself has been done by then. */
const warningMs = 14 * dayMs;
const criticalMs = 3 * dayMs;

/** `pem`: a file with a certificate, the first of which counts; undefined where it cannot be read. */
export function judgeCertificate(path: string, pem: string | undefined, nowMs: number): Condition[] {
  let endsAtMs: number;
  try {
    if (pem === undefined) throw new Error("absent");
    endsAtMs = new X509Certificate(pem).validToDate.getTime();
  } catch {
    // Somebody wants it watched: that it is no certificate is worth knowing.
    return [{ kind: "certificate", subject: path.slice(0, 100), level: "warning" }];
  }
  if (endsAtMs - nowMs > warningMs) return [];
  const level = endsAtMs - nowMs > criticalMs ? "warning" : "critical";
  return [{ kind: "certificate", subject: path.slice(0, 100), level }];
}
