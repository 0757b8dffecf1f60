import type { TokenView } from "@steward/contracts/principals";
import { describe, expect, it } from "vitest";
import { isLessened, tokenState } from "./token-state.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");
const token: TokenView = {
  id: "tok_01jd0000000000000000000000",
  tenantId: "ten_01jd0000000000000000000000",
  name: "nightly report",
  grants: [{ tenant: "ten_01jd0000000000000000000000", role: "operator" }],
  effectiveGrants: [{ tenant: "ten_01jd0000000000000000000000", role: "operator" }],
  createdBy: { id: "per_01jd0000000000000000000000", name: "Ada" },
  createdAt: "2026-11-01T00:00:00Z",
  expiresAt: "2027-02-01T00:00:00Z",
};

describe("a service token's state", () => {
  it("is what is most in the way of whoever uses it", () => {
    expect(tokenState(token, nowMs)).toBe("active");
    expect(tokenState({ ...token, expiresAt: "2026-12-01T00:00:00Z" }, nowMs)).toBe("ending");
    const powerless = { ...token, effectiveGrants: [], expiresAt: "2026-12-01T00:00:00Z" };
    expect(tokenState(powerless, nowMs)).toBe("powerless");
    expect(tokenState({ ...powerless, revokedAt: "2026-11-20T00:00:00Z" }, nowMs)).toBe("revoked");
  });

  it("tells a token that may do less than it was made for", () => {
    expect(isLessened(token)).toBe(false);
    const [grant] = token.grants;
    expect(isLessened({ ...token, effectiveGrants: [{ tenant: grant?.tenant ?? "", role: "viewer" }] })).toBe(true);
    expect(isLessened({ ...token, effectiveGrants: [] })).toBe(false);
  });
});
