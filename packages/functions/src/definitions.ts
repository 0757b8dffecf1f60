import { defaults } from "@steward/contracts/defaults";
import { type QueueName, queueDefinitions } from "@steward/contracts/names";
import type { PrincipalName } from "@steward/contracts/permissions";
import type { Door, ServedBy } from "@steward/contracts/route";

/** What starts a function. */
export type Trigger =
  /** The routes of the table with this `servedBy`; and at a door, whatever no route claims (the 404s and pages). */
  | { kind: "http"; servedBy: ServedBy; everythingElseAt?: Door }
  | { kind: "queue"; queue: QueueName; batchSize: number }
  | { kind: "schedule"; everySeconds: number }
  /** The worker group started or ended an instance (EventBridge); nothing of the kind happens locally. */
  | { kind: "worker-group" }
  /** Secrets Manager rotates those of `rotatedSecrets`: one event for each of four steps. */
  | { kind: "rotation" }
  /** Invoked by name, by whoever may. */
  | { kind: "direct" };

export interface FunctionDefinition {
  /** File beside this one, without its extension. It exports `handler`. */
  entry: string;
  /** Whose rights it has (`permissions` in contracts). */
  principal: PrincipalName;
  trigger: Trigger;
  /** HTTP APIs end at 30 s; a queue's visibility timeout is longer than its function. */
  timeoutSeconds: number;
  memoryMb: number;
  /** Invocations at one time. */
  concurrency: number;
  /** Used so soon that it is started before its first event where a start is slow. */
  hot: boolean;
}

