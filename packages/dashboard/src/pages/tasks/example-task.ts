import type { Plan } from "@steward/contracts/plan";
import type { RunView } from "@steward/contracts/run";
import type { RunStatus } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";

/** A task as tests want it. */
export const exampleTimes = {
  created: "2026-01-05T10:00:00.000Z",
  updated: "2026-01-05T10:05:00.000Z",
  nowMs: Date.parse("2026-01-05T10:06:00.000Z"),
};

export const examplePlan: Plan = {
  v: 1,
  tenantId: "ten_provider",
  steps: [
    {
      action: "user.ensure",
      title: "Add a user",
      variables: { username: "john" },
      provenance: { username: { source: "said", text: "john" } },
      bundle: "a".repeat(64),
      risk: "low",
      riskReasons: [],
      undo: "recorded",
      timeoutSeconds: 60,
    },
  ],
  targets: ["apl_1", "apl_2"],
  targetsRoot: "b".repeat(64),
  rollout: { waves: [{ count: 1 }], maxConcurrency: 100, undoOnFailure: false },
  releaseVersion: 3,
  mode: "apply",
  verbosity: 0,
  risk: "low",
  expiresAtMs: exampleTimes.nowMs + 3_600_000,
  contentHash: "c".repeat(64),
  planHash: "d".repeat(64),
};

export function exampleTask(changes: Partial<TaskView> = {}): TaskView {
  return {
    id: "tsk_01jd0000000000000000000000",
    tenantId: "ten_provider",
    kind: "action",
    status: "running",
    version: 1,
    instruction: "add user john",
    mode: "apply",
    requestedBy: { id: "per_1", name: "Ada" },
    targets: [
      { id: "apl_1", name: "bert" },
      { id: "apl_2", name: "ernie" },
    ],
    targetCount: 2,
    createdAt: exampleTimes.created,
    updatedAt: exampleTimes.updated,
    plan: examplePlan,
    ...changes,
  };
}

export function exampleRun(status: RunStatus, changes: Partial<RunView> = {}): RunView {
  return {
    id: "run_1",
    applianceId: "apl_1",
    applianceName: "bert",
    wave: 1,
    attempt: 1,
    status,
    steps: [],
    ...changes,
  };
}
