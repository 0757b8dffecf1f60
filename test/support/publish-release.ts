import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { functionEnvironment, readCredentials } from "../../packages/local/src/host/function-environment.ts";
import { parseHostEnvironment } from "../../packages/local/src/host/env.ts";
import { createLambda, type Outcome } from "../../packages/local/src/host/lambda.ts";
import type { Installation } from "./installation.ts";

/** Asks the built `bootstrap` in `directory` to publish once: the release that lies beside it. */
export async function publishFrom({ stack }: Pick<Installation, "stack">, directory: string): Promise<Outcome> {
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
  const lambda = createLambda({
    name: "bootstrap",
    entryUrl: pathToFileURL(join(directory, "index.mjs")),
    environment: functionEnvironment("bootstrap", { host, keysOf, apiUrl: stack.apiUrl, nodesUrl: stack.nodesUrl }),
    timeoutMs: 20_000,
    concurrency: 1,
    log: () => undefined,
  });
  try {
    return await lambda.invoke({ step: "publish" });
  } finally {
    await lambda.close();
  }
}