/** Every function of Steward: what the local Lambda host runs and the infrastructure deploys. */
export const functionDefinitions = {
  api: {
    entry: "api",
    principal: "api",
    trigger: { kind: "http", servedBy: "api", everythingElseAt: "api" },
    timeoutSeconds: 29,
    memoryMb: 512,
    concurrency: 100,
    hot: true,
  },
  // A call that waits holds its invocation, so these have a pool of their own: they cannot starve the others.
  wait: {
    entry: "wait",
    principal: "wait",
    trigger: { kind: "http", servedBy: "wait" },
    timeoutSeconds: defaults.maxWaitSeconds + 9,
    memoryMb: 256,
    concurrency: 100,
    hot: true,
  },
  sessions: {
    entry: "sessions",
    principal: "sessions",
    trigger: { kind: "http", servedBy: "sessions" },
    timeoutSeconds: 15,
    memoryMb: 256,
    concurrency: 20,
    hot: true,
  },
  // Who may do what. Apart from `api`, which more code runs in: whoever takes that one over makes nobody an approver.
  people: {
    entry: "people",
    principal: "people",
    trigger: { kind: "http", servedBy: "people" },
    timeoutSeconds: 29,
    memoryMb: 256,
    concurrency: 20,
    hot: false,
  },
  // Questions. It alone can search the documentation; it gives them to models, and starts nothing.
  support: {
    entry: "support",
    principal: "support",
    trigger: { kind: "http", servedBy: "support" },
    timeoutSeconds: 29,
    memoryMb: 512,
    // One that waits for its answer holds its invocation.
    concurrency: 50,
    hot: false,
  },
  approve: {
    entry: "approve",
    principal: "approve",
    trigger: { kind: "http", servedBy: "approve" },
    timeoutSeconds: 29,
    memoryMb: 512,
    concurrency: 20,
    hot: false,
  },
  enrol: {
    entry: "enrol",
    principal: "enrol",
    trigger: { kind: "http", servedBy: "enrol" },
    timeoutSeconds: 29,
    memoryMb: 256,
    concurrency: 50,
    hot: false,
  },
  nodes: {
    entry: "nodes",
    principal: "nodes",
    trigger: { kind: "http", servedBy: "nodes", everythingElseAt: "nodes" },
    timeoutSeconds: 29,
    memoryMb: 512,
    concurrency: 200,
    hot: true,
  },
  heartbeat: {
    entry: "heartbeat",
    principal: "heartbeat",
    trigger: { kind: "http", servedBy: "heartbeat" },
    timeoutSeconds: 10,
    memoryMb: 256,
    concurrency: 500,
    hot: true,
  },
  dispatch: {
    entry: "dispatch",
    principal: "dispatch",
    trigger: { kind: "queue", queue: "rollouts", batchSize: 10 },
    timeoutSeconds: 50,
    // All runs of a rollout of 5,000, with what a read has found on each.
    memoryMb: 1_024,
    concurrency: 10,
    hot: true,
  },
  escalate: {
    entry: "escalate",
    principal: "escalate",
    trigger: { kind: "queue", queue: "escalations", batchSize: 1 },
    timeoutSeconds: 110,
    memoryMb: 256,
    concurrency: 10,
    hot: false,
  },
  "note-transitions": {
    entry: "note-transitions",
    principal: "alerts",
    trigger: { kind: "queue", queue: "node-events", batchSize: 10 },
    timeoutSeconds: 50,
    memoryMb: 256,
    concurrency: 5,
    hot: false,
  },
  reconcile: {
    entry: "reconcile",
    principal: "reconcile",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 55,
    memoryMb: 256,
    concurrency: 1,
    hot: false,
  },
  sweep: {
    entry: "sweep",
    principal: "sweep",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 55,
    // Every node's presence at one time: about 60 MB of 100,000.
    memoryMb: 512,
    concurrency: 1,
    hot: false,
  },
  // A tenant whose grace period is over. With rights that nobody else has: to look through the table, and to remove.
  purge: {
    entry: "purge",
    principal: "purge",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 55,
    memoryMb: 256,
    concurrency: 1,
    hot: false,
  },
  // Calls customers' webhooks.
  notify: {
    entry: "notify",
    principal: "notify",
    trigger: { kind: "queue", queue: "notifications", batchSize: 5 },
    timeoutSeconds: 50,
    memoryMb: 256,
    concurrency: 5,
    hot: false,
  },
  // Does what customers' schedules say, once for each due time.
  schedule: {
    entry: "schedule",
    principal: "schedule",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 55,
    memoryMb: 512,
    concurrency: 1,
    hot: false,
  },
  // What the workers are scaled by, and what the dashboards show of lanes and slots.
  measure: {
    entry: "measure",
    principal: "measure",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 30,
    memoryMb: 256,
    concurrency: 1,
    hot: false,
  },
  // Chains and signs what the audit trail has got since the last minute.
  seal: {
    entry: "seal",
    principal: "seal",
    trigger: { kind: "schedule", everySeconds: 60 },
    timeoutSeconds: 55,
    memoryMb: 256,
    concurrency: 1,
    hot: false,
  },
  // The stage's secrets: to put one in, to have one rotated, and never to read one.
  secrets: {
    entry: "secrets",
    principal: "secrets",
    trigger: { kind: "http", servedBy: "secrets" },
    timeoutSeconds: 15,
    memoryMb: 256,
    concurrency: 5,
    hot: false,
  },
  // Messages that nobody could work on: to look at, to send once more, to throw away.
  queues: {
    entry: "queues",
    principal: "queues",
    trigger: { kind: "http", servedBy: "queues" },
    timeoutSeconds: 29,
    memoryMb: 256,
    concurrency: 5,
    hot: false,
  },
  "rotate-secrets": {
    entry: "rotate-secrets",
    principal: "rotate",
    trigger: { kind: "rotation" },
    timeoutSeconds: 30,
    memoryMb: 256,
    concurrency: 1,
    hot: false,
  },
  // A new GPU host gets the means to enrol; one that ended is taken off the list.
  "manage-instances": {
    entry: "manage-instances",
    principal: "instances",
    trigger: { kind: "worker-group" },
    timeoutSeconds: 30,
    memoryMb: 256,
    concurrency: 5,
    hot: false,
  },
  bootstrap: {
    entry: "bootstrap",
    principal: "bootstrap",
    trigger: { kind: "direct" },
    timeoutSeconds: 120,
    memoryMb: 512,
    concurrency: 1,
    hot: false,
  },
} as const satisfies Record<string, FunctionDefinition>;

export type FunctionName = keyof typeof functionDefinitions;
export const functionNames = Object.keys(functionDefinitions) as FunctionName[];

/** Where a function's code is. */
export function entryUrl(name: FunctionName): URL {
  return new URL(`./${functionDefinitions[name].entry}.ts`, import.meta.url);
}

/** Where it is set, a function's invocations are told to the collector that it names. */
export const collectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

/** The heartbeat never is: one comes from each machine in a minute, does one write, and is paid for by the millisecond. */
export function isTracedFunction(name: FunctionName): boolean {
  return name !== "heartbeat";
}

/** What is run of a built function: itself, or what tells a collector of it. */
export function entryFile(isTraced: boolean): "index.mjs" | "traced.mjs" {
  return isTraced ? "traced.mjs" : "index.mjs";
}

/** The queue's own rule that every consumer must keep: a message stays hidden for longer than its function may run. */
export function checkTimeouts(): string[] {
  return functionNames.flatMap((name) => {
    const { trigger, timeoutSeconds } = functionDefinitions[name];
    if (trigger.kind !== "queue") return [];
    const hidden = queueDefinitions[trigger.queue].visibilityTimeoutSeconds;
    return hidden > timeoutSeconds
      ? []
      : [`${name} may run for ${timeoutSeconds} s, ${trigger.queue} hides for ${hidden} s`];
  });
}
