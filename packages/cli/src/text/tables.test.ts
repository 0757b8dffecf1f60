import type { DeadLetter } from "@steward/contracts/dead-letters";
import type { NodeView } from "@steward/contracts/node";
import type { Distribution, LaneView, QueueStatus, ScoredWorker } from "@steward/contracts/queues";
import { describe, expect, it } from "vitest";
import { nodesTable } from "../commands/nodes.ts";
import { plain } from "./paint.ts";
import { jobsTable, lanesTable, lettersTable, queuesTable, workersTable } from "./queues.ts";
import { distributionTable, recommendationTable } from "./work.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");
const ulid = "01jd0000000000000000000000";
const models = ["llama3.2:3b", "llama3.1:8b"];
const pulling = { model: "qwen2.5-coder:14b", percent: 0, problem: "disk_full" } as const;
const lane = (over: Partial<LaneView>): LaneView => ({
  lane: "standard",
  queued: 1234,
  heldBack: 1200,
  more: true,
  inFlight: 12,
  oldestQueuedSeconds: 3400,
  arrivalsPerMinute: 120,
  donePerMinute: 110,
  failedPerMinute: 0,
  serviceSeconds: 14,
  expectedWait: { kind: "expected", seconds: 4000, fromSeconds: 3.6, toSeconds: 8000, basis: "assumed" },
  ...over,
});
const letter: DeadLetter = {
  messageId: "5f2c0f5a-1d0f-4a53-9d6b-0a9d3e1b7c11",
  sentAt: "2026-11-26T11:15:00Z",
  receives: 5,
  pointer: { tenantId: `ten_${ulid}`, kind: "job", id: `job_${ulid}`, taskId: `tsk_${ulid}` },
  reason: "its claim came to nothing five times: no worker had the model that it was for",
  redrive: { possible: true, as: "new_job" },
};
const worker = { id: `wrk_${ulid}`, name: "gpu-rack-berlin-01", health: "healthy", slots: 16, models } as const;
const node = {
  id: worker.id,
  tenantId: `ten_${ulid}`,
  kind: "worker",
  name: worker.name,
  health: "critical",
  lastSeenAt: "2026-11-26T11:59:52Z",
  capacity: { slots: 16, used: 12 },
  models: [...models],
  pulling,
  gpus: Array.from({ length: 2 }, () => ({ name: "NVIDIA RTX PRO 6000", vramMb: 98_304, freeMb: 90_000 })),
  tags: ["site:berlin", "rack:7"],
  confirmed: true,
  draining: true,
} as unknown as NodeView;

/** What a table shows at 80 columns: all that it shows to a pipe, each row of columns within the width. */
function at80(draw: (look: { width: number | undefined; paint: typeof plain }) => string): string {
  const text = draw({ width: 80, paint: plain });
  expect(text).toBe(draw({ width: undefined, paint: plain }));
  for (const line of text.split("\n")) if (!line.startsWith("  ")) expect(line.length, line).toBeLessThanOrEqual(80);
  return text;
}

describe("at 80 columns nothing is cut", () => {
  it("of the lanes: how long a new job waits is a sentence of its own", () => {
    const why = "no worker with a model is alive";
    const text = at80((look) =>
      lanesTable([lane({}), lane({ lane: "bulk", expectedWait: { kind: "unknown", why } })], look),
    );
    expect(text).toContain("\n  standard  about 67 min (3.6 s to 2 h; job lengths assumed)");
    expect(text).toContain(`\n  bulk      nobody knows: ${why}`);
  });

  it("of the queues, the longest name too", () => {
    const queue = { name: `inference-wrk_${ulid}`, queued: 12_345, inFlight: 1234, deadLetters: 12 };
    at80((look) => queuesTable([{ ...queue, oldestQueuedSeconds: 3400 }], look));
  });

  it("of a tenant's jobs: the task's id is what one can ask for", () => {
    const job: QueueStatus["jobs"][number] = {
      id: `job_${ulid}`,
      taskId: `tsk_${ulid}`,
      lane: "standard",
      status: "queued",
      tier: "ollama",
      heldBack: true,
      sinceSeconds: 3400,
    };
    const text = at80((look) => jobsTable([job], look));
    expect(text).toContain(job.taskId);
    expect(text).not.toContain(job.id);
  });

  it("of dead letters: about what, why, and why there is no redrive", () => {
    const unread: DeadLetter = {
      messageId: letter.messageId,
      sentAt: letter.sentAt,
      receives: 5,
      text: "\u001b[2J{",
      reason: "it is no pointer",
      redrive: { possible: false, why: "nobody can read it" },
    };
    expect(
      at80((look) => lettersTable([letter, unread], look, nowMs))
        .split("\n")
        .slice(1),
    ).toEqual([
      expect.stringMatching(new RegExp(`^${letter.messageId} +45 min ago +as a new job$`)),
      `  tsk_${ulid}`,
      `  ${letter.reason}`,
      expect.stringMatching(/ no$/),
      expect.stringMatching(/^ {2}“.*\[2J\{”$/),
      "  it is no pointer",
      "  no redrive: nobody can read it",
    ]);
  });

  it("of workers: what they have and fetch is below each", () => {
    const text = at80((look) => nodesTable([node], look, nowMs));
    expect(text).toContain(worker.id);
    expect(text).toContain(
      "\n  draining · llama3.2:3b, llama3.1:8b, qwen2.5-coder:14b does not come: the disk is full · 2 × NVIDIA RTX PRO 6000\n",
    );
    expect(text).toContain("\n  site:berlin rack:7");
    at80((look) =>
      workersTable([{ ...worker, used: 12, free: 4, models: [...models], pulling, draining: true }], look),
    );
  });

  it("of the workers that fit, and of where work ran", () => {
    const parts = (["cpu", "memory", "activeJobs", "health"] as const).map((name) => ({
      name,
      weight: 40,
      value: 1,
      points: 40,
    }));
    const scored: ScoredWorker = { ...worker, models: [...models], free: 16, score: 100, parts };
    expect(at80((look) => recommendationTable([{ ...scored, name: "gpu-1" }], look))).toContain(
      "\n  llama3.2:3b, llama3.1:8b",
    );
    const ran: Distribution["items"][number] = {
      worker: { id: worker.id, name: "gpu-1" },
      lane: "standard",
      tier: "ollama",
      model: "llama3.1:8b",
      jobs: 12_345,
      failures: 123,
      tokens: 1_234_567,
      seconds: 123_456,
      costUsd: 123.4567,
      share: 1,
    };
    expect(at80((look) => distributionTable([ran], look))).toContain("\n  ollama llama3.1:8b");
  });
});
