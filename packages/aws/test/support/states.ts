import { newId, runIdOf } from "@steward/contracts/ids";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import type { TaskState } from "@steward/core/task/task-state";
import type { JobState } from "@steward/core/job/job-state";
import type { RunState } from "@steward/core/run/run-state";

/** Small, legal states for the tests of the records. */

export function aTask(over: Partial<TaskState> = {}): TaskState {
  return {
    v: 1,
    version: 1,
    tenantId: newId("tenant", Date.now()),
    taskId: newId("task", Date.now()),
    kind: "action",
    status: "queued",
    instruction: "add user john",
    requestedBy: { id: newId("person", Date.now()), name: "Ada" },
    targets: [],
    mode: "apply",
    verbosity: 0,
    createdAtMs: 1,
    updatedAtMs: 1,
    ...over,
  };
}

export function aJob(over: Partial<JobState> = {}): JobState {
  return {
    v: 1,
    version: 1,
    tenantId: newId("tenant", Date.now()),
    jobId: newId("job", Date.now()),
    taskId: newId("task", Date.now()),
    kind: "plan",
    status: "queued",
    lane: "express",
    tier: "ollama",
    secretHash: "0".repeat(64),
    attempt: 0,
    createdAtMs: 1,
    updatedAtMs: 1,
    deadlineAtMs: 60_000,
    failures: [],
    ...over,
  };
}

export function aRun(over: Partial<RunState> = {}): RunState {
  const rolloutId = over.rolloutId ?? newId("rollout", Date.now());
  return {
    v: 1,
    version: 1,
    tenantId: newId("tenant", Date.now()),
    runId: runIdOf(rolloutId, 0),
    taskId: newId("task", Date.now()),
    applianceId: newId("appliance", Date.now()),
    applianceName: "attic",
    wave: 0,
    attempt: 1,
    status: "pending",
    createdAtMs: 1,
    updatedAtMs: 1,
    expiresAtMs: 86_400_000,
    allowedMs: 60_000,
    steps: [],
    chunks: [],
    ...over,
    rolloutId,
  };
}

export const fingerprint = (digit: string) => digit.repeat(64);

export function aPresence(over: Partial<PresenceState> = {}): PresenceState {
  const nodeId = over.nodeId ?? newId("appliance", Date.now());
  return {
    v: 1,
    tenantId: newId("tenant", Date.now()),
    kind: nodeId.startsWith("wrk_") ? "worker" : "appliance",
    sequence: 0,
    lastSeenAtMs: 0,
    intervalSeconds: 60,
    certificate: { current: fingerprint("a"), revoked: false },
    directive: { intervalSeconds: 60, configRevision: 1, pendingRuns: [] },
    announced: { level: "offline", epoch: 0 },
    ...over,
    nodeId,
  };
}

export function aNode(over: Partial<NodeState> = {}): NodeState {
  const nodeId = over.nodeId ?? newId("appliance", Date.now());
  return {
    v: 1,
    version: 1,
    tenantId: newId("tenant", Date.now()),
    kind: nodeId.startsWith("wrk_") ? "worker" : "appliance",
    name: "attic",
    hostname: "attic",
    tags: [],
    doorbell: "pull",
    health: "healthy",
    healthSinceMs: 1,
    healthEpoch: 1,
    keyFingerprint: fingerprint("b"),
    createdAtMs: 1,
    updatedAtMs: 1,
    ...over,
    nodeId,
  };
}
