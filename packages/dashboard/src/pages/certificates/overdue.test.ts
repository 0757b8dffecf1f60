import type { CertificateView } from "@steward/contracts/certificate";
import { expect, test } from "vitest";
import { overdue } from "./overdue.ts";

const nowMs = Date.parse("2026-11-26T12:00:00.000Z");
let count = 0;
function aCertificate(holder: string, days: number, more: Partial<CertificateView> = {}): CertificateView {
  count += 1;
  return {
    id: `crt_${count}`,
    kind: "node",
    tenantId: "ten_1",
    holder,
    holderName: holder,
    status: "valid",
    fingerprint: "00",
    keyFingerprint: "00",
    serial: "1",
    issuedAt: new Date(nowMs - 86_400_000).toISOString(),
    expiresAt: new Date(nowMs + days * 86_400_000).toISOString(),
    ...more,
  };
}

test("who has a newer certificate has renewed, and who has none ends soon", () => {
  const late = aCertificate("apl_late", 3);
  const items = [
    aCertificate("apl_renewed", 29),
    late,
    aCertificate("apl_renewed", 3),
    aCertificate("apl_out", 3, { status: "revoked" }),
    aCertificate("per_ada", 3, { kind: "user" }),
  ];
  expect(overdue(items, nowMs)).toEqual([late]);
});
