import { providerTenantId } from "@steward/contracts/ids";
import { failedFor } from "../job/failure-cause.ts";
import type { JobFailure } from "../job/job-state.ts";

const steps =
  "start Ollama with a model on a worker (ollama pull llama3.2:3b), or set a Claude key: steward secrets set anthropic";

/**
 * How to get a model, where there was none: not where one has read it, where the budget is used up, or where Anthropic does
 * not answer. It is the provider's work, so a customer is told so; on one's own machine both are the same person.
 */
export function howToConnect(whatFor: string, tenantId: string, failures: readonly JobFailure[]): string[] {
  const isKeyless = failures.some((failure) => failedFor(failure, "no_claude_key"));
  const wasRead = failures.some(({ grade }) => grade !== undefined);
  if (!isKeyless || wasRead) return [];
  if (tenantId === providerTenantId) return [`For a model that ${whatFor}, ${steps}`];
  return [`Your provider can connect a model that ${whatFor}. Whoever runs Steward: ${steps}`];
}
