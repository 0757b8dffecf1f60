import type { RunSecretStatus } from "@steward/contracts/run-secret";
import type { Versioned } from "../versioned.ts";

/** A secret that an appliance made for a step of a run. The value is in Secrets Manager, under a name made of these ids. */
export interface RunSecretState extends Versioned {
  tenantId: string;
  taskId: string;
  runId: string;
  /** `1-0-password`: attempt, step, name. */
  ref: string;
  attempt: number;
  step: number;
  name: string;
  action: string;
  applianceId: string;
  applianceName: string;
  status: RunSecretStatus;
  createdAtMs: number;
  updatedAtMs: number;
  /** Until then it can be opened; before it is offered: until then somebody may still say that it was used. */
  expiresAtMs: number;
  recipientId?: string;
  unsure?: boolean;
  openedBy?: string;
  openedAtMs?: number;
  /** sha256 of the opening's key: the same opening may be answered again. */
  keyHash?: string;
  /** The value is gone. */
  removedAtMs?: number;
}

export type RunSecretEvent =
  /** The playbook said that it used it, or (`unsure`) was cut off before it could say: `stored → waiting`. */
  | { type: "offer"; recipientId?: string; unsure: boolean }
  /** The step ended without it: `stored → expired`. */
  | { type: "drop" }
  /** `waiting → opened`; the same person with the same key again gets the same answer for a while. */
  | { type: "open"; by: string; keyHash: string }
  /** Its time is over: `stored, waiting → expired`. */
  | { type: "expire" }
  /** Its value was deleted. */
  | { type: "removed" };
