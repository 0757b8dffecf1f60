import { describe, expect, it } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import type { EnrolmentState } from "./certificate-state.ts";
import { judgeEnrolment } from "./judge-enrolment.ts";

const fresh: EnrolmentState = {
  v: 1,
  version: 1,
  tokenHash: "t",
  tenantId: "ten_1",
  nodeId: "apl_1",
  kind: "appliance",
  name: "nas-1",
  tags: [],
  doorbell: "pull",
  createdBy: "per_1",
  createdAtMs: startMs,
  expiresAtMs: startMs + 10,
};
const used = { ...fresh, usedWith: "key-1", usedAtMs: startMs };

describe("an enrolment token", () => {
  it.each([
    ["issues for its first key", fresh, "key-1", 0, "issue"],
    ["gives the same key its certificate again", used, "key-1", 0, "again"],
    ["puts the node into quarantine for another key", used, "key-2", 0, "quarantine"],
    ["is worth nothing once expired", fresh, "key-1", 10, "expired"],
    ["does no harm once expired, used or not", used, "key-2", 10, "expired"],
  ] as const)("%s", (_, enrolment, keyFingerprint, passedMs, kind) => {
    expect(judgeEnrolment(enrolment, { keyFingerprint, nowMs: startMs + passedMs })).toEqual({ kind });
  });
});
