import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exampleTask, exampleTimes } from "./example-task.ts";
import { askedStatus, fits, isFiltered, readTasksSearch, tookMs } from "./task-filters.ts";
import { readTaskSearch } from "./task-search.ts";

describe("the address of the list", () => {
  test("whatever it says, nothing but filters comes out, and those read again are the same", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (search) => {
        for (const read of [readTasksSearch, readTaskSearch] as ((search: Record<string, unknown>) => object)[]) {
          const once = read(search);
          expect(read({ ...once })).toEqual(once);
          expect(Object.values(once)).not.toContain(undefined);
        }
      }),
    );
  });

  test("a number is a word too, as the router reads it", () => {
    expect(readTasksSearch({ q: 12, status: "failed", type: "nothing" })).toEqual({ q: "12", status: "failed" });
    expect(readTaskSearch({ wave: "2", runs: "failed", tab: "nothing" })).toEqual({ wave: 2, runs: "failed" });
  });

  test("the API is asked for a status that it knows; groups of them are sorted out here", () => {
    expect(askedStatus({ status: "failed" })).toBe("failed");
    expect(askedStatus({ status: "active" })).toBeUndefined();
    expect(isFiltered({ sort: "when" })).toBe(false);
    expect(isFiltered({ on: "bert" })).toBe(true);
  });
});

describe("what fits", () => {
  test.each([
    [{}, true],
    [{ status: "active" }, true],
    [{ status: "waiting" }, false],
    [{ status: "running" }, true],
    [{ type: "support" }, false],
    [{ source: "person" }, true],
    [{ source: "schedule" }, false],
    [{ on: "ERN" }, true],
    [{ on: "apl_2" }, true],
    [{ on: "oscar" }, false],
  ] as const)("%o: %s", (search, expected) => {
    expect(fits(exampleTask(), search)).toBe(expected);
  });
});

test("what has ended took as long as it did; what has not takes until now", () => {
  const { nowMs } = exampleTimes;
  expect(tookMs(exampleTask({ status: "succeeded" }), nowMs)).toBe(300_000);
  expect(tookMs(exampleTask({ status: "running" }), nowMs)).toBe(360_000);
  const asked = { by: "per_1", name: "Ada", at: exampleTimes.updated };
  expect(tookMs(exampleTask({ status: "failed", escalation: asked }), nowMs)).toBeUndefined();
});
