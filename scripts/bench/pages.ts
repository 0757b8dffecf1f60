import { readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDynamo } from "@steward/aws/clients/dynamo";
import { createS3 } from "@steward/aws/clients/s3";
import { createObjects } from "@steward/aws/objects";
import { createClient } from "@steward/contracts/client";
import type { NodeFilter, NodeSort } from "@steward/contracts/fleet";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { saveFleet } from "@steward/control/fleet-store";
import { localAccount } from "@steward/local/account";
import { credentialsSchema } from "@steward/local/cloud/authorize";
import { fetchTransport } from "@steward/local/fetch-transport";
import { startSteward } from "@steward/local/stack";
import { fillFleet } from "./fill-fleet.ts";
import { type Figure, percentile } from "./report.ts";

const nodeCount = 10_000;
const snapshots = 40;
const pageSize = 50;
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
    const nodes = await fillFleet(table, tenant.id, nodeCount);
    const save = () => saveFleet(deps, { tenantId: tenant.id, atMs: Date.now(), nodes });
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
