import type { Lane } from "@steward/contracts/names";
import type { JobStatus, Tier } from "@steward/contracts/states";
import type { Versioned } from "../versioned.ts";

/** One model inference. Queued jobs have a message in their lane (or in `escalations` for the tier `claude`). */
export interface JobState extends Versioned {
  tenantId: string;
  jobId: string;
  taskId: string;
  kind: "plan";
  status: JobStatus;
  lane: Lane;
  tier: Exclude<Tier, "matcher">;
  /** sha256 of the claim secret in the newest message. */
  secretHash: string;
  /** When the message was confirmed as sent. Absent: it may be lost. */
  sentAtMs?: number;
  /** Rises at the claim only. */
  attempt: number;
  lease?: { owner: string; claimId: string; expiresAtMs: number };
  createdAtMs: number;
  updatedAtMs: number;
  /** Past it the job fails, whatever holds it. */
  deadlineAtMs: number;
  /** The model's words, exactly. */
  output?: string;
  model?: string;
  grade?: number;
  promptTokens?: number;
  completionTokens?: number;
  latencyMs?: number;
  /** Why earlier attempts were not enough, oldest first. Shown to the person when the last one fails. `owner` held that attempt. */
  failures: { attempt: number; tier: Tier; reason: string; owner?: string }[];
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
    }
  /** The answer was not, or the model failed: the same job goes to the next tier, or again, or fails at the fifth attempt. */
  | {
      type: "fall_short";
      owner: string;
      attempt: number;
      reason: string;
      output?: string;
      model?: string;
      grade?: number;
      nextTier: Exclude<Tier, "matcher"> | undefined;
      secretHash: string;
    }
  /** Given back untouched (draining): `leased → queued`, the same tier. */
  | { type: "release"; owner: string; attempt: number; secretHash: string }
  /** The reconciler: the lease ran out, or the message may be lost; queued again under a new secret. */
  | { type: "requeue"; secretHash: string; tier?: Exclude<Tier, "matcher"> }
  /** No tier can do it, such as Claude without a key or with a bad answer: it ends here, with the reason. */
  | { type: "fail"; owner: string; attempt: number; reason: string; output?: string; model?: string; grade?: number }
  | { type: "pass_deadline" }
  | { type: "cancel" };

export type JobEffect =
  /** Put a message with the new secret into the lane or `escalations`. */
  | { type: "send" }
  /** Tell the task that no model could do it. */
  | { type: "give_up"; reason: string };
