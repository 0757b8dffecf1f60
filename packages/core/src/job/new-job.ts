import { defaults } from "@steward/contracts/defaults";
import type { Lane } from "@steward/contracts/names";
import type { JobKind, JobState } from "./job-state.ts";

/** A short lane's deadline leaves no minute to find out that a message was lost. */
export function resendAfterMsOf(lane: Lane): number {
  return Math.min(defaults.resendAfterSeconds, defaults.laneSloSeconds[lane]) * 1000;
}

export interface NewJob {
  tenantId: string;
  jobId: string;
  taskId: string;
  /** A plan, unless it says otherwise. */
  kind?: JobKind;
  lane: Lane;
  predictedSeconds?: number;
  tier: JobState["tier"];
  secretHash: string;
  /** The worker whose own queue it goes to. */
  workerId?: string;
  /** Another deadline than its lane's. */
  deadlineSeconds?: number;
}

/** A job whose message is still to be sent. */
export function newJob(input: NewJob, nowMs: number): JobState {
  const { deadlineSeconds = defaults.jobDeadlineSeconds[input.lane], ...job } = input;
  const deadlineAtMs = nowMs + deadlineSeconds * 1000;
  return {
    kind: "plan",
    ...job,
    v: 1,
    version: 1,
    status: "queued",
    ...(job.tier === "ollama" ? { admittedAtMs: nowMs } : {}),
    attempt: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    deadlineAtMs,
    dueAtMs: Math.min(deadlineAtMs, nowMs + resendAfterMsOf(input.lane)),
    failures: [],
  };
}
