import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { newId } from "@steward/contracts/ids";
import { contentHash, defaultRollout, executablePlan, type Plan, planHash } from "@steward/contracts/plan";
import type { RunView } from "@steward/contracts/run";
import type { Session } from "@steward/contracts/session";
import { targetsRoot } from "@steward/contracts/targets-proof";
import type { TaskView } from "@steward/contracts/task";
import type { ActionView } from "@steward/contracts/views";

export const nowMs = Date.parse("2026-11-21T10:00:00.000Z");
export const tenantId = newId("tenant", nowMs);
export const bert = { id: newId("appliance", nowMs), name: "bert" };
export const taskId = newId("task", nowMs);
const requester = { id: newId("person", nowMs), name: "Anna" };

/** A plan with right hashes; `change` happens before they are computed. */
export function planOf(change: Partial<Plan> = {}): Plan {
  const rest: Omit<Plan, "contentHash" | "planHash"> = {
    v: 1,
    tenantId,
    steps: [
      {
        action: "users.add",
        title: "Add a user",
        variables: { username: "john", groups: ["media"] },
        provenance: { username: { source: "said", text: "john" }, groups: { source: "assumed" } },
        bundle: "a".repeat(64),
        risk: "low",
        riskReasons: [],
        undo: "recorded",
        timeoutSeconds: 120,
      },
    ],
    targets: [bert.id],
    targetsRoot: targetsRoot(change.targets ?? [bert.id]),
    rollout: defaultRollout,
    releaseVersion: 1,
    mode: "apply",
    verbosity: 0,
    risk: "low",
    expiresAtMs: nowMs + 86_400_000,
    ...change,
  };
  const content = contentHash(executablePlan(rest));
  return {
    ...rest,
    contentHash: content,
    planHash: planHash({ contentHash: content, taskId, mode: rest.mode, expiresAtMs: rest.expiresAtMs }),
  };
}

export function taskOf(change: Partial<TaskView> = {}): TaskView {
  return {
    id: taskId,
    tenantId,
    kind: "action",
    status: "queued",
    version: 1,
    instruction: "add user john",
    mode: "apply",
    requestedBy: requester,
    targets: [bert],
    createdAt: new Date(nowMs).toISOString(),
    updatedAt: new Date(nowMs).toISOString(),
    ...change,
  };
}

export function runOf(change: Partial<RunView> = {}): RunView {
  return {
    id: `run_${newId("rollout", nowMs).slice(4)}0000`,
    applianceId: bert.id,
    applianceName: bert.name,
    wave: 0,
    attempt: 1,
    status: "running",
    executor: "ansible",
    steps: [],
    startedAt: new Date(nowMs).toISOString(),
    ...change,
  };
}

export const needsApproval = {
  decision: "needs_approval" as const,
  reasons: [{ rule: "confirm_words", decision: "needs_approval" as const, why: "the plan came from words" }],
  approver: "requester" as const,
};

export function sessionOf(accessToken: string, refreshToken: string, lastsMs = 3_600_000): Session {
  return {
    accessToken,
    accessTokenExpiresAt: new Date(Date.now() + lastsMs).toISOString(),
    refreshToken,
    refreshTokenExpiresAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    principal: { kind: "person", ...requester, grants: [{ tenant: tenantId, role: "admin" }] },
  };
}

export const usersAdd: ActionView = {
  id: "users.add",
  title: "Add a user",
  kind: "state",
  variables: {
    type: "object",
    properties: { username: { type: "string" }, groups: { type: "array", items: { type: "string" } } },
    required: ["username"],
  },
  risk: { base: "low", rules: [] },
  undo: "recorded",
  examples: ["add user {username}"],
  timeoutSeconds: 120,
};

/** Output in chunks as an appliance uploads it. */
export function chunksOf(parts: readonly string[], storageUrl: string) {
  const stored = new Map<string, Uint8Array>();
  const chunks = parts.map((part, number) => {
    const bytes = gzipSync(part);
    stored.set(`/storage/${number}`, bytes);
    return { number, sha256: sha256(bytes), bytes: bytes.byteLength, url: `${storageUrl}/storage/${number}` };
  });
  const whole = Buffer.from(parts.join(""));
  return { stored, chunks, sha256: sha256(whole), bytes: whole.byteLength };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
