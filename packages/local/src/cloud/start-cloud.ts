import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { dirname, join } from "node:path";
import { textLine } from "@steward/contracts/log-line";
import { resourceNames } from "@steward/contracts/names";
import type { CloudCredential } from "./authorize.ts";
import { createCallRecorder } from "./call-recorder.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createDynamoDb } from "./dynamodb.ts";
import { type DynamoDbEngine, startDynamoDbEngine } from "./dynamodb-engine.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createKms } from "./kms.ts";
import { isAlive, readPidFile, removePidFile, writePidFile } from "./pid-file.ts";
import { createOutbox } from "./outbox.ts";
import { createResources } from "./resources.ts";
import { createS3 } from "./s3.ts";
import type { InvokeRotation } from "./secret-rotation.ts";
import { createSecrets } from "./secrets.ts";
import type { CloudContext } from "./service.ts";
import { localAccount } from "../account.ts";
import { createSqs } from "./sqs.ts";
import { createSsm } from "./ssm.ts";
import { startTtlSweeper } from "./ttl-sweeper.ts";

export interface CloudOptions {
  /** The cloud's own folder; made (0700) if it is not there. One cloud at a time uses it. */
  stateDir: string;
  /** Whose resources are created. */
  stage: string;
  /** Who may call, and what. */
  credentials: CloudCredential[];
  /** 0, the default, picks a free one. */
  port?: number | undefined;
  /** Another DynamoDB engine, `http://host:port`, instead of the embedded one. */
  dynamodbEndpoint?: string | undefined;
  region?: string;
  /** A folder to note the calls of Steward's parts in, for the test of their rights. */
  recordCalls?: string | undefined;
  /** Seconds between passes that delete expired items. */
  ttlSweepIntervalSeconds?: number;
  /** `Host` values to answer to besides `127.0.0.1:PORT` and `localhost:PORT`. */
  allowedHosts?: string[];
  allowedOrigins?: string[];
  /** Epoch milliseconds; for tests. */
  now?: () => number;
  /** Runs the functions that rotate secrets; without it every rotation fails. */
  invokeRotation?: InvokeRotation;
  /** Warnings and failures, one line each; standard error by default. */
  log?: (message: string) => void;
}

export interface Cloud {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  port: number;
  /** False where other users of this machine could reach the database engine; then a warning was logged. */
  engineIsolated: boolean;
  /** Deletes expired items now; the number of them. */
  sweepExpired(): Promise<number>;
  /** Rotates the secrets that are due now, and resolves when that is done. */
  rotateDue(): Promise<void>;
  close(): Promise<void>;
}

/** A start that failed for a reason the user can do something about; the message says what. */
export class CloudStartError extends Error {}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const log = options.log ?? ((message: string) => process.stderr.write(textLine(`local cloud: ${message}`)));
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    claimFolder(options.stateDir, closers);
    const server = createServer({ keepAliveTimeout: 620_000, requestTimeout: 0 });
    let handle: RequestListener = starting;
    server.on("request", (request, response) => handle(request, response));
    const port = await listen(server, options.port ?? 0);
    closers.push(() => endServer(server));
    const endpoint = `http://127.0.0.1:${port}`;
    const context: CloudContext = {
      region: options.region ?? "us-east-1",
      accountId: localAccount,
      now: options.now ?? Date.now,
      endpoint: () => endpoint,
      log,
    };
    const journal = (name: string): Journal => {
      const opened = openJournal(join(options.stateDir, `${name}.journal`));
      closers.push(() => opened.close());
      return opened;
    };
    const engine = await openEngine(options, log);
    closers.push(() => engine.close());
    const sqs = createSqs(context, journal("sqs"));
    closers.push(() => sqs.close());
    const ssm = createSsm(context, journal("ssm"));
    closers.push(() => ssm.commands.close());
    const kms = createKms(context, journal("kms"));
    const invoke = options.invokeRotation ?? noRotation;
    const secrets = createSecrets(context, journal("secrets"), invoke);
    closers.push(() => secrets.close());
    const s3 = createS3(context, journal("s3"), join(options.stateDir, "objects"));
    await createResources(
      { stage: options.stage, account: localAccount, region: context.region },
      { engine: engine.client, sqs, kms, secrets, s3, ssm },
    );
    const sweeper = startTtlSweeper(engine.client, context, (options.ttlSweepIntervalSeconds ?? 60) * 1000);
    closers.push(() => sweeper.stop());
    const lent = options.credentials.find(({ principal }) => principal === "worker");
    handle = createDispatcher({
      context,
      credentials: options.credentials,
      roles: new Map(lent === undefined ? [] : [[resourceNames(options.stage).queueRole, lent]]),
      dynamodb: createDynamoDb(engine.client),
      sqs,
      ssm,
      kms,
      secrets,
      s3,
      outbox: createOutbox(join(options.stateDir, "outbox"), context.now),
      allowedHosts: options.allowedHosts ?? [],
      allowedOrigins: options.allowedOrigins ?? [],
      record: options.recordCalls === undefined ? undefined : createCallRecorder(options.recordCalls, options.stage),
    });
    return {
      endpoint,
      port,
      engineIsolated: engine.isolated,
      sweepExpired: () => sweeper.sweep(),
      rotateDue: () => secrets.rotateDue(),
      close,
    };
  } catch (error) {
    await close();
    throw explained(error, options);
  }
}

const noRotation: InvokeRotation = async (functionArn) => {
  throw new Error(`nobody here can run ${functionArn}`);
};

/** The port is taken before the engine is up; callers who are that early try again. */
const starting: RequestListener = (_request, response) => {
  response.writeHead(503, { "content-type": "application/x-amz-json-1.0", "retry-after": "1" });
  response.end(JSON.stringify({ __type: "ServiceUnavailableException", message: "The local cloud is starting." }));
};

/** Makes the folder ours alone: no other user may look into it, no other cloud may use it. */
function claimFolder(stateDir: string, closers: (() => void)[]): void {
  makeFolder(stateDir);
  chmodSync(stateDir, 0o700);
  const pidFile = join(stateDir, "cloud.pid");
  const holder = readPidFile(pidFile);
  if (holder !== undefined && isAlive(holder))
    throw new CloudStartError(
      `Another local cloud (process ${holder.pid}) uses the state folder ${stateDir}. Stop it, or set STEWARD_STATE_DIR to another folder.`,
    );
  removePidFile(pidFile);
  writePidFile(pidFile, process.pid, { exclusive: true });
  closers.push(() => removePidFile(pidFile));
}

/** `mkdirSync` with `recursive` never comes back from below /proc, where a folder's parent is there but takes none. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" });
    return;
  }
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address.port);
      else reject(new Error("The server has no address"));
    });
  });
}

function endServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function openEngine(options: CloudOptions, log: (message: string) => void): Promise<DynamoDbEngine> {
  try {
    return await startDynamoDbEngine({ stateDir: options.stateDir, endpoint: options.dynamodbEndpoint, log });
  } catch (error) {
    throw new CloudStartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function explained(error: unknown, options: CloudOptions): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return new CloudStartError(
      `Port ${options.port} on 127.0.0.1 is taken by another program. Stop it, or set STEWARD_CLOUD_PORT to another port (0 picks a free one).`,
      { cause: error },
    );
  if (typeof code === "string" && ["EACCES", "EROFS", "EPERM", "ENOSPC", "ENOTDIR", "ENOENT", "EEXIST"].includes(code))
    return new CloudStartError(
      `Cannot write to the state folder ${options.stateDir} (${code}). Make it writable, or set STEWARD_STATE_DIR to another folder.`,
      { cause: error },
    );
  return error;
}
