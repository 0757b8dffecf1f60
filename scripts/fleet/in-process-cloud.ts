import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { resourceNames } from "@steward/contracts/names";
import { type PrincipalName, permissions } from "@steward/contracts/permissions";
import { type FunctionName, functionDefinitions } from "@steward/functions/definitions";
import { localAccount } from "@steward/local/account";
import { callerOf } from "@steward/local/cloud/authorize";
import { createDynamoDb } from "@steward/local/cloud/dynamodb";
import { startDynamoDbEngine } from "@steward/local/cloud/dynamodb-engine";
import { type Journal, openJournal } from "@steward/local/cloud/journal";
import { createKms } from "@steward/local/cloud/kms";
import { createResources } from "@steward/local/cloud/resources";
import { createS3 } from "@steward/local/cloud/s3";
import { createSecrets } from "@steward/local/cloud/secrets";
import { type Caller, type CloudContext, type Operations, ServiceError } from "@steward/local/cloud/service";
import { createSqs } from "@steward/local/cloud/sqs";
import { createSsm } from "@steward/local/cloud/ssm";
import type { FleetMeter } from "./meter.ts";

export const stage = "fleet";
const names = resourceNames(stage);
const region = "us-east-1";
const endpoint = "http://127.0.0.1:9";

/** The SDK's way out: of every client, whoever made it. */
interface SdkRequest {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: string | Uint8Array | Readable;
}
interface SdkAnswer {
  response: { statusCode: number; headers: Record<string, string>; body: unknown };
}
interface Sdk {
  NodeHttpHandler: { prototype: { handle: (request: SdkRequest) => Promise<SdkAnswer> } };
  HttpResponse: new (answer: SdkAnswer["response"]) => SdkAnswer["response"];
}

export interface InProcessCloud {
  stage: string;
  /** Runs a function's handler (or Lambda itself, or the simulation) as whoever it is: its rights hold, its calls are metered. */
  as<T>(who: FunctionName | "lambda" | "simulation", work: () => Promise<T>): Promise<T>;
  /** Hears of every message that a function sends. */
  onSend(listener: (queueName: string) => void): void;
  close(): Promise<void>;
}

/**
 * The local cloud's services in this process, behind the SDK's own clients: the handlers are loaded as they are deployed,
 * and what they send is taken where the SDK would open a connection. Their rights are asked for at every call. Nothing is
 * signed for anybody: one process plays all functions, and who calls is known.
 */
