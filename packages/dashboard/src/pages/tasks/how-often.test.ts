import { expect, test } from "vitest";
import { exampleTask } from "./example-task.ts";
import { howOften } from "./how-often.ts";

test("what runs is watched; what has ended, or is of thousands, is looked at now and then", () => {
  const rollout = { status: "running" as const };
  expect(howOften(undefined)).toBe("watched");
  expect(howOften(exampleTask({ rollout }))).toBe("watched");
  expect(howOften(exampleTask({ rollout, targetCount: 5_000 }))).toBe("background");
  expect(howOften(exampleTask({ status: "awaiting_approval", targetCount: 5_000 }))).toBe("watched");
  expect(howOften(exampleTask({ status: "succeeded" }))).toBe("background");
});
