import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { type Clients, createClients } from "@steward/aws/clients";
import { getTask, replaceTask } from "@steward/aws/records/task";
import { commit, type Table } from "@steward/aws/table";
import { canonicalHash } from "@steward/contracts/canonical";
import { type Client, createClient } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { bucketNames, type QueueName, resourceNames } from "@steward/contracts/names";
import { localAccount } from "@steward/local/account";
import type { NodeKind } from "@steward/contracts/node";
import { type TaskStatus, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import type { TaskState } from "@steward/core/task/task-state";
import { enrol } from "@steward/node-client/enrol";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import type { LocalPrincipal } from "../../packages/local/src/credentials.ts";
import { readCredentials } from "../../packages/local/src/host/function-environment.ts";
import { serverCaFile } from "../../packages/local/src/host/server-certificate.ts";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { startSteward } from "../../packages/local/src/stack.ts";
import { scanTable } from "./scan-table.ts";
import type { Stack, StewardOptions } from "../../packages/local/src/stack-options.ts";

const region = "eu-central-1";

/** A whole installation in a temporary folder, on free ports, and the ways into it. */
export interface Installation {
  stack: Stack;
  /** As the admin of a tenant: `acme`; the provider's may act in another tenant. */
  as(slug: string, tenantId?: string): Client;
  tenantId(slug: string): string;
  /** The cloud with the rights of one of Steward's parts, or of its owner. */
  cloudAs(principal: LocalPrincipal): Clients;
  /** The table, with keys of the test's own that no part of Steward has: to read and write every record of it. */
  table: Table;
  /** Puts a message among a queue's dead letters, with keys of the test's own. Answers its id. */
  bury(queue: QueueName, body: string): Promise<string>;
  /** How many messages of a queue are not done with: they wait, are held back, or are at work. */
  undone(queue: QueueName): Promise<number>;
  names: ReturnType<typeof resourceNames>;
  buckets: ReturnType<typeof bucketNames>;
  /** The nodes door with the certificate of a machine: `worker`, or an appliance's name. */
  machine(name: string): Promise<NodeClient>;
  /** Enrols and confirms one more machine, and answers with its way in. */
  enrol(kind: NodeKind, name: string, slug: string): Promise<NodeClient>;
  /** Where a machine keeps its own things. */
  machineDir(name: string): string;
  serverCa: string;
  /** One HTTP exchange as it is. */
  raw(path: string, init?: RequestInit): Promise<{ status: number; body: unknown; headers: Headers }>;
  close(): Promise<void>;
}

export async function startInstallation(options: Partial<StewardOptions> = {}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), "steward-e2e-"));
  const stateDir = join(folder, "state");
  const stack = await startSteward({
    stateDir,
    executor: "simulate",
    appliances: 6,
    troubles: false,
    worker: false,
    heartbeatIntervalSeconds: 1,
    reconcileSeconds: 1,
    compileCacheDir: join(tmpdir(), "steward-test-compiled"),
    outsiders: [
      {
        principal: "auditor",
        grants: [
          { actions: ["dynamodb:*"], resources: [`${resourceNames(options.stage ?? "local").table}*`] },
          { actions: ["sqs:*"], resources: [`${resourceNames(options.stage ?? "local").prefix}-*`] },
        ],
      },
    ],
    ...options,
  });
  const keysOf = readCredentials<"auditor">(join(stateDir, "credentials.json"));
  const cloudAs = (principal: LocalPrincipal | "auditor") =>
    createClients({ endpointUrl: stack.cloudUrl, region, credentials: keysOf(principal), maxAttempts: 1 });
  const names = resourceNames(stack.stage);
  const serverCa = readFileSync(serverCaFile(stateDir), "utf8");
  const machines: NodeClient[] = [];
  const machineDir = (name: string) => (name === "worker" ? join(stateDir, "worker") : join(stateDir, "fleet", name));
  const as = (slug: string, tenantId?: string): Client =>
    createClient({
      baseUrl: stack.apiUrl,
      transport: fetchTransport,
      headers: () => ({ ...stack.headersOf(slug), ...(tenantId === undefined ? {} : { "steward-tenant": tenantId }) }),
    });
  const machine = async (name: string): Promise<NodeClient> => {
    const client = await createNodeClient({ stateDir: machineDir(name), serverCa });
    machines.push(client);
    return client;
  };
  return {
    stack,
    as,
    tenantId: (slug) => stack.profileOf(slug).tenantId ?? "",
    cloudAs,
    table: { client: cloudAs("auditor").dynamo, name: names.table },
    async bury(queue, MessageBody) {
      const { sqs } = cloudAs("auditor");
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.deadLetterQueue(queue) }));
      const { MessageId = "" } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      return MessageId;
    },
    async undone(queue) {
      const { sqs } = cloudAs("auditor");
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue(queue) }));
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      const counts = Object.entries(Attributes).filter(([name]) => name.startsWith("ApproximateNumberOf"));
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    },
    names,
    buckets: bucketNames(stack.stage, localAccount),
    machineDir,
    machine,
    async enrol(kind, name, slug) {
      const { token } = await as(slug)("inviteNode", { body: { kind, name } });
      const nodeDir = machineDir(name);
      mkdirSync(nodeDir, { recursive: true });
      const { nodeId, keyFingerprint } = await enrol({
        apiUrl: stack.apiUrl,
        token,
        hostname: name,
        stateDir: nodeDir,
      });
      await as(slug)("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
      return machine(name);
    },
    serverCa,
    async raw(path, init) {
      const response = await fetch(stack.apiUrl + path, init);
      const text = await response.text();
      return { status: response.status, body: parseJson(text), headers: response.headers };
    },
    async close() {
      await Promise.all(machines.map((client) => client.close()));
      await stack.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Waits, by the API's own waiting, until the task is as wanted. Throws with the task where that does not come. */
export async function until(
  call: Client,
  taskId: string,
  wanted: TaskStatus | ((task: TaskView) => boolean),
  withinMs = 20_000,
): Promise<TaskView> {
  const isThere = typeof wanted === "function" ? wanted : (task: TaskView) => task.status === wanted;
  const lateMs = Date.now() + withinMs;
  let task = await call("getTask", { params: { taskId } });
  while (!isThere(task)) {
    if (Date.now() >= lateMs || (taskHasEnded(task.status) && typeof wanted === "string")) {
      throw new Error(`The task is not as wanted (${String(wanted)}): ${JSON.stringify(task, undefined, 1)}`);
    }
    const wait = Math.max(1, Math.min(5, Math.ceil((lateMs - Date.now()) / 1000)));
    task = await call("getTask", { params: { taskId }, query: { wait, since: task.version } });
  }
  return task;
}

export const untilEnded = (call: Client, taskId: string, withinMs?: number): Promise<TaskView> =>
  until(call, taskId, (task) => taskHasEnded(task.status), withinMs);

/** Says yes to the plan that is shown. */
export function approve(call: Client, task: TaskView): Promise<TaskView> {
  if (task.plan === undefined) throw new Error(`no plan to approve: ${JSON.stringify(task)}`);
  return call("approveTask", { params: { taskId: task.id }, body: { planHash: task.plan.planHash } });
}

/** The problem that a call is answered with. Throws where it succeeds. */
export async function problemOf(call: Promise<unknown>): Promise<AppError> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`should have been refused, but: ${JSON.stringify(answer)}`);
}

/** Writes over a task's record, past every rule: what somebody with the table's keys could do. */
export async function tamper(
  table: Table,
  key: { tenantId: string; taskId: string },
  change: (task: TaskState) => TaskState,
): Promise<void> {
  for (;;) {
    const before = await getTask(table, key);
    if (before === undefined) throw new Error(`there is no task ${key.taskId}`);
    try {
      await commit(table, [replaceTask(before, { ...change(structuredClone(before)), version: before.version + 1 })]);
      return;
    } catch (error) {
      if (!(error instanceof AppError && error.code === "conflict")) throw error;
    }
  }
}

/**
 * Every item of the table, as a hash by its key: what a refused request must leave as it was. That it was made is counted
 * (the rates), and is not in it.
 */
export async function readEveryItem(
  table: Table,
  isMeant: (item: Record<string, unknown>) => boolean = () => true,
): Promise<Map<string, string>> {
  const items = new Map<string, string>();
  for await (const item of scanTable(table)) {
    if (String(item["pk"]).startsWith("SYS#RATE#") || !isMeant(item)) continue;
    items.set(`${item["pk"]} ${item["sk"]}`, canonicalHash(item));
  }
  return items;
}
