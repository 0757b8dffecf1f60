import { AppError } from "@steward/contracts/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nextPollMs } from "./polling.ts";

test("what is watched is asked for every two seconds, what is beside it more slowly, and the rest once", () => {
  expect(nextPollMs("watched", 0, null)).toBe(2_000);
  expect(nextPollMs("background", 0, null)).toBe(15_000);
  expect(nextPollMs("once", 0, null)).toBeUndefined();
});

test("a failure is asked again later and later, never more than half a minute later by itself, and heals even what is asked once", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("watched", "background", "once"),
      fc.integer({ min: 1, max: 50 }),
      (every, failures) => {
        const error = new AppError("unavailable", "away");
        const now = nextPollMs(every, failures, error) ?? Number.NaN;
        expect(now).toBeGreaterThanOrEqual(4_000);
        expect(now).toBeLessThanOrEqual(30_000);
        expect(nextPollMs(every, failures + 1, error)).toBeGreaterThanOrEqual(now);
      },
    ),
  );
});

test("the API's own word on when to come back is kept", () => {
  const error = new AppError("too_many_requests", "slowly", { retryAfterSeconds: 90 });
  expect(nextPollMs("watched", 1, error)).toBe(90_000);
});

test("what is refused is not asked for every two seconds", () => {
  expect(nextPollMs("watched", 1, new AppError("forbidden", "no"))).toBe(15_000);
});
