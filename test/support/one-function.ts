import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { FunctionName } from "@steward/functions/definitions";
import { functionEnvironment, readCredentials } from "../../packages/local/src/host/function-environment.ts";
import { parseHostEnvironment } from "../../packages/local/src/host/env.ts";
import { createLambda, type Lambda } from "../../packages/local/src/host/lambda.ts";
import type { Installation } from "./installation.ts";

/** One built function, in a thread of its own beside the installation's. */
export function startFunction(
  { stack }: Pick<Installation, "stack">,
  { name, entry, environment = {} }: { name: FunctionName; entry: string; environment?: Record<string, string> },
): Lambda {
  const host = parseHostEnvironment({
    STEWARD_STATE_DIR: stack.stateDir,
    STEWARD_STAGE: stack.stage,
    STEWARD_CREDENTIALS_FILE: join(stack.stateDir, "credentials.json"),
    AWS_ENDPOINT_URL: stack.cloudUrl,
    AWS_REGION: "eu-central-1",
    STEWARD_API_PORT: "0",
    STEWARD_NODES_PORT: "0",
  });
  const keysOf = readCredentials(host.STEWARD_CREDENTIALS_FILE);
  const { apiUrl, nodesUrl } = stack;
  return createLambda({
    name,
    entryUrl: pathToFileURL(entry),
    environment: { ...functionEnvironment(name, { host, keysOf, apiUrl, nodesUrl }), ...environment },
    timeoutMs: 20_000,
    concurrency: 1,
    log: () => undefined,
  });
}
