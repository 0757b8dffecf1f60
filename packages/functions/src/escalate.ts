import { catalogue } from "@steward/catalogue/catalogue";
import { actFor } from "@steward/aws/tenant-fence";
import { laneMessageSchema } from "@steward/contracts/job";
import { type ClaudeAccess, escalateJob } from "@steward/control/escalate-job";
import { createClaudeBreaker } from "@steward/control/claude-breaker";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";
import { env } from "./env.ts";

const { STEWARD_ANTHROPIC_URL: baseUrl, STEWARD_CLAUDE_MODEL: model } = env();
const context = createContext("escalate");
const claude: ClaudeAccess = {
  key: () => context.services.secrets.get(context.names.anthropicSecret),
  previousKey: () => context.services.secrets.get(context.names.anthropicSecret, { previous: true }),
  // Its SDK is the largest of all, and where no key is set nobody is asked.
  ask: async (question) => (await import("@steward/aws/outside/claude")).askClaude(question),
  breaker: createClaudeBreaker(context),
  ...(baseUrl === undefined ? {} : { baseUrl }),
  model,
};

/** Messages of `escalations`: asks Claude. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema: laneMessageSchema,
    log: context.log,
    work: (message) => actFor(message.tenantId, () => escalateJob({ ...context, actions: catalogue, claude }, message)),
  });
}
