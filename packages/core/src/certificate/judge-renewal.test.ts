import { defaults } from "@steward/contracts/defaults";
import fc from "fast-check";
import { expect, it } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import type { CertificateState } from "./certificate-state.ts";
import { judgeRenewal } from "./judge-renewal.ts";

const certificate = (number: number, change: Partial<CertificateState> = {}): CertificateState => ({
  v: 1,
  version: 1,
  certificateId: `crt_${number}`,
  kind: "node",
  fingerprint: `certificate-${number}`,
  serial: String(number),
  tenantId: "ten_1",
  holderId: "apl_1",
  holderName: "attic",
  keyFingerprint: `key-${number}`,
  pem: "",
  issuedAtMs: startMs,
  notAfterMs: startMs + 1,
  ...(number === 0 ? {} : { renews: `certificate-${number - 1}`, provenBy: `certificate-${number - 1}` }),
  ...change,
});
const hourMs = 3_600_000;
const judge = (
  chain: CertificateState[],
  newKeyFingerprint: string,
  presented = chain[0]?.fingerprint ?? "",
  nowMs = startMs,
) => judgeRenewal(chain, { presented, newKeyFingerprint, nowMs });

it("a new key gets a certificate, and after a lost reply the same one", () => {
  expect(judge([certificate(0)], "key-1")).toEqual({ kind: "issue" });
  const chain = [certificate(1), certificate(0)];
  expect(judge(chain, "key-1", "certificate-0")).toEqual({ kind: "again", certificate: chain[0] });
  // Not to somebody who shows another certificate: the two keys belong together.
  expect(judge(chain, "key-1", "certificate-9")).toEqual({ kind: "same_key" });
});

it("a machine that lost its new key before it was used gets another one", () => {
  expect(judge([certificate(1), certificate(0)], "key-2", "certificate-0")).toEqual({ kind: "issue" });
});

it("no key that had a certificate gets a second one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (length, which) => {
      const chain = Array.from({ length }, (_, index) => certificate(length - 1 - index, { issuedAtMs: 0 }));
      expect(judge(chain, `key-${which % length}`).kind).toBe("same_key");
    }),
  );
});

it("a node with one revoked certificate, or with none on record, gets nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (length, which) => {
      const chain = Array.from({ length }, (_, index) =>
        certificate(length - 1 - index, { issuedAtMs: 0, ...(index === which % length ? { revokedAtMs: 1 } : {}) }),
      );
      expect(judge(chain, "new")).toEqual({ kind: "revoked" });
    }),
  );
  expect(judge([], "new", "certificate-0")).toEqual({ kind: "revoked" });
});

it("in no day there are more renewals than a node may have, whenever it asks", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 12 * hourMs }), { maxLength: 60 });
  fc.assert(
    fc.property(pauses, (pausesMs) => {
      let nowMs = startMs;
      let chain = [certificate(0, { issuedAtMs: startMs - 48 * hourMs })];
      for (const [index, pauseMs] of pausesMs.entries()) {
        nowMs += pauseMs;
        const verdict = judge(chain, `key-${index + 1}`, undefined, nowMs);
        if (verdict.kind === "issue")
          chain = [certificate(chain.length, { issuedAtMs: nowMs, keyFingerprint: `key-${index + 1}` }), ...chain];
        else {
          expect(verdict.kind).toBe("too_many");
          // Whoever waits for as long as it is told gets one.
          const { retryAfterSeconds } = verdict as { retryAfterSeconds: number };
          expect(judge(chain, "new", undefined, nowMs + retryAfterSeconds * 1000).kind).toBe("issue");
        }
      }
      for (const { issuedAtMs } of chain) {
        const day = chain.filter((one) => one.issuedAtMs >= issuedAtMs && one.issuedAtMs < issuedAtMs + 24 * hourMs);
        expect(day.length).toBeLessThanOrEqual(defaults.renewalsPerDay);
      }
    }),
  );
});
