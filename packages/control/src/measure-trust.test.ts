import { AppError } from "@steward/contracts/errors";
import type { Meter } from "@steward/contracts/metrics";
import { expect, test } from "vitest";
import { measureTrust, requireLastingTrust } from "./measure-trust.ts";

const dayMs = 86_400_000;
const nowMs = Date.parse("2026-11-25T12:00:00Z");

function deps(days: { trust?: number; release?: number }) {
  const measured: Record<string, number> = {};
  const keys = { dispatch: [], approval: [], release: [], seal: [] };
  const ends = (of: number | undefined) => {
    if (of === undefined) throw new AppError("unavailable", "not set up yet");
    return nowMs + of * dayMs;
  };
  return {
    measured,
    nowMs: () => nowMs,
    meter: ((metric, value) => void (measured[metric] = value)) as Meter,
    trust: async () => ({
      type: "steward-trust-v1" as const,
      keyId: "0".repeat(64),
      signature: "",
      payload: Buffer.from(
        JSON.stringify({ v: 1, version: 1, issuedAtMs: 0, expiresAtMs: ends(days.trust), keys }),
      ).toString("base64"),
    }),
    release: async () => ({ release: { expiresAtMs: ends(days.release) } }) as never,
  };
}

test("the days that are left are measured; what has ended has none, and what is not there yet has no number", async () => {
  const some = deps({ trust: 3650.5, release: -3 });
  await measureTrust(some);
  expect(some.measured).toEqual({ TrustDaysLeft: 3650, ReleaseDaysLeft: 0 });
  const none = deps({ release: 12 });
  await measureTrust(none);
  expect(none.measured).toEqual({ ReleaseDaysLeft: 12 });
});

test("a trust document that ends within the month is something wrong", async () => {
  await expect(requireLastingTrust(deps({ trust: 32 }))).resolves.toBeUndefined();
  await expect(requireLastingTrust(deps({ trust: 30 }))).rejects.toMatchObject({
    code: "expired",
    next: expect.stringContaining("keys trust --renew"),
  });
});
