import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { connect, Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inherited } from "../env.ts";
import { freePort } from "../free-ports.ts";
import { EngineClient } from "./engine-client.ts";
import type { FromEngine, ToEngine } from "./engine-namespace.ts";
import { killIfAlive, readPidFile, removePidFile, writePidFile } from "./pid-file.ts";

/** The engine behind the local cloud's DynamoDB, whichever it is. */
export interface DynamoDbEngine {
  client: EngineClient;
  /** False where other users of this machine can reach the engine's port. */
  isolated: boolean;
  close(): Promise<void>;
}

export interface EngineOptions {
  stateDir: string;
  /** Another engine to use, `http://host:port`. */
  endpoint: string | undefined;
  log: (message: string) => void;
}

const connectTimeoutMs = 5_000;

export async function startDynamoDbEngine(options: EngineOptions): Promise<DynamoDbEngine> {
  if (options.endpoint !== undefined) return foreignEngine(options.endpoint);
  const binary = findBinary();
  const pidFile = join(options.stateDir, "engine.pid");
  // A crashed parent may have left its engine; two of them on one file would be one too many.
  const leftover = readPidFile(pidFile);
  if (leftover !== undefined) await killIfAlive(leftover);

  const isolated = canIsolate();
  if (!isolated) {
    options.log(
      "WARNING: this system does not let the local cloud put its database into a network namespace, so OTHER USERS OF " +
        "THIS MACHINE CAN READ AND CHANGE its data through a local port. Allow unprivileged user namespaces (and " +
        "install iproute2), or use this machine alone.",
    );
  }
  const supervisor = new EngineSupervisor({ binary, isolated, pidFile, ...options });
  await supervisor.start();
  const client = new EngineClient(() => supervisor.open());
  return {
    client,
    isolated,
    close: async () => {
      client.close();
      await supervisor.close();
    },
  };
}

function foreignEngine(endpoint: string): DynamoDbEngine {
  const url = new URL(endpoint);
  if (url.protocol !== "http:")
    throw new Error(`STEWARD_DYNAMODB_ENDPOINT is ${endpoint}; give an address of the form http://host:port.`);
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port || 80), noDelay: true });
      socket.once("connect", () => resolve(socket));
      socket.once("error", (cause) =>
        reject(new Error(`No DynamoDB engine answers at STEWARD_DYNAMODB_ENDPOINT=${endpoint}.`, { cause })),
      );
    });
  const client = new EngineClient(open);
  // How that engine is protected is the affair of whoever started it.
  return { client, isolated: true, close: async () => client.close() };
}

function findBinary(): string {
  const name = `@dynoxide/${process.platform}-${process.arch}`;
  try {
    return join(createRequire(import.meta.url).resolve(`${name}/package.json`), "..", "dynoxide");
  } catch (cause) {
    throw new Error(
      `There is no database engine for this platform (package ${name}). Run "npm install" again, or start any ` +
        "DynamoDB-compatible engine and set STEWARD_DYNAMODB_ENDPOINT=http://127.0.0.1:8000.",
      { cause },
    );
  }
}

const unshareArguments = [
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-current-user", "--keep-caps"]),
  "--net",
  "--pid",
  "--fork",
  "--kill-child",
];

/** The same namespace with the same tools, tried once: some distributions and containers forbid it. */
function canIsolate(): boolean {
  if (process.platform !== "linux") return false;
  const script = "ip link set lo up || /sbin/ip link set lo up || busybox ip link set lo up || ifconfig lo up";
  return (
    spawnSync("unshare", [...unshareArguments, "sh", "-c", script], { stdio: "ignore", timeout: 5_000 }).status === 0
  );
}

interface SupervisorOptions {
  binary: string;
  isolated: boolean;
  stateDir: string;
  pidFile: string;
  log: (message: string) => void;
}

/** Keeps one engine alive, and gets connections to it. */
class EngineSupervisor {
  private readonly options: SupervisorOptions;
  private child: ChildProcess | undefined;
  private readonly waiting = new Map<number, { resolve: (socket: Socket) => void; reject: (error: Error) => void }>();
  private nextId = 1;
  private closing = false;
  private ready: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.ready = this.launch();
    // Also reported to every `open`; this keeps a failure during a restart from being "unhandled".
    this.ready.catch(() => undefined);
    return this.ready;
  }

  private async launch(): Promise<void> {
    const { binary, isolated, stateDir, pidFile } = this.options;
    const port = isolated ? 8000 : await freePort();
    const helper = [
      "--no-warnings",
      fileURLToPath(new URL("./engine-namespace.ts", import.meta.url)),
      binary,
      join(stateDir, "dynamodb.sqlite"),
      String(port),
      isolated ? "isolated" : "open",
    ];
    const command = isolated ? "unshare" : process.execPath;
    const commandArguments = isolated ? [...unshareArguments, "--", process.execPath, ...helper] : helper;
    const child = spawn(command, commandArguments, {
      // "advanced" is not needed and sockets pass with either; the file's own output would mix with our ready line.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: inherited(["PATH"]),
    });
    this.child = child;
    if (child.pid !== undefined) writePidFile(pidFile, child.pid);
    await new Promise<void>((resolve, reject) => {
      let failure = "it did not start";
      child.on("message", (message: FromEngine, handle: unknown) => {
        if (message.kind === "ready") resolve();
        else if (message.kind === "failed") failure = message.reason;
        else this.deliver(message.id, handle);
      });
      child.once("error", reject);
      child.once("exit", () => {
        const error = new Error(
          `The database engine ended: ${failure}. If it does not run on this system, set STEWARD_DYNAMODB_ENDPOINT ` +
            "to another DynamoDB-compatible engine.",
        );
        reject(error);
        for (const wait of this.waiting.values()) wait.reject(error);
        this.waiting.clear();
        if (this.child === child) this.child = undefined;
      });
    });
    child.once("exit", () => {
      if (this.closing) return;
      this.options.log("The database engine ended unexpectedly; starting it again.");
      this.start().catch((error: unknown) => this.options.log(String(error)));
    });
  }

  private deliver(id: number, handle: unknown): void {
    const wait = this.waiting.get(id);
    this.waiting.delete(id);
    if (!(handle instanceof Socket)) wait?.reject(new Error("The engine's connection got lost"));
    else if (wait === undefined) handle.destroy();
    else {
      handle.setNoDelay(true);
      wait.resolve(handle);
    }
  }

  async open(): Promise<Socket> {
    if (this.closing) throw new Error("The local cloud is closing");
    if (this.child === undefined) await this.start();
    else await this.ready;
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error("The database engine does not accept connections"));
      }, connectTimeoutMs);
      this.waiting.set(id, {
        resolve: (socket) => {
          clearTimeout(timer);
          resolve(socket);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      const request: ToEngine = { kind: "connect", id };
      this.child?.send(request);
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    const child = this.child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
      await ended;
      clearTimeout(timer);
    }
    removePidFile(this.options.pidFile);
  }
}
