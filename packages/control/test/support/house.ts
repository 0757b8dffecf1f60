import { randomBytes } from "node:crypto";
import { createNode } from "@steward/aws/records/node";
import { createPerson } from "@steward/aws/records/person";
import { createPresence } from "@steward/aws/records/presence";
import { createTenant } from "@steward/aws/records/tenant";
import type { Objects } from "@steward/aws/objects";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { commit } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import type { MetricName } from "@steward/contracts/metrics";
import type { QueueName, WorkerQueueName } from "@steward/contracts/names";
import type { Caller, Context, NodeCaller } from "@steward/control/context";
import { aNode, aPresence } from "../../../aws/test/support/states.ts";
import { type Engine, startEngine } from "../../../aws/test/support/engine.ts";
import { signed, testActions, testBundles } from "../../../core/test/fixtures.ts";

export interface House extends Context {
  /** Nodes that were taken off SSM. */
  deregistered: string[];
  deregister: (nodeId: string) => Promise<void>;
  /** What SSM knows, and may. */
  managed: number;
  ssmNodes: number;
  countManaged: () => Promise<number>;
  /** Values that runs made, by name. */
  vault: Map<string, string>;
  runSecrets: RunSecrets;
  /** Objects, by bucket and key. Each put makes a new ETag. */
  stored: Map<string, { etag: string; body: Uint8Array }>;
  objects: Pick<Objects, "put" | "getUnless">;
  fleetBucket: string;
  /** What was sent, oldest first. */
  sent: { queue: QueueName | WorkerQueueName; body: unknown }[];
  /** What was measured, oldest first. */
  metered: { metric: MetricName; value: number; dimensions: Readonly<Record<string, string>> }[];
  /** While true, nothing can be sent. */
  queuesAreDown: boolean;
  passTime(ms: number): void;
  /** A tenant with one person, who is its admin. */
  tenant(): Promise<Caller>;
  /** A confirmed machine of the tenant that has just beaten. */
  machine(tenantId: string, kind: NodeCaller["kind"], name?: string, tags?: string[]): Promise<NodeCaller>;
  stop(): Promise<void>;
}

/** The use cases' surroundings: a real table; queues that keep what they are given; a clock that is turned by hand. */
export async function openHouse(): Promise<House> {
  const engine: Engine = await startEngine();
  let nowMs = Date.now();
  const sent: House["sent"] = [];
  const metered: House["metered"] = [];
  const send = (queue: QueueName | WorkerQueueName, body: unknown) => {
    if (house.queuesAreDown) throw new Error("the queues are down");
    sent.push({ queue, body });
  };
  const deregistered: string[] = [];
  const vault = new Map<string, string>();
  const stored: House["stored"] = new Map();
  const house: House = {
    deregistered,
    managed: 0,
    ssmNodes: 1_000,
    countManaged: async () => house.managed,
    deregister: async (nodeId) => {
      deregistered.push(nodeId);
    },
    vault,
    runSecrets: {
      create: async (name, value) => {
        if (!vault.has(name)) vault.set(name, value);
        return vault.get(name) === value;
      },
      put: async (name, value, version) => {
        const known = vault.get(`${name}@${version}`) ?? value;
        if (known === value) vault.set(name, value).set(`${name}@${version}`, value);
        return known === value;
      },
      read: async (name, version) => vault.get(version === undefined ? name : `${name}@${version}`),
      remove: async (name) => {
        for (const one of vault.keys()) if (one === name || one.startsWith(`${name}@`)) vault.delete(one);
      },
    },
    stored,
    fleetBucket: "fleet",
    objects: {
      put: async (bucket, key, body) => {
        stored.set(`${bucket}/${key}`, { etag: `"${stored.size}-${nowMs}"`, body: Buffer.from(body) });
      },
      getUnless: async (bucket, key, etag) => {
        const found = stored.get(`${bucket}/${key}`);
        if (found === undefined) return undefined;
        return found.etag === etag ? { kind: "same" } : { kind: "object", ...found };
      },
    },
    stage: "test",
    table: engine.table,
    queuesAreDown: false,
    sent,
    metered,
    queues: {
      send: async (queue, body) => send(queue, body),
      sendBatch: async (queue, messages) => {
        for (const { body } of messages) send(queue, body);
      },
      counts: async () => ({ visible: 0, inFlight: 0, deadLetters: 0 }),
    },
    nowMs: () => nowMs,
    passTime: (ms) => {
      nowMs += ms;
    },
    secret: () => randomBytes(32).toString("base64url"),
    actions: testActions,
    release: async () => ({
      document: { ...signed },
      release: {
        v: 1,
        version: 3,
        issuedAtMs: 0,
        expiresAtMs: Number.MAX_SAFE_INTEGER,
        agents: {},
        actions: testActions.map(({ id, title, kind, playbook, risk, undo, timeoutSeconds }) => {
          return {
            id,
            title,
            kind,
            playbook,
            risk,
            undo,
            timeoutSeconds,
            variables: {},
            bundle: testBundles[id] ?? "",
          };
        }),
      },
    }),
    trust: async () => ({ ...signed }),
    log: () => {},
    meter: (metric, value, ...[dimensions = {}]) => {
      metered.push({ metric, value, dimensions });
    },
    async tenant() {
      const tenantId = newId("tenant", nowMs);
      const person = {
        id: newId("person", nowMs),
        name: "Ada",
        grants: [{ tenant: tenantId, role: "admin" as const }],
      };
      await commit(engine.table, [
        createTenant({
          v: 1,
          version: 1,
          tenantId,
          name: tenantId,
          createdAtMs: nowMs,
          heartbeatIntervalSeconds: 60,
          status: "active",
        }),
        createPerson({
          v: 1,
          version: 1,
          personId: person.id,
          name: person.name,
          issuer: "bootstrap",
          subject: person.id,
          grants: person.grants,
          createdAtMs: nowMs,
        }),
      ]);
      const principal = { kind: "person" as const, ...person };
      return { principal, sessionId: "session", tenantId, role: "admin", requestId: "request" };
    },
    async machine(tenantId, kind, name = "attic", tags = []) {
      const nodeId = newId(kind, nowMs);
      const presence = aPresence({
        nodeId,
        tenantId,
        sequence: 1,
        lastSeenAtMs: nowMs,
        announced: { level: "healthy", epoch: 1 },
        ...(kind === "worker" ? { models: ["llama3.2:3b"], capacity: { slots: 1, used: 1 }, draining: false } : {}),
      });
      await commit(engine.table, [
        createPresence(presence),
        createNode(
          aNode({
            tenantId,
            nodeId,
            kind,
            name,
            hostname: name,
            tags,
            healthSinceMs: nowMs,
            confirmedAtMs: nowMs,
            createdAtMs: nowMs,
            updatedAtMs: nowMs,
          }),
        ),
      ]);
      return { nodeId, tenantId, kind, fingerprint: presence.certificate.current, requestId: "request" };
    },
    stop: () => engine.stop(),
  };
  return house;
}

/** The one message in a queue since the last look; the queue is empty afterwards. */
export function takeOne<T>(house: House, queue: QueueName): T {
  const found = house.sent.filter((message) => message.queue === queue);
  house.sent.length = 0;
  if (found.length !== 1) throw new Error(`${found.length} messages in ${queue}, not one`);
  return found[0]?.body as T;
}
