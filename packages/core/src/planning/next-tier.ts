import type { JobFailure, JobState } from "../job/job-state.ts";

/** Why an attempt was not enough. */
export type Shortfall =
  /** Its words could not be used: no JSON, cut off, an action or a variable that there is not. */
  | "bad_form"
  /** They could, and do not say what was asked for. */
  | "low_grade"
  | "model_error"
  | "model_unavailable"
  | "model_timeout";

/**
 * What customers are told of a worker that could not. What it says itself names addresses and machines of the provider's.
 */
export const workerFell: Record<Exclude<Shortfall, "bad_form" | "low_grade">, string> = {
  model_error: "the model failed",
  model_unavailable: "the model was not available",
  model_timeout: "the model did not answer in time",
};

interface Retry {
  /** How often the same tier tries once more. */
  again: number;
  /** What is different about the next try. Without a difference there is no use in one. */
  by?: "repair" | "time" | "another worker";
  /** What comes after that. */
  after: JobState["tier"] | "end";
}

/**
 * Whether a tier gets another try, and why that could help. A model at temperature 0 repeats itself, so each try changes
 * something: the question (the fault of form is named), the worker, or the time. A model that has misread a request is not
 * told what it left out: it would make that up. One that was silent has eaten the time.
 */
export const retryTable: Record<JobState["tier"], Record<Shortfall, Retry>> = {
  ollama: {
    bad_form: { again: 1, by: "repair", after: "claude" },
    low_grade: { again: 0, after: "claude" },
    model_error: { again: 1, by: "another worker", after: "claude" },
    model_unavailable: { again: 1, by: "another worker", after: "claude" },
    model_timeout: { again: 0, after: "claude" },
  },
  claude: {
    // Its answer is held to the schema, and no tier after it reads better: the same question again costs the same and brings the same.
    bad_form: { again: 0, after: "end" },
    low_grade: { again: 0, after: "end" },
    // An outage or a rate limit passes. The job's five attempts and its deadline end it.
    model_error: { again: Number.POSITIVE_INFINITY, by: "time", after: "end" },
    model_unavailable: { again: Number.POSITIVE_INFINITY, by: "time", after: "end" },
    model_timeout: { again: 0, after: "end" },
  },
};

export type NextTry = { kind: "try"; tier: JobState["tier"]; repairs: boolean } | { kind: "end" };

/** Where a job goes whose tier fell short. All earlier failures of the tier count: a job is not tried once for each fault. */
export function nextTry(
  job: Pick<JobState, "tier"> & { failures: Pick<JobFailure, "tier">[] },
  shortfall: Shortfall,
): NextTry {
  const retry = retryTable[job.tier][shortfall];
  const earlier = job.failures.filter((failure) => failure.tier === job.tier).length;
  if (earlier < retry.again) return { kind: "try", tier: job.tier, repairs: retry.by === "repair" };
  return retry.after === "end" ? { kind: "end" } : { kind: "try", tier: retry.after, repairs: false };
}
