import { queueNames } from "@steward/contracts/names";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ago, byHealth, queueTitle, targetsText, taskNote, taskTitle, visible } from "./text.js";

test("what a stranger says cannot change how the rest reads", () => {
  expect(visible("\u001b[31mred\u202e")).toBe("\\x1b[31mred\\u202e");
  expect(visible("Jürgen 山田 שלום 👩‍👧")).toBe("Jürgen 山田 שלום 👩‍👧");
  fc.assert(
    fc.property(
      fc.uint16Array().map((units) => String.fromCharCode(...units)),
      (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      },
    ),
  );
});

test("a simulated task says that nothing was changed", () => {
  expect(taskNote({ id: "tsk_1", status: "simulated", result: { message: "1 appliance." } })).toBe(
    "Simulated: nothing was changed. 1 appliance.",
  );
});

test("a task that waits says how to decide on it", () => {
  expect(taskNote({ id: "tsk_1", status: "awaiting_approval" })).toBe("steward tasks approve tsk_1");
  expect(taskNote({ id: "tsk_1", status: "needs_input", question: { text: "Who?" } })).toBe("Who?");
});

test("explicit steps are named by what they do", () => {
  expect(taskTitle({ plan: { steps: [{ action: "users.add", variables: { username: "john" } }] } })).toBe(
    "users.add username=john",
  );
});

test("many targets are counted", () => {
  expect(targetsText([{ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" }])).toBe("a, b and 2 more");
});

test("the worst first, then by name with numbers as numbers", () => {
  const nodes = [
    { name: "n10", health: "healthy" as const },
    { name: "n9", health: "healthy" as const },
    { name: "w", health: "warning" as const },
    { name: "o", health: "offline" as const },
    { name: "c", health: "critical" as const },
  ];
  expect(byHealth(nodes).map((node) => node.name)).toEqual(["c", "o", "w", "n9", "n10"]);
});

test("times are said in words", () => {
  const now = Date.parse("2026-11-21T10:00:00Z");
  expect(ago("2026-11-21T09:59:59Z", now)).toBe("now");
  expect(ago("2026-11-21T09:59:00Z", now)).toBe("60 s ago");
  expect(ago("2026-11-21T07:00:00Z", now)).toBe("3 h ago");
  expect(ago("2026-11-01T10:00:00Z", now)).toBe("20 days ago");
});

test("every queue has a name for people", () => {
  for (const name of queueNames) expect(queueTitle(name)).toMatch(/^[A-Z][a-z ]+$/);
});
