import type { Lane } from "@steward/contracts/names";
import type { Versioned } from "../versioned.ts";

/** Which of a tenant's jobs are in a lane: the window that keeps one customer's flood out of everybody's queue. */
export interface AdmissionState extends Versioned {
  tenantId: string;
  lane: Lane;
  /** Jobs that were let in and have not been seen to leave. */
  places: Place[];
  /** Some are held back, or were when somebody last looked: a new one queues behind them. */
  holding: boolean;
  updatedAtMs: number;
}

export interface Place {
  jobId: string;
  /** Its job's deadline: a place that nobody gave back ends then, because its job has. */
  untilMs: number;
}

/** A job that wants to be let in. */
export interface Candidate {
  jobId: string;
  createdAtMs: number;
  /** Its deadline if it is let in now. */
  untilMs: number;
}