export async function startInProcessCloud(options: {
  meter: FleetMeter;
  now: () => number;
  /** `host:port` of the webhooks' receiver. */
  receiver: string;
}): Promise<InProcessCloud> {
  const { meter, now } = options;
  // The table's file is written for every heartbeat: in memory where the system has such a folder.
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const stateDir = await mkdtemp(join(base, "steward-fleet-"));
  const log = (message: string) => process.stderr.write(`fleet: ${message}\n`);
  const context: CloudContext = { region, accountId: localAccount, now, endpoint: () => endpoint, log };
  const journals: Journal[] = [];
  const journal = (name: string) => {
    const opened = openJournal(join(stateDir, `${name}.journal`));
    journals.push(opened);
    return opened;
  };
  const engine = await startDynamoDbEngine({ stateDir, endpoint: undefined, log });
  const sqs = createSqs(context, journal("sqs"));
  const ssm = createSsm(context, journal("ssm"));
  const kms = createKms(context, journal("kms"));
  const secrets = createSecrets(context, journal("secrets"), () => Promise.reject(new Error("nothing rotates here")));
  const s3 = createS3(context, journal("s3"), join(stateDir, "objects"));
  await createResources(
    { stage, account: localAccount, region },
    { engine: engine.client, sqs, kms, secrets, s3, ssm },
  );
  const dynamodb = createDynamoDb(engine.client);
  const services: Record<string, { name: string; operations: Operations }> = {
    AmazonSQS: { name: "sqs", operations: sqs.operations },
    AmazonSSM: { name: "ssm", operations: ssm.operations },
    TrentService: { name: "kms", operations: kms.operations },
    secretsmanager: { name: "secretsmanager", operations: secrets.operations },
  };
  const running = new AsyncLocalStorage<{ who: string; caller: Caller }>();
  const grants = permissions(stage, localAccount);
  const callers = new Map<string, Caller>();
  const everything = callerOf({ principal: "simulation", grants: [{ actions: ["*"], resources: ["*"] }] });
  const callerFor = (who: string): Caller => {
    const principal: PrincipalName | undefined =
      who in functionDefinitions ? functionDefinitions[who as FunctionName].principal : undefined;
    if (principal === undefined) return everything;
    let caller = callers.get(principal);
    if (caller === undefined) callers.set(principal, (caller = callerOf({ principal, grants: grants[principal] })));
    return caller;
  };
  let onSend: (queueName: string) => void = () => {};

  const sdk = loadSdk();
  const answer = (statusCode: number, body: unknown, headers: Record<string, string>) => ({
    response: new sdk.HttpResponse({ statusCode, headers, body }),
  });
  const refused = (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    const text = JSON.stringify({ __type: error.code, message: error.message, ...error.members });
    const headers: Record<string, string> = { "content-type": "application/x-amz-json-1.0" };
    if (error.queryCode !== undefined) headers["x-amzn-query-error"] = `${error.queryCode};Sender`;
    return answer(error.status, Buffer.from(text), headers);
  };

  async function handle(request: SdkRequest): Promise<SdkAnswer> {
    const scope = running.getStore();
    if (scope === undefined) throw new Error(`a call to AWS that nobody makes: ${request.method} ${request.path}`);
    const { who, caller } = scope;
    const target = request.headers["x-amz-target"] ?? request.headers["X-Amz-Target"];
    if (target === undefined) return objects(request, who, caller);
    const [prefix = "", action = ""] = target.split(".");
    const body = await bytesOf(request.body);
    try {
      if (prefix === "DynamoDB_20120810") {
        const result = await dynamodb(action, withCapacity(body), caller);
        meter.called(who, `dynamodb.${action}`, unitsOf(action, result.body));
        return answer(result.status, result.body, { "content-type": "application/x-amz-json-1.0" });
      }
      const service = services[prefix];
      const operation = service?.operations[action];
      if (service === undefined || operation === undefined) throw new Error(`nothing here does ${target}`);
      meter.called(who, `${service.name}.${action}`);
      const input: unknown = JSON.parse(body.toString("utf8") || "{}");
      const output = await operation(input, caller);
      if (action.startsWith("SendMessage"))
        onSend(
          String((input as { QueueUrl?: string }).QueueUrl)
            .split("/")
            .at(-1) ?? "",
        );
      return answer(200, Buffer.from(JSON.stringify(output)), { "content-type": "application/x-amz-json-1.0" });
    } catch (error) {
      return refused(error);
    }
  }

  async function objects(request: SdkRequest, who: string, caller: Caller): Promise<SdkAnswer> {
    const query = Object.entries(request.query ?? {}).map(([name, value]) => [name, String(value ?? "")] as const);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const body = await bytesOf(request.body);
    const isList = request.method === "GET" && query.some(([name]) => name === "list-type" || name === "versions");
    const verb = request.method[0] + request.method.slice(1).toLowerCase();
    meter.called(who, `s3.${isList ? "List" : `${verb}Object`}`);
    try {
      const result = await s3.handle({
        method: request.method,
        path: decodeURIComponent(request.path),
        query: new Map(query),
        headers,
        body: (async function* () {
          yield body;
        })(),
        payloadHash: headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD",
        caller,
      });
      const text = typeof result.body === "string" ? Buffer.from(result.body) : (result.body ?? Buffer.alloc(0));
      return answer(result.status, text, result.headers);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const status = error.code === "AccessDeniedException" ? 403 : error.status;
      const text = `<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`;
      return answer(status, Buffer.from(request.method === "HEAD" ? "" : text), { "content-type": "application/xml" });
    }
  }

  const { prototype } = sdk.NodeHttpHandler;
  const handleBefore = prototype.handle;
  prototype.handle = handle;
  const write = process.stdout.write.bind(process.stdout);
  // A function's lines are counted instead of shown; what the command itself says passes.
  process.stdout.write = ((...args: Parameters<typeof write>) => {
    const scope = running.getStore();
    if (scope === undefined) return write(...args);
    meter.logged(scope.who, Buffer.byteLength(args[0] as string));
    return true;
  }) as typeof write;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: "AKIAFLEET",
    AWS_SECRET_ACCESS_KEY: "not-a-secret-nothing-is-signed",
    STEWARD_STAGE: stage,
    STEWARD_ACCOUNT: localAccount,
    STEWARD_API_DOMAINS: "api.fleet.test",
    STEWARD_NODES_DOMAINS: nodesDomain,
    STEWARD_API_URL: "https://api.fleet.test",
    STEWARD_NODES_URL: `https://${nodesDomain}`,
    STEWARD_OUTSIDE_HOSTS: options.receiver,
  });
  return {
    stage,
    as: (who, work) => running.run({ who, caller: callerFor(who) }, work),
    onSend: (listener) => void (onSend = listener),
    async close() {
      prototype.handle = handleBefore;
      process.stdout.write = write;
      sqs.close();
      ssm.commands.close();
      await secrets.close();
      await engine.close();
      for (const opened of journals) await opened.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export const nodesDomain = "nodes.fleet.test";
export const tableName = names.table;

/** The very modules that the clients use: another copy's prototype would change nothing. */
function loadSdk(): Sdk {
  const ours = createRequire(import.meta.url);
  const client = createRequire(ours.resolve("@aws-sdk/client-dynamodb"));
  const handler = client("@smithy/node-http-handler") as Pick<Sdk, "NodeHttpHandler">;
  const protocols = client("@smithy/core/protocols") as Pick<Sdk, "HttpResponse">;
  return { ...handler, ...protocols };
}

async function bytesOf(body: SdkRequest["body"]): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts);
}

const opening = Buffer.from('{"ReturnConsumedCapacity":"INDEXES",');

/** Asks for what the call costs. The table's answers stay as they are besides. */
function withCapacity(body: Buffer): Buffer {
  return Buffer.concat([opening, body.subarray(1)]);
}

const writes = /^(Put|Update|Delete|BatchWrite|TransactWrite)/;
const consumed = /"ConsumedCapacity":(\{.*?"CapacityUnits":([\d.]+)|\[.*?\](?=[,}]))/s;

/** A write whose condition failed is billed as well, and the table does not say so: one unit, as all such items here have. */
function unitsOf(action: string, body: Buffer): { write: number; read: number } {
  const found = consumed.exec(body.toString("utf8"));
  const isWrite = writes.test(action);
  const one = found?.[2];
  const units =
    found === null || found[1] === undefined
      ? Number(isWrite)
      : one !== undefined
        ? Number(one)
        : (JSON.parse(found[1]) as { CapacityUnits?: number }[]).reduce(
            (sum, part) => sum + (part.CapacityUnits ?? 0),
            0,
          );
  return isWrite ? { write: units, read: 0 } : { write: 0, read: units };
}
