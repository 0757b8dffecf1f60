import { randomBytes } from "node:crypto";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { credentialsSchema } from "@steward/local/cloud/authorize";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { writeCredentials } from "@steward/local/credentials";
import { openApiDoor } from "@steward/local/host/door-api";
import { parseHostEnvironment } from "@steward/local/host/env";
import { functionEnvironment, readCredentials } from "@steward/local/host/function-environment";
import { createLambda, type Lambda, type Outcome } from "@steward/local/host/lambda";
import { entryUrl, type FunctionName, functionDefinitions, functionNames } from "@steward/functions/definitions";
import { resourceNames } from "@steward/contracts/names";
import type { Grant } from "@steward/contracts/permissions";

const region = "eu-central-1";

/** A stage as it is on AWS after the deploys: its resources, its functions behind Lambda's own API, nothing set up yet. */
export interface LambdaStage {
  stage: string;
  cloud: Cloud;
  apiUrl: string;
  /** What somebody's shell has who works on that stage with his own credentials. */
  env: Record<string, string>;
  operator: { accessKeyId: string; secretAccessKey: string };
  /** Steps that `bootstrap` was asked for and has carried out, in order. */
  steps: string[];
  /** Runs before a step does. */
  before: (step: string) => Promise<void> | void;
  /** With `lose` the function has run, and nobody hears what it answers. */
  after: (step: string) => "answer" | "lose";
  close(): Promise<void>;
}

export async function startLambdaStage(stage: string, grants: Grant[]): Promise<LambdaStage> {
  const folder = mkdtempSync(join(tmpdir(), "steward-lambda-stage-"));
  const credentialsFile = join(folder, "credentials.json");
  writeCredentials(credentialsFile, stage);
  const operator = { accessKeyId: "LOCALOPERATOR", secretAccessKey: randomBytes(30).toString("base64url") };
  const parts = credentialsSchema.parse(JSON.parse(readFileSync(credentialsFile, "utf8")));
  const cloud = await startCloud({
    stateDir: join(folder, "cloud"),
    stage,
    credentials: [...parts, { ...operator, principal: "operator", grants }],
  });
  const functions = startFunctions(stage, cloud.endpoint, credentialsFile, folder);
  const api = await openApiDoor({ functions, nowMs: () => Date.now(), port: 0 });
  const lambda = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const wanted = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? "")?.[1];
      const name = functionNames.find((one) => resourceNames(stage).lambda(one) === wanted);
      const refuse = (status: number, type: string) => {
        response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
        response.end(JSON.stringify({ Type: "User", Message: `${type}: ${wanted}` }));
      };
      if (name === undefined) return refuse(404, "ResourceNotFoundException");
      const event = JSON.parse(body.toString("utf8")) as { step?: string };
      await started.before(event.step ?? "");
      const outcome = await functions[name].invoke(event);
      if (outcome.kind === "throttled") return refuse(429, "TooManyRequestsException");
      started.steps.push(event.step ?? "");
      if (started.after(event.step ?? "") === "lose") return void request.socket.destroy();
      const { payload, error } = answerOf(outcome);
      response.writeHead(200, {
        "content-type": "application/json",
        ...(error === undefined ? {} : { "x-amz-function-error": error }),
      });
      response.end(JSON.stringify(payload));
    })();
  });
  await new Promise<void>((resolve) => lambda.listen(0, "127.0.0.1", resolve));
  const started: LambdaStage = {
    stage,
    cloud,
    operator,
    apiUrl: `http://127.0.0.1:${api.port}`,
    env: {
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: operator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
    },
    steps: [],
    before: () => undefined,
    after: () => "answer",
    close: async () => {
      await Promise.all([end(lambda), end(api.server)]);
      await Promise.all(Object.values(functions).map((one) => one.close()));
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return started;
}

/** As Lambda tells it: an exception's message and nothing else of it. */
function answerOf(outcome: Exclude<Outcome, { kind: "throttled" }>): { payload: unknown; error?: string } {
  switch (outcome.kind) {
    case "result":
      return { payload: outcome.result ?? null };
    case "failed":
      return { payload: { errorType: "Error", errorMessage: messageOf(outcome.error) }, error: "Unhandled" };
    case "timed_out":
      return { payload: { errorMessage: "Task timed out" }, error: "Unhandled" };
    default:
      return outcome satisfies never;
  }
}

/** The local host tells a stack, which begins with the message. */
function messageOf(stack: string): string {
  return stack.replace(/\n {4}at [\s\S]*$/, "").replace(/^\w*Error: /, "");
}

function startFunctions(
  stage: string,
  cloudUrl: string,
  credentialsFile: string,
  stateDir: string,
): Record<FunctionName, Lambda> {
  const host = parseHostEnvironment({
    STEWARD_STATE_DIR: stateDir,
    STEWARD_STAGE: stage,
    STEWARD_CREDENTIALS_FILE: credentialsFile,
    AWS_ENDPOINT_URL: cloudUrl,
    AWS_REGION: region,
    STEWARD_API_PORT: "0",
    STEWARD_NODES_PORT: "0",
  });
  const keysOf = readCredentials(credentialsFile);
  return Object.fromEntries(
    functionNames.map((name) => {
      const lambda = createLambda({
        name,
        entryUrl: entryUrl(name),
        environment: functionEnvironment(name, {
          host,
          keysOf,
          apiUrl: "http://127.0.0.1:1",
          nodesUrl: "https://127.0.0.1:1",
        }),
        timeoutMs: functionDefinitions[name].timeoutSeconds * 1000,
        concurrency: 10,
        compileCacheDir: join(tmpdir(), "steward-test-compiled"),
        log: () => undefined,
      });
      return [name, lambda];
    }),
  ) as Record<FunctionName, Lambda>;
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
