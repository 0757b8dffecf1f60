import { askClaude } from "@steward/aws/outside/claude";
import { laneMessageSchema } from "@steward/contracts/job";
import { escalateJob } from "@steward/control/escalate-job";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";
import { env } from "./env.ts";

const { STEWARD_ANTHROPIC_URL: baseUrl, STEWARD_CLAUDE_MODEL: model } = env();
const context = createContext("escalate");
const deps = {
  ...context,
  claude: {
    key: () => context.services.secrets.get(context.names.anthropicSecret),
    ask: askClaude,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(model === undefined ? {} : { model }),
  },
};

/** Messages of `escalations`: asks Claude. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema: laneMessageSchema,
    log: context.log,
    work: (message) => escalateJob(deps, message),
  });
}
