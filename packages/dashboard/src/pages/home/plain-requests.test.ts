import { describe, expect, it } from "vitest";
import { exampleTask } from "../tasks/example-task.ts";
import { doneWords, myRequests, waitsForMe } from "./plain-requests.ts";

const me = { id: "per_me", role: { operator: true, approver: false } };
const asked = (given: object) => exampleTask({ requestedBy: { id: "per_me", name: "Ann" }, ...given });
const others = (given: object) => exampleTask({ requestedBy: { id: "per_you", name: "Ben" }, ...given });
const needsOther = { decision: "needs_approval", approver: "other", reasons: [] };

describe("what is mine", () => {
  it("waits for me only where I can go on with it", () => {
    expect(waitsForMe(asked({ status: "needs_input" }), me)).toBe(true);
    expect(waitsForMe(others({ status: "needs_input" }), me)).toBe(false);
    expect(waitsForMe(asked({ status: "awaiting_approval" }), me)).toBe(true);
    expect(waitsForMe(asked({ status: "awaiting_approval", gate: needsOther }), me)).toBe(false);
    const approver = { ...me, role: { operator: true, approver: true } };
    expect(waitsForMe(others({ status: "awaiting_approval", gate: needsOther }), approver)).toBe(true);
    expect(waitsForMe(asked({ status: "awaiting_approval", gate: needsOther }), approver)).toBe(false);
    expect(waitsForMe(asked({ status: "running" }), me)).toBe(false);
  });

  it("is what I asked for, without looks ahead", () => {
    const mine = asked({});
    expect(myRequests([mine, others({}), asked({ previewOf: mine.id })], "per_me")).toEqual([mine]);
  });

  it("is told in a sentence when it is over", () => {
    expect(doneWords(asked({ status: "succeeded", result: { message: "Done." } }))).toBe("Done.");
    expect(doneWords(asked({ status: "running" }))).toBeUndefined();
  });
});
