import type { StepResult } from "@steward/contracts/run";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attempt, stepsToUndo } from "./undo-scope.ts";

const planHash = "a".repeat(64);
const steps = (...statuses: StepResult["status"][]): StepResult[] =>
  statuses.map((status) => ({ action: "users.add", status, changed: 1, durationMs: 1 }));
const ended = (attempt: number, results: StepResult[], more: Partial<Attempt> = {}, reason?: string): Attempt => ({
  attempt,
  planHash,
  state: "reported",
  steps: results,
  result: { steps: results, ...(reason === undefined ? {} : { reason }) },
  ...more,
});

describe("an undo touches", () => {
  it.each<[string, Attempt[], boolean[]]>([
    ["what was done", [ended(1, steps("succeeded", "succeeded"))], [true, true]],
    [
      "what failed too, since a part of it may be there",
      [ended(1, steps("succeeded", "failed", "skipped"))],
      [true, true, false],
    ],
    ["nothing where nothing was begun", [{ attempt: 1, planHash, state: "prepared", steps: [] }], [false, false]],
    ["nothing where the start was refused", [{ attempt: 1, planHash, state: "dropped", steps: [] }], [false]],
    ["nothing that a failed run undid by itself", [ended(1, steps("undone", "failed"))], [false, true]],
    [
      "the step in whose middle the agent was killed",
      [ended(1, steps("succeeded"), {}, "interrupted")],
      [true, true, false],
    ],
    ["no step that was killed behind the last", [ended(1, steps("succeeded"), {}, "interrupted")], [true]],
    [
      "what a retry did",
      [ended(1, steps("failed", "skipped"), {}, "x"), ended(2, steps("succeeded", "succeeded"))],
      [true, true],
    ],
    [
      "nothing twice",
      [ended(1, steps("succeeded", "succeeded")), ended(2, steps("undone", "undone"), { operation: "undo" })],
      [false, false],
    ],
    [
      "again what an undo left or was cut off from",
      [
        ended(1, steps("succeeded", "succeeded")),
        ended(2, steps("failed", "undone"), { operation: "undo" }),
        ended(3, [], { operation: "undo" }, "interrupted"),
      ],
      [true, false],
    ],
    ["nothing that was only simulated or checked", [ended(1, steps("simulated", "skipped"))], [false, false]],
  ])("%s", (_, attempts, expected) => {
    expect(stepsToUndo(attempts, expected.length)).toEqual(expected);
  });

  it("never a step that no attempt has begun, in whatever order the ledger is read", () => {
    const status = fc.constantFrom<StepResult["status"]>("succeeded", "failed", "skipped", "undone");
    const attempt = fc.record({ results: fc.array(status, { maxLength: 4 }), isCut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 5 }), fc.nat(), (list, turn) => {
        const attempts = list.map(({ results, isCut }, at) =>
          ended(at + 1, steps(...results), {}, isCut ? "interrupted" : undefined),
        );
        const turned =
          attempts.length === 0
            ? []
            : [...attempts.slice(turn % attempts.length), ...attempts.slice(0, turn % attempts.length)];
        const undone = stepsToUndo(turned, 4);
        expect(undone).toEqual(stepsToUndo(attempts, 4));
        undone.forEach((isDone, index) => {
          const wasBegun = list.some(
            ({ results, isCut }) =>
              results[index] === "succeeded" || results[index] === "failed" || (isCut && results.length === index),
          );
          if (isDone) expect(wasBegun).toBe(true);
        });
      }),
    );
  });
});
