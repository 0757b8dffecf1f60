import type { FailureCause, JobFailure } from "./job-state.ts";

/** What whoever asked reads of a cause that decides something. */
export const causeSays: Record<FailureCause, string> = {
  silent: "the worker went silent",
  no_claude_key: "no Claude key is set",
};

/** Records from before there were causes have the sentence alone. */
export function failedFor({ cause, reason }: Pick<JobFailure, "cause" | "reason">, asked: FailureCause): boolean {
  return cause === asked || (cause === undefined && reason === causeSays[asked]);
}
