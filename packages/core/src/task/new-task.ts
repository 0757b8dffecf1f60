import { defaults } from "@steward/contracts/defaults";
import type { RolloutRequest } from "@steward/contracts/plan";
import type { TaskState } from "./task-state.ts";

/** Long enough for everything below a task to miss its own deadline first and to be dealt with. */
export const slackMs = 60_000;
/** The longest that planning a task may take in the lanes that plans use. */
export const thinkingMs = defaults.jobDeadlineSeconds.standard * 1000 + slackMs;

export interface NewTask {
  tenantId: string;
  taskId: string;
  kind: TaskState["kind"];
  /** A new one where nobody called. */
  requestId: string;
  instruction?: string;
  requestedBy: TaskState["requestedBy"];
  source?: NonNullable<TaskState["source"]>;
  schedule?: NonNullable<TaskState["schedule"]>;
  recipientId?: string;
  confirm?: true;
  targets: TaskState["targets"];
  mode: TaskState["mode"];
  verbosity: number;
  rollout?: RolloutRequest;
  previewOf?: string;
}

/** A task as it is accepted: `queued`. */
export function newTask(input: NewTask, nowMs: number): TaskState {
  return {
    ...input,
    v: 1,
    version: 1,
    status: "queued",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    dueAtMs: nowMs + thinkingMs,
  };
}
