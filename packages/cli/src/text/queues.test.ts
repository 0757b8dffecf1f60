import type { QueueStatus } from "@steward/contracts/queues";
import { expect, it } from "vitest";
import { ownWaitText } from "./queues.ts";

type Job = QueueStatus["jobs"][number];
const job: Job = {
  id: "job_1",
  taskId: "tsk_1",
  lane: "standard",
  status: "queued",
  tier: "ollama",
  heldBack: false,
  sinceSeconds: 4,
};
const lane: QueueStatus["lanes"][number] = {
  lane: "standard",
  queued: 9,
  heldBack: 0,
  more: false,
  inFlight: 2,
  arrivalsPerMinute: 1,
  donePerMinute: 1,
  failedPerMinute: 0,
  expectedWait: { kind: "expected", seconds: 90, fromSeconds: 30, toSeconds: 240, basis: "measured" },
};
const told = (own: Partial<Job>) =>
  ownWaitText(
    {
      queues: [],
      lanes: [lane],
      minutes: 15,
      workers: [],
      jobs: [
        { ...job, taskId: "tsk_2" },
        { ...job, ...own },
      ],
    },
    "tsk_1",
  );

it("says what keeps a task's own job, and nothing once a model is at it", () => {
  expect(told({})).toMatch(/^It waits for a worker in the lane standard; what comes now waits about .*\.$/);
  expect(told({ heldBack: true })).toMatch(/behind your own requests/);
  expect(told({ status: "leased" })).toBeUndefined();
  expect(told({ tier: "claude" })).toBeUndefined();
  expect(told({ taskId: "tsk_3" })).toBeUndefined();
});
