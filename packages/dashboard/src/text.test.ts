import { queueNames } from "@steward/contracts/names";
import { runStatuses, taskStatuses } from "@steward/contracts/states";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ago,
  bytesText,
  plural,
  queueTitle,
  runTerms,
  targetsText,
  taskTerms,
  taskTitle,
  termOf,
  visible,
  visibleLines,
} from "./text.ts";

const anyText = fc.uint16Array().map((units) => String.fromCharCode(...units));

test("what a stranger says cannot change how the rest reads", () => {
  expect(visible("\u001b[31mred\u202e")).toBe("\\x1b[31mred\\u202e");
  expect(visible("Jürgen 山田 שלום")).toBe("Jürgen 山田 שלום");
  fc.assert(
    fc.property(anyText, (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      expect(visibleLines(text).replaceAll(/[\n\t]/g, "")).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test("every status, and one that is newer than this page, has a term", () => {
  for (const status of taskStatuses) expect(taskTerms[status].text).not.toBe("");
  for (const status of runStatuses) expect(runTerms[status].text).not.toBe("");
  expect(termOf(taskTerms, "waiting_for_moon")).toEqual({ text: "waiting for moon", tone: "still" });
});

test("explicit steps are named by what they do", () => {
  const steps = [{ action: "users.ensure", variables: { username: "bob", groups: ["a"] } }];
  expect(taskTitle({ plan: { steps } })).toBe('users.ensure username=bob groups=["a"]');
  expect(taskTitle({})).toBe("Explicit steps");
  expect(taskTitle({ instruction: "add \u202euser" })).toBe("add \\u202euser");
});

test("many targets are counted, not listed", () => {
  expect(targetsText([])).toBe("");
  expect(targetsText([{ name: "a" }, { name: "b" }])).toBe("a, b");
  expect(targetsText([{ name: "a" }, { name: "b" }, { name: "c" }])).toBe("a, b and 1 more");
});

test("times are in words on both sides of now", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  expect(ago("2026-11-26T11:59:59Z", now)).toBe("now");
  expect(ago("2026-11-26T11:59:20Z", now)).toBe("40 s ago");
  expect(ago("2026-11-26T12:05:00Z", now)).toBe("in 5 min");
  expect(ago("2026-11-23T12:00:00Z", now)).toBe("3 days ago");
  expect(ago("never", now)).toBe("");
});

test("counts and sizes are short", () => {
  expect(plural(1, "appliance")).toBe("1 appliance");
  expect(plural(12_345, "appliance")).toBe("12.3k appliances");
  expect(bytesText(999)).toBe("999 B");
  expect(bytesText(1_500_000)).toBe("1.5 MB");
});

test("every queue has a title", () => {
  for (const name of queueNames) expect(queueTitle(name)).not.toContain("-");
});
