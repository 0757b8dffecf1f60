import type { Planning, TierUse } from "@steward/contracts/task";
import type { AttemptCost, JobFailure, JobState } from "./job-state.ts";

/** What an ended job says of how its task was thought about: by the last tier, and by each that was asked. */
export function planningOf(job: JobState): Planning {
  const { tier, model, grade, promptTokens, completionTokens, attempt, costUsd } = job;
  const last = job.status === "succeeded" ? job : job.failures.at(-1);
  return {
    tier,
    latencyMs: last?.latencyMs ?? 0,
    attempts: attempt,
    ...(model === undefined ? {} : { model }),
    ...(grade === undefined ? {} : { grade }),
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(job.failures.length === 0 ? {} : { tiers: tierUses(job) }),
  };
}

function tierUses(job: JobState): TierUse[] {
  const uses = new Map<string, TierUse>();
  const add = (one: AttemptCost & Pick<JobFailure, "tier" | "model"> & { fellShort?: string }) => {
    const { fellShort: _before, ...known } = uses.get(one.tier) ?? { tier: one.tier, attempts: 0, latencyMs: 0 };
    uses.set(one.tier, {
      ...known,
      attempts: known.attempts + 1,
      latencyMs: known.latencyMs + (one.latencyMs ?? 0),
      ...(one.model === undefined ? {} : { model: one.model }),
      ...sum("promptTokens", known, one),
      ...sum("completionTokens", known, one),
      ...sum("costUsd", known, one),
      ...(one.fellShort === undefined ? {} : { fellShort: one.fellShort }),
    });
  };
  for (const failure of job.failures) add({ ...failure, fellShort: failure.reason });
  if (job.status === "succeeded") {
    const failed = job.failures.reduce((total, one) => total + (one.costUsd ?? 0), 0);
    const { costUsd, ...rest } = job;
    add({ ...rest, ...(costUsd === undefined ? {} : { costUsd: Math.max(0, costUsd - failed) }) });
  }
  return [...uses.values()];
}

function sum(name: "promptTokens" | "completionTokens" | "costUsd", one: AttemptCost, other: AttemptCost): AttemptCost {
  const both = [one[name], other[name]].filter((value) => value !== undefined);
  return both.length === 0 ? {} : { [name]: both.reduce((total, value) => total + value, 0) };
}
