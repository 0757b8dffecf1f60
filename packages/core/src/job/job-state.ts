import type { Lane } from "@steward/contracts/names";
import type { JobStatus, Tier } from "@steward/contracts/states";
import type { Versioned } from "../versioned.ts";

/** One model inference. Queued jobs have a message in their lane (or in `escalations` for the tier `claude`). */
export interface JobState extends Versioned {
  tenantId: string;
  jobId: string;
  taskId: string;
  /** The task's. */
  requestId?: string;
  /** What is asked for: a plan's steps, or words. */
  kind: JobKind;
  status: JobStatus;
  lane: Lane;
  /** How long it was expected to take a worker when it was made: what chose its lane. */
  predictedSeconds?: number;
  /** How long its answer was expected to be: what its real length is held against, for the next prediction. */
  expectedTokens?: number;
  tier: Exclude<Tier, "matcher">;
  /** sha256 of the claim secret in the newest message. */
  secretHash: string;
  /**
   * When its tenant's window let it into its lane. Absent on a job for workers that is queued: it is held back and has no
   * message. Records from before there was a window have a message where they have `sentAtMs`.
   */
  admittedAtMs?: number;
  /** When the message was confirmed as sent. Absent: it may be lost. */
  sentAtMs?: number;
  /** The worker that it was given to: its message is in that worker's own queue. Absent: in its lane. */
  workerId?: string;
  /** Rises at the claim only. */
  attempt: number;
  lease?: { owner: string; claimId: string; expiresAtMs: number };
  /** When the current attempt, or the last one, was claimed. */
  startedAtMs?: number;
  createdAtMs: number;
  updatedAtMs: number;
  /** Past it no tier has it any more, whatever holds it. While it is held back: how long it waits to be let in. */
  deadlineAtMs: number;
  /** How long it may take once it is let in. Absent where it was let in at once. */
  allowedMs?: number;
  /** When Claude's turn came with too little of its time left, or none: it got some more. */
  overtimeAtMs?: number;
  /** The model's words, exactly. */
  output?: string;
  model?: string;
  grade?: number;
  promptTokens?: number;
  completionTokens?: number;
  latencyMs?: number;
  /** What was wrong with the form of the last answer: the next attempt is told. */
  repair?: string;
  /** Of all attempts together, in US dollars. Absent: nothing that is paid for by the token. */
  costUsd?: number;
  /** Why earlier attempts were not enough, oldest first. Shown to the person when the last one fails. */
  failures: JobFailure[];
}

export type JobKind = "plan" | "answer";

/** An attempt that was not enough. */
export interface JobFailure extends AttemptCost {
  attempt: number;
  tier: Tier;
  /** In words that whoever asked may read: nothing of the provider's machines is in them. */
  reason: string;
  cause?: FailureCause;
  /** What the machine said itself: for the provider's staff alone. */
  staffDetail?: string;
  /** Who held the attempt. */
  owner?: string;
  model?: string;
  grade?: number;
}

/** Why it was not, where the job's way hangs on it: of any other reason only the words are kept. */
export type FailureCause = "silent" | "no_claude_key";

/** What an attempt took, as far as that is known. */
export interface AttemptCost {
  latencyMs?: number;
  promptTokens?: number;
  completionTokens?: number;
  costUsd?: number;
}

export type JobEvent =
  /** The message is out. */
  | { type: "sent" }
  /** `queued → leased`, also from a lease that ran out. The same claimId by the same owner changes nothing. */
  | { type: "claim"; owner: string; claimId: string; leaseMs: number }
  /** Tokens arrived: the lease ends later, never past the deadline. Only for the current attempt. */
  | { type: "progress"; owner: string; attempt: number; leaseMs: number }
  /** The answer was good enough. */
  | {
      type: "succeed";
      owner: string;
      attempt: number;
      output: string;
      model: string;
      grade: number;
      promptTokens: number;
      completionTokens: number;
      latencyMs: number;
      costUsd?: number;
    }
  /** The answer was not, or the model failed: the same job goes to the next tier, or again, or fails at the fifth attempt. */
  | ({
      type: "fall_short";
      nextTier: Exclude<Tier, "matcher"> | undefined;
      repair?: string;
      secretHash: string;
    } & FallenShort)
  /** Given back untouched (draining): `leased → queued`, the same tier. */
  | { type: "release"; owner: string; attempt: number; secretHash: string }
  /** The reconciler: the lease ran out, or the message may be lost; queued again under a new secret. */
  | {
      type: "requeue";
      secretHash: string;
      tier?: Exclude<Tier, "matcher">;
      /** The worker that it was given to does not take it: it goes to its lane. */
      toLane?: true;
    }
  /** Its tenant's window has room: it goes into its lane under a new secret, and its time begins. */
  | { type: "admit"; secretHash: string }
  /** It waits in this worker's own queue instead of its lane. */
  | { type: "target"; workerId: string; secretHash: string }
  /** No tier can do it, such as Claude without a key or with a bad answer: it ends here, with the reason. */
  | ({ type: "fail" } & FallenShort)
  /** Its time is over. With a secret it goes on to Claude, where that has not had its turn. */
  | { type: "pass_deadline"; secretHash?: string }
  | { type: "cancel" };

interface FallenShort extends AttemptCost {
  owner: string;
  attempt: number;
  reason: string;
  cause?: FailureCause;
  staffDetail?: string;
  output?: string;
  model?: string;
  grade?: number;
}

export type JobEffect =
  /** Put a message with the new secret into the lane or `escalations`. */
  | { type: "send" }
  /** It has no place in its lane: ask its tenant's window for one. */
  | { type: "ask_for_place" }
  /** Tell the task that no model could do it. */
  | { type: "give_up"; reason: string };
