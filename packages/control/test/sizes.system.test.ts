import { randomBytes } from "node:crypto";
import { createRollout } from "@steward/aws/records/rollout";
import { createRun } from "@steward/aws/records/run";
import { createTask } from "@steward/aws/records/task";
import type { Write } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { newId, runIdOf } from "@steward/contracts/ids";
import { gate } from "@steward/core/gate/gate";
import { newRollout } from "@steward/core/rollout/new-rollout";
import { newRun } from "@steward/core/run/new-run";
import { reduceTask } from "@steward/core/task/reduce-task";
import { expect, it } from "vitest";
import { itemBytes } from "../../aws/test/support/item-bytes.ts";
import {
  hashesOf,
  oneStep,
  person,
  rolloutId,
  startMs,
  tenantId,
  testPlan,
  testTask,
} from "../../core/test/fixtures.ts";

const limit = 400 * 1024;
/** What is undefined is not stored. */
const bytesOf = ({ statement }: Write) =>
  "Item" in statement
    ? itemBytes({ ...(JSON.parse(JSON.stringify(statement.Item)) as object), lists: statement.Item["lists"] ?? [] })
    : Number.NaN;

it("the largest task, its rollout and a run with the most output fit into an item each", () => {
  const task = testTask(defaults.maxTargets, { instruction: "ä".repeat(defaults.maxInstructionCharacters) });
  // Of the longest names, and such as nothing can be left out of: ids as they are made, names without a pattern.
  task.targets = task.targets
    .map(() => ({ id: newId("appliance", startMs), name: randomBytes(48).toString("base64url").slice(0, 63) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const plan = testPlan(task, Array.from({ length: defaults.maxSteps }, () => oneStep).flat());
  // The worst that a gate says of a target, of every target.
  const decision = gate(plan, {
    nowMs: startMs,
    moment: "plan",
    tenantId,
    tenantStatus: "active",
    source: { kind: "person" },
    requester: { id: person.id, role: "operator" },
    otherApprovers: 1,
    fromWords: true,
    recomputed: hashesOf(plan),
    approved: false,
    release: { version: 3, expiresAtMs: startMs + 1, actions: {}, kinds: {} },
    freezes: [],
    windows: [],
    policy: { forbid: [] },
    barred: [],
    targets: task.targets.map((target) => ({
      ...target,
      tenantId,
      tags: [],
      confirmed: false,
      quarantined: false,
      revoked: false,
      removed: false,
    })),
  });
  const { state } = reduceTask(task, { type: "plan", plan, gate: decision, rolloutId }, startMs);
  expect(state.status).toBe("failed");
  expect(bytesOf(createTask(state))).toBeLessThan(limit * 0.96);
  expect(bytesOf(createRollout(newRollout(state, rolloutId, startMs)))).toBeLessThan(limit * 0.96);
  // More than that is said, and not left to the table.
  const wordy = Array.from({ length: 60 }, () => oneStep).flat();
  const values = "x".repeat(2_000);
  const tooLarge = {
    ...state,
    plan: testPlan(
      task,
      wordy.map((step) => ({ ...step, provenance: { username: { source: "said" as const, text: values } } })),
    ),
  };
  expect(() => createTask(tooLarge)).toThrow(/larger than a record may be/);

  const chunks = Array.from({ length: defaults.maxOutputChunks }, (_, number) => ({
    number,
    sha256: "a".repeat(64),
    bytes: 1_048_575,
  }));
  const [target] = task.targets;
  const run = newRun(
    {
      tenantId,
      taskId: task.taskId,
      rolloutId,
      runId: runIdOf(rolloutId, 0),
      applianceId: target?.id ?? "",
      applianceName: target?.name ?? "",
      wave: 1,
      expiresAtMs: startMs,
      allowedMs: 1,
    },
    startMs,
  );
  expect(bytesOf(createRun({ ...run, chunks }))).toBeLessThan(limit * 0.6);
});
