import { expect, it } from "vitest";
import { hashesOf, testPlan, testTask } from "../../test/fixtures.ts";
import { reduceTask } from "../task/reduce-task.ts";
import { previewPlan } from "./preview-plan.ts";

it("a preview is of the very same content, under a hash that approves nothing", () => {
  const plan = testPlan();
  const preview = previewPlan(plan, "tsk_preview");
  const { mode, planHash, ...same } = preview;
  const { mode: _mode, planHash: original, ...content } = plan;
  expect(same).toEqual(content);
  expect(mode).toBe("check");
  expect(planHash).not.toBe(original);
  expect(hashesOf(preview).contentHash).toBe(plan.contentHash);
});

it("only a plan that waits for its approval is previewed, as often as one likes", () => {
  const task = testTask();
  const waiting = { ...task, status: "awaiting_approval" as const, plan: testPlan(task) };
  const event = { type: "preview" as const, previewTaskId: "tsk_a" };
  const { state, effects } = reduceTask(waiting, event, 1);
  expect(state).toMatchObject({
    status: "awaiting_approval",
    previewTaskId: "tsk_a",
    dueAtMs: waiting.plan.expiresAtMs,
  });
  expect(effects).toEqual([]);
  expect(reduceTask(state, event, 2).state).toBe(state);
  expect(reduceTask(state, { ...event, previewTaskId: "tsk_b" }, 2).state.previewTaskId).toBe("tsk_b");
  for (const status of ["queued", "running", "succeeded", "expired"] as const)
    expect(() => reduceTask({ ...waiting, status }, event, 1)).toThrow("cannot be previewed");
});
