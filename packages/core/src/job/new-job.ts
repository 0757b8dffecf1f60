import { defaults } from "@steward/contracts/defaults";
import type { Lane } from "@steward/contracts/names";
import type { JobKind, JobState } from "./job-state.ts";

/** A short lane's deadline leaves no minute to find out that a message was lost, or that nobody has asked for its place. */
export function resendAfterMsOf(lane: Lane): number {
  return Math.min(defaults.resendAfterSeconds, defaults.laneSloSeconds[lane]) * 1000;
}

export interface NewJob {
  tenantId: string;
  jobId: string;
  taskId: string;
  requestId?: string;
  /** A plan, unless it says otherwise. */
  kind?: JobKind;
  lane: Lane;
  predictedSeconds?: number;
  expectedTokens?: number;
  tier: JobState["tier"];
  secretHash: string;
  /** The worker whose own queue it goes to. */
  workerId?: string;
  /** Another deadline than its lane's. */
  deadlineSeconds?: number | undefined;
  /** How long it takes until a worker is there for it: comes on top. */
  waitSeconds?: number | undefined;
  /** Its tenant's window has no room: it waits for a place in its lane. */
  heldBack?: true;
}

/** A job whose message is still to be sent, at once or when it is let into its lane. */
export function newJob(input: NewJob, nowMs: number): JobState {
  const { deadlineSeconds = defaults.jobDeadlineSeconds[input.lane], waitSeconds = 0, heldBack, ...job } = input;
  const allowedMs = (deadlineSeconds + waitSeconds) * 1000;
  const deadlineAtMs = nowMs + (heldBack === true ? defaults.heldBackSeconds * 1000 : allowedMs);
  return {
    kind: "plan",
    ...job,
    v: 1,
    version: 1,
    status: "queued",
    ...(job.tier !== "ollama" ? {} : heldBack === true ? { allowedMs } : { admittedAtMs: nowMs }),
    attempt: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    deadlineAtMs,
    dueAtMs: Math.min(deadlineAtMs, nowMs + resendAfterMsOf(input.lane)),
    failures: [],
  };
}

/** The latest that a job of this age can still be at work: what its task has to wait for. */
export function lastDeadlineOf(job: JobState): number {
  // Claude's own time, begun by whoever looks at deadlines, once a minute.
  return job.deadlineAtMs + (job.allowedMs ?? 0) + defaults.overtimeSeconds * 1000 + 60_000;
}
