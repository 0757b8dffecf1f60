import type { ClaudeAnswer } from "@steward/aws/outside/claude";
import { createProviderBreaker, type ProviderBreaker } from "@steward/core/provider/provider-breaker";
import type { Context } from "./context.ts";

/** So many answers in a row that tell of an outage, and Anthropic is left alone for a while. */
const outages = 3;

/** Of one process: an instance of the escalation function finds out for itself, and forgets it when it ends. */
export function createClaudeBreaker(deps: Pick<Context, "nowMs" | "log">): ProviderBreaker<ClaudeAnswer> {
  return createProviderBreaker<ClaudeAnswer>({
    isOutage: (answer) => answer.kind === "failed" && answer.outage,
    outages,
    nowMs: deps.nowMs,
    onChange: (state) => deps.log(state === "down" ? "warn" : "info", `claude_${state}`, {}),
  });
}
