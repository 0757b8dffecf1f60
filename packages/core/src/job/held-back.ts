import { jobHasEnded } from "@steward/contracts/states";
import type { JobState } from "./job-state.ts";

/** It waits for a place in its lane, and has no message. */
export function isHeldBack(job: Pick<JobState, "status" | "tier" | "admittedAtMs" | "sentAtMs">): boolean {
  // A message of before there was a window is out: it is not held back any more.
  return (
    job.status === "queued" && job.tier === "ollama" && job.admittedAtMs === undefined && job.sentAtMs === undefined
  );
}

/** It is in its lane: queued there, or taken from there. */
export function holdsPlace(job: Pick<JobState, "status" | "tier" | "admittedAtMs">): boolean {
  return !jobHasEnded(job.status) && job.tier === "ollama" && job.admittedAtMs !== undefined;
}
