import { readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { createDynamo } from "@steward/aws/clients/dynamo";
import { createS3 } from "@steward/aws/clients/s3";
import { createObjects } from "@steward/aws/objects";
import { createNode } from "@steward/aws/records/node";
import { itemOfPresence } from "@steward/aws/records/presence-item";
import type { Item, Table } from "@steward/aws/table";
import { createClient } from "@steward/contracts/client";
import type { NodeFilter, NodeSort } from "@steward/contracts/fleet";
import { derivedId } from "@steward/contracts/ids";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { saveFleet } from "@steward/control/fleet-store";
import { type FleetNode, fleetNode } from "@steward/core/fleet/snapshot";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import { localAccount } from "@steward/local/account";
import { credentialsSchema } from "@steward/local/cloud/authorize";
import { fetchTransport } from "@steward/local/fetch-transport";
import { startSteward } from "@steward/local/stack";
import { confirmedNode, firstPresence, itemOf } from "./appliances.ts";
import { type Figure, percentile } from "./report.ts";

const nodeCount = 10_000;
const snapshots = 40;
const pageSize = 50;
const perBatch = 25;
const batchesAtOnce = 16;
const region = "us-east-1";

/** What people ask for: each filter alone, all of them together, and in another order than the ids'. */
const questions: (NodeFilter & { sort?: NodeSort; order?: "asc" | "desc" })[] = [
  {},
  { kind: "appliance", sort: "name" },
  { health: "warning" },
  { tag: "site:s7", sort: "cpu" },
  { q: "home-77" },
  { kind: "appliance", health: "healthy", tag: "site:s7", q: "home", sort: "disk", order: "desc" },
];

/**
 * Pages of a large tenant's nodes, asked of the API's function over its door. The records and the snapshot are as
 * enrolment, heartbeats and the sweep leave them; a new snapshot is stored as often as is measured with a new one.
 */
export async function benchPages(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-pages-"));
  const stack = await startSteward({
    stateDir: join(folder, "state"),
    appliances: 0,
    worker: false,
    executor: "simulate",
    // Nobody else is to use the cores, or to store a snapshot.
    sweepSeconds: 3_600,
    reconcileSeconds: 3_600,
    outsiders: [
      {
        principal: "bench",
        grants: [{ actions: ["dynamodb:BatchWriteItem", "s3:PutObject"], resources: ["*"] }],
      },
    ],
  });
  try {
    const [tenant] = stack.tenants;
    if (tenant === undefined) throw new Error("no tenant");
    const credentials = await keysOf("bench", stack.stateDir);
    const options = { credentials, region, endpointUrl: stack.cloudUrl };
    const table = { client: createDynamo(options), name: resourceNames(stack.stage).table };
    const deps = {
      objects: createObjects(createS3(options)),
      fleetBucket: bucketNames(stack.stage, localAccount).fleet,
    };
    const nodes = await fill(table, tenant.id);
    const save = () => saveFleet(deps, { v: 1, tenantId: tenant.id, atMs: Date.now(), nodes });
    const call = createClient({
      baseUrl: stack.apiUrl,
      transport: fetchTransport,
      headers: () => stack.headersOf(tenant.slug),
    });
    const ask = async (question: (typeof questions)[number]) => {
      const started = performance.now();
      const { items } = await call("listNodes", { query: { ...question, limit: pageSize } });
      const ms = performance.now() - started;
      if (items.length < pageSize / 2) throw new Error(`${JSON.stringify(question)} found ${items.length}`);
      return ms;
    };
    await save();
    for (let turn = 0; turn < 5; turn += 1) for (const question of questions) await ask(question);
    const fresh: number[] = [];
    const known: number[] = [];
    for (let turn = 0; turn < snapshots; turn += 1) {
      await save();
      const [first, ...others] = [...questions.slice(turn % questions.length), ...questions];
      if (first !== undefined) fresh.push(await ask(first));
      for (const question of others) known.push(await ask(question));
    }
    const bar = { at: "most", value: 100 } as const;
    const how = `${pageSize} of ${nodeCount} nodes by kind, health, tag, text and all of them, over the door, through the API's function`;
    return [
      {
        name: "page of 10,000 nodes p99",
        value: percentile(known, 0.99),
        unit: "ms",
        bar,
        how: `${how}; snapshot known by its ETag`,
      },
      { name: "page of 10,000 nodes p50", value: percentile(known, 0.5), unit: "ms", how: `${known.length} pages` },
      {
        name: "first page of a new snapshot p99",
        value: percentile(fresh, 0.99),
        unit: "ms",
        bar,
        how: "the same, and the object fetched and unpacked: once a minute and instance",
      },
      {
        name: "first page of a new snapshot p50",
        value: percentile(fresh, 0.5),
        unit: "ms",
        how: `${fresh.length} snapshots`,
      },
    ];
  } finally {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function keysOf(principal: string, stateDir: string) {
  const all = credentialsSchema.parse(JSON.parse(await readFile(join(stateDir, "credentials.json"), "utf8")));
  const found = all.find((one) => one.principal === principal);
  if (found === undefined) throw new Error(`no keys of ${principal}`);
  return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
}

/** Stores the records of all nodes, and gives them as a snapshot has them. */
async function fill(table: Table, tenantId: string): Promise<FleetNode[]> {
  const nowMs = Date.now();
  const made = Array.from({ length: nodeCount }, (_, index) => aNode(tenantId, index, nowMs));
  const items = made.flatMap(({ node, presence }) => [itemOf(createNode(node)), itemOfPresence(presence)]);
  const batches: Item[][] = [];
  for (let at = 0; at < items.length; at += perBatch) batches.push(items.slice(at, at + perBatch));
  const filling = Array.from({ length: batchesAtOnce }, async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const RequestItems = { [table.name]: batch.map((Item) => ({ PutRequest: { Item } })) };
      const { UnprocessedItems = {} } = await table.client.send(new BatchWriteCommand({ RequestItems }));
      if (Object.keys(UnprocessedItems).length > 0) throw new Error("the table did not take all records");
    }
  });
  await Promise.all(filling);
  return made
    .map(({ node, presence }) => fleetNode(node, presence, nowMs))
    .sort((one, other) => (one.nodeId < other.nodeId ? -1 : 1));
}

function aNode(tenantId: string, index: number, nowMs: number): { node: NodeState; presence: PresenceState } {
  const nodeId = derivedId("appliance", nowMs, `page ${index}`);
  const fingerprint = index.toString(16).padStart(64, "0");
  const health = index % 9 === 0 ? "warning" : "healthy";
  const part = (times: number) => ((index * times) % 1_000) / 10;
  const metrics = {
    cpuPercent: part(7),
    memoryPercent: part(11),
    diskPercent: part(13),
    loadAverage1m: part(17) / 50,
    uptimeSeconds: 60 * index,
  };
  return {
    node: {
      ...confirmedNode({ tenantId, nodeId, name: `home-${index}`, fingerprint, nowMs }),
      hostname: `home-${index}.lan`,
      tags: [`site:s${index % 50}`, "ring:main"],
      health,
    },
    presence: {
      ...firstPresence({ nodeId, tenantId, fingerprint, intervalSeconds: 3_600, nowMs }),
      sequence: 100 + index,
      lastSeenAtMs: nowMs - (index % 60) * 1_000,
      agentVersion: index % 20 === 0 ? "0.9.0" : "1.0.0",
      m1: metrics,
      m2: metrics,
      m3: metrics,
      announced: { level: health, epoch: 1 },
    },
  };
}
