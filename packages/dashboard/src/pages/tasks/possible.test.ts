import { taskStatuses, taskHasEnded, rolloutStatuses } from "@steward/contracts/states";
import { roles } from "@steward/contracts/roles";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { examplePlan, exampleTask, exampleTimes } from "./example-task.ts";
import { type Looker, possibleVerbs, waitsForWord } from "./possible.ts";

const { nowMs } = exampleTimes;
const looker = (changes: Partial<Looker> = {}): Looker => ({
  id: "per_2",
  kind: "person",
  role: "operator",
  ...changes,
});
const can = (changes: Parameters<typeof exampleTask>[0], who: Partial<Looker> = {}, atMs = nowMs) =>
  [...possibleVerbs(exampleTask(changes), looker(who), atMs)].toSorted();

const anyTask = fc
  .record({
    status: fc.constantFrom(...taskStatuses),
    kind: fc.constantFrom("support" as const, "action" as const),
    mode: fc.constantFrom("apply" as const, "check" as const),
    rollout: fc.option(
      fc.constantFrom(...rolloutStatuses).map((status) => ({ status })),
      { nil: undefined },
    ),
    counts: fc.record({ failed: fc.nat(3), succeeded: fc.nat(3), cancelled: fc.nat(3), undone: fc.nat(3) }),
  })
  .map(({ counts, rollout, ...rest }) =>
    exampleTask({ ...rest, result: { message: "", counts }, ...(rollout === undefined ? {} : { rollout }) }),
  );

describe("what somebody can do about a task", () => {
  test("whoever has no role in its tenant can do nothing", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        expect(possibleVerbs(task, looker({ role: undefined }), nowMs).size).toBe(0);
      }),
    );
  });

  test("a viewer only says what they think, and asks for help with a question of their own", () => {
    fc.assert(
      fc.property(anyTask, fc.boolean(), (task, isOwn) => {
        const id = isOwn ? task.requestedBy.id : "per_2";
        for (const verb of possibleVerbs(task, looker({ role: "viewer", id }), nowMs)) {
          if (verb === "escalate") expect([task.kind, isOwn]).toEqual(["support", true]);
          else expect(verb).toBe("feedback");
        }
      }),
    );
  });

  test("a higher role can do whatever a lower one can", () => {
    fc.assert(
      fc.property(anyTask, fc.nat(roles.length - 2), (task, at) => {
        const less = possibleVerbs(task, looker({ role: roles[at]! }), nowMs);
        const more = possibleVerbs(task, looker({ role: roles[at + 1]! }), nowMs);
        for (const verb of less) expect(more.has(verb)).toBe(true);
      }),
    );
  });

  test("a token gives no yes and no no", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const verbs = possibleVerbs(task, looker({ role: "admin", kind: "token" }), nowMs);
        for (const verb of ["approve", "reject", "breakGlass"] as const) expect(verbs.has(verb)).toBe(false);
      }),
    );
  });

  test("what has ended is not stopped, and what has not is neither tried again nor undone", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const verbs = possibleVerbs(task, looker({ role: "admin" }), nowMs);
        const forbidden = taskHasEnded(task.status)
          ? (["cancel", "pause", "resume", "approve", "answer"] as const)
          : (["retry", "undo"] as const);
        for (const verb of forbidden) expect(verbs.has(verb)).toBe(false);
      }),
    );
  });

  test("a plan that has run out takes its yes along", () => {
    const failed = {
      status: "failed" as const,
      rollout: { status: "failed" as const },
      result: { message: "", counts: { failed: 1 } },
    };
    expect(can(failed)).toEqual(["escalate", "feedback", "retry", "undo"]);
    expect(can(failed, {}, examplePlan.expiresAtMs)).toEqual(["escalate", "feedback"]);
  });

  test("one that waits for its yes can be previewed, approved, rejected and cancelled; past the rules only by an approver", () => {
    const waiting = { status: "awaiting_approval" as const };
    expect(can(waiting)).toEqual(["approve", "cancel", "feedback", "preview", "reject"]);
    expect(can(waiting, { role: "approver" })).toContain("breakGlass");
  });

  test("where nothing was done, or nothing can be undone, there is nothing to undo", () => {
    const ended = (counts: Record<string, number>) =>
      can({ status: "failed", rollout: { status: "failed" }, result: { message: "", counts } });
    expect(ended({ cancelled: 2 })).not.toContain("undo");
    expect(ended({ succeeded: 1, failed: 1 })).toContain("undo");
    const plan = { ...examplePlan, steps: examplePlan.steps.map((step) => ({ ...step, undo: "none" as const })) };
    expect(can({ status: "failed", plan, result: { message: "", counts: { failed: 1 } } })).not.toContain("undo");
  });

  test("a rollout that runs is paused, and one that is paused goes on by somebody's word", () => {
    expect(can({ rollout: { status: "running" } })).toEqual(["cancel", "feedback", "pause"]);
    expect(can({ rollout: { status: "paused", paused: { since: exampleTimes.updated, afterWave: 1 } } })).toEqual([
      "cancel",
      "feedback",
      "resume",
    ]);
    expect(waitsForWord(exampleTask({ rollout: { status: "paused", paused: { since: exampleTimes.updated } } }))).toBe(
      true,
    );
  });
});
