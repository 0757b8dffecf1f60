import { expect, it } from "vitest";
import { lockDifferences } from "./lock-differences.ts";

const lock = (packages: Record<string, object>) => ({ packages });

it("tells of changed versions and contents, of what came and what went", () => {
  const before = lock({ a: { version: "1" }, b: { version: "1", integrity: "x" }, c: { version: "1" } });
  const after = lock({ a: { version: "2" }, b: { version: "1", integrity: "y" }, d: { version: "1" } });
  expect(lockDifferences(before, after)).toEqual([
    "a: 1 became 2",
    "b@1: its content became another one",
    "c was removed",
    "d was added",
  ]);
});

it("lets packages of other platforms come and go, but not change", () => {
  const optional = { version: "1", optional: true };
  expect(lockDifferences(lock({ a: optional }), lock({ b: optional }))).toEqual([]);
  expect(lockDifferences(lock({ a: optional }), lock({ a: { ...optional, version: "2" } }))).toEqual(["a: 1 became 2"]);
});
