import type { Tier } from "@steward/contracts/states";
import type { JobState } from "../job/job-state.ts";

export type Shortfall = "low_grade" | "model_error" | "model_unavailable" | "model_timeout";

/**
 * Where a job goes whose tier fell short: another tier, or `undefined` for the same one again. A model that answered
 * badly will answer badly again, and one that was silent has eaten the time: both move on at once. A model that broke
 * or was away gets one more try (another worker may take it).
 */
export function nextTier(job: JobState, shortfall: Shortfall): Exclude<Tier, "matcher"> | undefined {
  if (job.tier === "claude") return undefined;
  if (shortfall === "low_grade" || shortfall === "model_timeout") return "claude";
  const earlier = job.failures.filter((failure) => failure.tier === job.tier).length;
  return earlier >= 1 ? "claude" : undefined;
}
