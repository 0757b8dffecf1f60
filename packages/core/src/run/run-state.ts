import type { chunkSchema, ExecutorName, OutputManifest, StepResult } from "@steward/contracts/run";
import type { SignedDocument } from "@steward/contracts/signed";
import type { RunStatus } from "@steward/contracts/states";
import type { z } from "zod";
import type { Versioned } from "../versioned.ts";

/** An attempt that was followed by another one. */
export interface EarlierAttempt {
  attempt: number;
  operation?: "undo";
  status: RunStatus;
  reason?: string;
  startedAtMs?: number;
  endedAtMs?: number;
}

/** One appliance's share of a rollout. */
export interface RunState extends Versioned {
  tenantId: string;
  runId: string;
  rolloutId: string;
  taskId: string;
  applianceId: string;
  applianceName: string;
  wave: number;
  /** How many runs the rollout has: of many, one is no reason to count them all. */
  of?: number;
  /** Rises with every retry and undo. */
  attempt: number;
  status: RunStatus;
  /** What this attempt is for; absent: to do what the plan says. It stays after the end. */
  operation?: "undo";
  /** The rollout's round in which this attempt was asked for: asking again in the same round changes nothing. */
  round?: number;
  /** How the attempts before this one ended, newest last. */
  earlier?: EarlierAttempt[];
  createdAtMs: number;
  updatedAtMs: number;
  /** The plan's expiry: a run that has not started by then never does. */
  expiresAtMs: number;
  /** Sum of the steps' timeouts and the grace: how long a started run may take. */
  allowedMs: number;
  /** The request that the current attempt is for, from when it is sent. */
  requestId?: string;
  /** Of the moment that it is sent; stored beside the run and not in it. */
  envelope?: SignedDocument;
  /** When the current attempt was sent. Absent: it was not. */
  sentAtMs?: number;
  /** The last time the doorbell was rung. */
  rungAtMs?: number;
  /** How often it was rung for this attempt, and how often SSM did not take the ring. */
  rings?: number;
  ringsRefused?: number;
  /** Its appliance was away, is back, and was last told then that there is no place: the next one is its. */
  askedAtMs?: number;
  /** The ledger entry that was told to start. */
  ledgerId?: string;
  executor?: ExecutorName;
  startedAtMs?: number;
  endedAtMs?: number;
  deadlineAtMs?: number;
  steps: StepResult[];
  /** Chunks whose place was given out, in order of number. */
  chunks: z.infer<typeof chunkSchema>[];
  output?: OutputManifest;
  reason?: string;
}

export type RunEvent =
  /**
   * `pending → sent`, with the signed envelope (`undoing` stays so). Again for the same attempt: nothing changes. One that
   * was signed for another `attempt` is refused (`stale_attempt`): whoever sends may have read the run before a retry.
   */
  | { type: "send"; envelope: SignedDocument; attempt?: number; requestId?: string }
  | { type: "ring"; refused?: boolean }
  /** Its appliance asked to start and there is no place (`judgeLateStart`). Again within two minutes: nothing changes. */
  | { type: "await_place" }
  /** `sent → running` (`undoing` stays so). The same ledger id again gets the same answer; another one is refused (`stale_attempt`). */
  | { type: "start"; attempt: number; ledgerId: string; executor: ExecutorName }
  /** The place of one output chunk was given out. */
  | { type: "chunk"; attempt: number; ledgerId: string; chunk: z.infer<typeof chunkSchema> }
  /**
   * How it ended; also corrects `unreachable`. An undo that `succeeded` makes the run `undone`. The same result again changes
   * nothing.
   */
  | {
      type: "result";
      attempt: number;
      ledgerId: string;
      executor: ExecutorName;
      status: "succeeded" | "failed" | "simulated";
      reason?: string;
      steps: StepResult[];
      output?: OutputManifest;
    }
  /** Past its deadline without a result: `running, undoing → unreachable`. Unreachable for a day: `failed`. */
  | { type: "pass_deadline" }
  /** Not started by the plan's expiry: `pending, sent → expired`, `undoing → failed`. */
  | { type: "expire" }
  /** `pending, sent → cancelled`, `undoing → failed`; a started run goes on, and so does another `attempt` than is meant. */
  | { type: "cancel"; reason?: string; attempt?: number }
  /** Once more: `failed, cancelled, undone → pending`. Again in the same round: nothing changes. */
  | { type: "retry"; round: number }
  /** Take back what this run has done: `succeeded, failed, cancelled → undoing`. Again in the same round: nothing changes. */
  | { type: "begin_undo"; round: number };

export type RunEffect = { type: "advance_rollout" } | { type: "forget_doorbell" };
