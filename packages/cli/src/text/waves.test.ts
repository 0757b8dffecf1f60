import type { Plan } from "@steward/contracts/plan";
import type { TaskView } from "@steward/contracts/task";
import { expect, it } from "vitest";
import { plain } from "./paint.ts";
import { rolloutText, wavesLine, wavesText } from "./waves.ts";

const taskOf = (changes: Partial<TaskView>) => ({ targetCount: 111, runs: [], ...changes }) as unknown as TaskView;
const waves: TaskView["waves"] = [
  { wave: 1, total: 1, counts: { succeeded: 1 } },
  { wave: 2, total: 10, counts: { succeeded: 4, failed: 1, running: 2, sent: 3 } },
  { wave: 3, total: 100, counts: { pending: 20 } },
];

it("waves fill, and what failed is told apart", () => {
  expect(wavesText(taskOf({ waves }), plain).split("\n")).toEqual([
    "Wave 1  ██████████  1 succeeded of 1",
    "Wave 2  ████▓░░░░░  4 succeeded, 3 sent, 2 running, 1 failed of 10",
    "Wave 3  ░░░░░░░░░░  20 pending, 80 to come of 100",
  ]);
  expect(wavesLine(taskOf({ waves }))).toBe(
    "Running on the appliances: wave 1 1/1 · wave 2 5/10 (1 failed) · wave 3 0/100",
  );
});

it("a plan says how it goes over its appliances, and nothing where there is nothing to say", () => {
  const rollout = { waves: [{ count: 1 }], maxConcurrency: 2, undoOnFailure: true, healthGate: { heartbeats: 2 } };
  const targets = ["a", "b", "c", "d"];
  expect(rolloutText({ targets, waveOf: [2, 1, 2, 2], rollout } as Plan)).toBe(
    "2 waves: 1, 3; on 2 at one time; stops when one fails; 2 good heartbeats after each wave; undone where it fails",
  );
  const alone = { waves: [{ percent: 100 }], maxConcurrency: 100, undoOnFailure: false };
  expect(rolloutText({ targets: ["a"], rollout: alone } as unknown as Plan)).toBe("");
  expect(rolloutText({ targets, rollout: { ...alone, errorBudget: { percent: 100 } } } as unknown as Plan)).toBe(
    "stops when more than 100 % fail",
  );
});

it("says why nothing goes on", () => {
  const since = new Date(0).toISOString();
  const told = (rollout: TaskView["rollout"]) => wavesText(taskOf({ waves, rollout }), plain).split("\n").at(-1);
  expect(told({ status: "paused", paused: { since, afterWave: 1 } })).toBe(
    "Wave 1 is done; the next one waits for somebody's word.",
  );
  expect(told({ status: "paused", paused: { since, reason: "lunch\u001b[31m" } })).toMatch(
    /^Paused: lunch[^\u001b]+What was sent goes on\.$/,
  );
  const stopped = { cause: "canary", wave: 1, why: "nas-1 failed" } as const;
  expect(told({ status: "running", stopped })).toBe("Stopped in wave 1: nas-1 failed");
  expect(told({ status: "running", hold: "Waiting for a heartbeat." })).toBe("Waiting for a heartbeat.");
  expect(
    wavesText(
      { ...taskOf({ waves: [{ wave: 1, total: 1, counts: {} }] }), targetCount: 1, runs: [{}] } as TaskView,
      plain,
    ),
  ).toBe("");
});
