import type { RunState } from "./run-state.ts";

export interface NewRun {
  tenantId: string;
  runId: string;
  rolloutId: string;
  taskId: string;
  applianceId: string;
  applianceName: string;
  wave: number;
  /** 1 unless it is a retry. */
  attempt?: number;
  expiresAtMs: number;
  allowedMs: number;
}

export function newRun(input: NewRun, nowMs: number): RunState {
  return {
    ...input,
    attempt: input.attempt ?? 1,
    v: 1,
    version: 1,
    status: "pending",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    steps: [],
    chunks: [],
    dueAtMs: input.expiresAtMs,
  };
}
