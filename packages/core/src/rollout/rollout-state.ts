import type { Mode, RolloutParameters } from "@steward/contracts/plan";
import type { RolloutStatus } from "@steward/contracts/states";
import type { Versioned } from "../versioned.ts";

/** The execution of an approved plan. No counters: everything is counted from the runs. */
export interface RolloutState extends Versioned {
  tenantId: string;
  rolloutId: string;
  taskId: string;
  /** The request that it is for: the task's, or since the last round that of whoever asked for that. */
  requestId?: string;
  status: RolloutStatus;
  parameters: RolloutParameters;
  mode: Mode;
  targets: { id: string; name: string }[];
  createdAtMs: number;
  updatedAtMs: number;
  /** The plan's expiry. */
  expiresAtMs: number;
  /** Sum of the steps' timeouts and the grace. */
  allowedMs: number;
  /** As the plan has it, in the order of `targets`. Absent: one wave. */
  waveOf?: number[];
  /** Some step of the plan can be undone. */
  undoable?: true;
  /** How often it was retried or undone; absent: never. Runs say to which round their attempt belongs. */
  round?: number;
  /** What it does since the last round began; absent: what the plan says. */
  operation?: "undo";
  /** How many that were away have asked for a place: who decided to send before does not send any more. */
  lateStarts?: number;
  /** The last wave after which somebody let it go on. */
  confirmedWave?: number;
  /** Since when and why it is paused. */
  pause?: Pause;
  /** Nothing more is sent, and what was not begun is cancelled. Only a retry lifts it. */
  stop?: Stop;
  /** Why nothing is sent at the moment, for people. Written where it changes. */
  hold?: string;
  cancelReason?: string;
  result?: RolloutResult;
}

export interface Pause {
  sinceMs: number;
  by?: string;
  reason?: string;
  /** It waits for a person's word after this wave. */
  afterWave?: number;
}

export interface Stop {
  cause: "canary" | "budget" | "health";
  wave: number;
  /** A sentence for people. */
  why: string;
  atMs: number;
}

export interface RolloutResult {
  status: "succeeded" | "failed" | "simulated" | "cancelled" | "expired";
  message: string;
  counts: Record<string, number>;
  /** By wave, where there is more than one. */
  waves?: Record<string, number>[];
  stopped?: Stop["cause"];
  undone?: true;
}

export type RolloutEvent =
  /** `running → paused`: nothing more is sent; what was sent goes on. */
  | { type: "pause"; by?: string; reason?: string }
  /** `paused → running`; a wave that waited for a person's word has it. */
  | { type: "resume" }
  /** `running, paused → cancelling`: nothing more is sent; what has begun goes on. */
  | { type: "cancel"; reason?: string }
  /** `succeeded, failed → running`: once more where it failed, and where it therefore never came to. */
  | { type: "retry"; requestId?: string }
  /** `succeeded, failed, cancelled → running`: takes back what its runs have done. */
  | { type: "undo"; reason?: string; requestId?: string };
