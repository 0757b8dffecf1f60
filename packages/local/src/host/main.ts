import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSqs } from "@steward/aws/clients/sqs";
import { textLine } from "@steward/contracts/log-line";
import { resourceNames } from "@steward/contracts/names";
import {
  collectorVariable,
  entryFile,
  entryUrl,
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
  isTracedFunction,
} from "@steward/functions/definitions";
import { endWithParent, ensureCompileCache, sayReady } from "../child.ts";
import { openApiDoor } from "./door-api.ts";
import { openNodesDoor } from "./door-nodes.ts";
import { hostEnvironment } from "./env.ts";
import { followTruststore } from "./follow-truststore.ts";
import { functionEnvironment, readCredentials } from "./function-environment.ts";
import { openInvokeDoor } from "./invoke-door.ts";
import { createLambda, type Lambda } from "./lambda.ts";
import { runQueueSource } from "./queue-sources.ts";
import { runSchedule } from "./schedules.ts";
import { ensureServerCertificate } from "./server-certificate.ts";
import { waitForParameter } from "./wait-for-parameter.ts";

const truststoreEveryMs = 1_000;

/** The local Lambda host: every function in a thread, both doors, queue sources and schedules. */
endWithParent();
const environment = hostEnvironment();
const log = (message: string) => void process.stderr.write(textLine(message));
const nowMs = () => Date.now();
const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
const keysOf = readCredentials(environment.STEWARD_CREDENTIALS_FILE);
const cloud = (principal: FunctionDefinition["principal"] | "owner") => ({
  endpointUrl: environment.AWS_ENDPOINT_URL,
  region: environment.AWS_REGION,
  credentials: keysOf(principal),
});
const names = resourceNames(environment.STEWARD_STAGE);

const serverCertificate = await ensureServerCertificate(environment.STEWARD_STATE_DIR, nowMs());
const apiUrl = `http://127.0.0.1:${environment.STEWARD_API_PORT}`;
const nodesUrl = `https://127.0.0.1:${environment.STEWARD_NODES_PORT}`;
const functions = Object.fromEntries(
  functionNames.map((name) => {
    const { timeoutSeconds, concurrency } = definitions[name];
    const own = functionEnvironment(name, { host: environment, keysOf, apiUrl, nodesUrl });
    const isTraced = isTracedFunction(name) && own[collectorVariable] !== undefined;
    const lambda = createLambda({
      name,
      ...entryOf(name, isTraced),
      environment: own,
      timeoutMs: timeoutSeconds * 1000,
      concurrency,
      ...(environment.STEWARD_COMPILE_CACHE === undefined
        ? {}
        : { compileCacheDir: environment.STEWARD_COMPILE_CACHE }),
      log,
    });
    return [name, lambda];
  }),
) as Record<FunctionName, Lambda>;

// Until this stage has a CA (its first start), only the parent's direct invocations get any further than the api door.
process.on("message", (message: unknown) => {
  if (isInvocation(message)) {
    void functions[message.name].invoke(message.event).then((outcome) => process.send?.({ id: message.id, outcome }));
  } else if (isWarm(message)) {
    void warm(functionNames.filter((name) => definitions[name].hot));
  }
});
// Those that every start needs are loaded while the cloud is coming up; the rest when the parent has come to rest.
void warm(["bootstrap", "sessions", "api", "enrol", "heartbeat", "nodes"]);

const api = await openApiDoor({ functions, nowMs, port: environment.STEWARD_API_PORT });
sayReady({ event: "api", port: api.port });
const clientCa = await waitForParameter(cloud("enrol"), names.parameter("ca-certificate"));
const nodes = await openNodesDoor({
  functions,
  nowMs,
  port: environment.STEWARD_NODES_PORT,
  serverCertificate,
  clientCa,
  // A form of ours that signs somebody in with a browser's certificate comes from there.
  origins: [`http://127.0.0.1:${api.port}`, `http://localhost:${api.port}`],
});

let doorTruststore: string | undefined;
await openInvokeDoor({
  functions,
  doorTruststore: () => doorTruststore,
  stateDir: environment.STEWARD_STATE_DIR,
  stage: environment.STEWARD_STAGE,
  cloudUrl: environment.AWS_ENDPOINT_URL,
});

const stop = new AbortController();
void followTruststore({
  cloud: cloud("owner"),
  names,
  load: (pem, version) => {
    nodes.trust(pem);
    doorTruststore = version;
  },
  everyMs: truststoreEveryMs,
  signal: stop.signal,
});
for (const name of functionNames) {
  const { trigger, principal, concurrency } = definitions[name];
  if (trigger.kind === "queue") {
    void runQueueSource(
      {
        lambda: functions[name],
        sqs: createSqs(cloud(principal)),
        queueName: names.queue(trigger.queue),
        batchSize: trigger.batchSize,
        concurrency,
        ...(environment.STEWARD_VISIBILITY_SECONDS === undefined
          ? {}
          : { visibilitySeconds: environment.STEWARD_VISIBILITY_SECONDS }),
        log,
      },
      stop.signal,
    );
  }
  if (trigger.kind === "schedule") {
    const seconds: Partial<Record<FunctionName, number>> = {
      reconcile: environment.STEWARD_RECONCILE_SECONDS,
      sweep: environment.STEWARD_SWEEP_SECONDS,
      seal: environment.STEWARD_SEAL_SECONDS,
      schedule: environment.STEWARD_SCHEDULE_SECONDS,
    };
    const every = seconds[name] ?? trigger.everySeconds;
    void runSchedule(functions[name], every * 1000, stop.signal);
  }
}

sayReady({ event: "ready", apiPort: api.port, nodesPort: nodes.port });
ensureCompileCache();

/** Of what the build made there is one entry for either; of the sources the thread makes the traced one. */
function entryOf(name: FunctionName, isTraced: boolean): { entryUrl: URL; isTraced: boolean } {
  const directory = environment.STEWARD_FUNCTIONS_DIR;
  if (directory === undefined) return { entryUrl: entryUrl(name), isTraced };
  return { entryUrl: pathToFileURL(join(directory, name, entryFile(isTraced))), isTraced: false };
}

/** One after the other: on a small machine the first requests need the other core. */
async function warm(list: readonly FunctionName[]): Promise<void> {
  for (const name of list) await functions[name].warm();
}

function isWarm(message: unknown): boolean {
  return typeof message === "object" && message !== null && "warm" in message;
}

function isInvocation(message: unknown): message is { id: number; name: FunctionName; event: unknown } {
  return (
    typeof message === "object" &&
    message !== null &&
    "id" in message &&
    "name" in message &&
    functionNames.some((name) => name === message.name)
  );
}
