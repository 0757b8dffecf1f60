import type { SecretView } from "@steward/contracts/secret";
import { expect, test } from "vitest";
import { secretState } from "./secret-state.ts";

const secret: SecretView = {
  name: "anthropic",
  about: "the key for Claude",
  madeBy: "person",
  isSet: true,
  versions: [{ id: "1", state: "current", createdAt: "2026-11-01T00:00:00Z" }],
  overdue: false,
};

test("says how a secret is, and who has to do something", () => {
  expect(secretState(secret)).toEqual({ text: "set", tone: "good" });
  expect(secretState({ ...secret, isSet: false }).next).toContain("Put it in");
  expect(secretState({ ...secret, isSet: false, madeBy: "steward" }).next).toBeUndefined();
  expect(secretState({ ...secret, overdue: true }).next).toContain("new anthropic key");
  expect(secretState({ ...secret, overdue: true, madeBy: "steward" }).next).toContain("runbooks");
  const pending = { id: "2", state: "pending" as const, createdAt: "2026-11-02T00:00:00Z" };
  expect(secretState({ ...secret, overdue: true, versions: [pending, ...secret.versions] }).text).toBe(
    "being made anew",
  );
});
