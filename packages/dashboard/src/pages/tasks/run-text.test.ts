import { expect, test } from "vitest";
import { exampleRun, exampleTimes } from "./example-task.ts";
import { outcomeText, ownReason, ranMs, withNewer } from "./run-text.ts";

const step = { action: "user.ensure", status: "failed" as const, changed: 0, durationMs: 1 };

test("of a run that is known twice the newer one is shown, and each once", () => {
  const old = exampleRun("running", { id: "run_1" });
  const other = exampleRun("pending", { id: "run_2" });
  const now = exampleRun("succeeded", { id: "run_1" });
  const more = exampleRun("failed", { id: "run_3" });
  expect(withNewer([old, other], [now, more])).toEqual([now, other, more]);
  const again = exampleRun("running", { id: "run_1", attempt: 2 });
  expect(withNewer([again], [now])).toEqual([again]);
});

test("what ended the run is not told again by its step", () => {
  expect(ownReason({ reason: "user.ensure: no such group" }, { ...step, reason: "no such group" })).toBeUndefined();
  expect(ownReason({ reason: "timed_out" }, { ...step, reason: "no such group" })).toBe("no such group");
  expect(ownReason({}, step)).toBeUndefined();
});

test("an outcome is said in few words", () => {
  expect(outcomeText(exampleRun("succeeded"))).toBe("nothing to change");
  expect(outcomeText(exampleRun("succeeded", { steps: [{ ...step, status: "succeeded", changed: 2 }] }))).toBe(
    "2 changed",
  );
  expect(outcomeText(exampleRun("simulated"))).toBe("nothing was changed");
  expect(outcomeText(exampleRun("failed", { reason: "no space" }))).toBe("no space");
});

test("a run takes time from its begin, and only while it runs", () => {
  const startedAt = exampleTimes.created;
  expect(ranMs(exampleRun("pending"), exampleTimes.nowMs)).toBeUndefined();
  expect(ranMs(exampleRun("running", { startedAt }), exampleTimes.nowMs)).toBe(360_000);
  expect(ranMs(exampleRun("succeeded", { startedAt, endedAt: exampleTimes.updated }), exampleTimes.nowMs)).toBe(
    300_000,
  );
});
