import { localAccount } from "@steward/local/account";
import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ClientRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { createDynamo } from "@steward/aws/clients/dynamo";
import { beat, createPresence } from "@steward/aws/records/presence";
import { packHex, presenceKey } from "@steward/aws/records/presence-item";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import { resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import type { HttpEvent } from "@steward/api/lambda-event";
import { root } from "../run.ts";
import { firstPresence, heartbeatEvent } from "./appliances.ts";
import {
  type BareHandler,
  cpuSideBySide,
  createBareHandler,
  createLeanBareHandler,
  type Work,
} from "./bare-handler.ts";
import { localIssuer } from "./certificates.ts";
import { type Figure, percentile } from "./report.ts";

const stage = "bench";
const nodesDomain = "nodes.bench.test";
const nodeCount = 200;
const beatsPerNode = 25;
const cpuRounds = 15;

let measured: Promise<Figure[]> | undefined;

/** Once a process: the handler keeps to the cloud that it was loaded for. */
export function benchHeartbeats(): Promise<Figure[]> {
  measured ??= measure();
  return measured;
}

/**
 * Heartbeats through the real handler, which runs here as it would in Lambda, against the local cloud in a process of
 * its own. Counts every AWS call that leaves this process.
 */
async function measure(): Promise<Figure[]> {
  const stateDir = await mkdtemp(join(tmpdir(), "steward-bench-"));
  const credentials = ["heartbeat", "setup"].map((principal) => ({
    accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString("hex"),
    principal,
    grants:
      principal === "setup"
        ? [{ actions: ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources: ["*"] }]
        : permissions(stage, localAccount).heartbeat,
  }));
  const credentialsFile = join(stateDir, "credentials.json");
  await writeFile(credentialsFile, JSON.stringify(credentials), { mode: 0o600 });
  const cloud = spawn(process.execPath, [join(root, "packages/local/src/cloud/main.ts")], {
    env: {
      ...process.env,
      STEWARD_STATE_DIR: join(stateDir, "cloud"),
      STEWARD_CLOUD_PORT: "0",
      STEWARD_STAGE: stage,
      STEWARD_CREDENTIALS_FILE: credentialsFile,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(cloud.stdout, "data")) as [Buffer];
    const { port } = JSON.parse(line.toString()) as { port: number };
    const [heartbeatKey, setupKey] = credentials;
    if (heartbeatKey === undefined || setupKey === undefined) throw new Error("no credentials");
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: heartbeatKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: heartbeatKey.secretAccessKey,
      STEWARD_STAGE: stage,
      STEWARD_ACCOUNT: localAccount,
      STEWARD_API_DOMAINS: "api.bench.test",
      STEWARD_NODES_DOMAINS: nodesDomain,
      STEWARD_API_URL: "https://api.bench.test",
      STEWARD_NODES_URL: "https://nodes.bench.test",
    });
    const table = {
      client: createDynamo({ credentials: setupKey }),
      name: resourceNames(stage).table,
    };
    const issue = await localIssuer();
    const nodes = await Promise.all(Array.from({ length: nodeCount }, () => makeNode(table, issue)));
    const { handler } = await import("@steward/functions/heartbeat");

    const calls = new Map<string, number>();
    const count = (message: unknown) => {
      const { request } = message as { request: ClientRequest };
      const target = String(request.getHeader("x-amz-target") ?? "other");
      calls.set(target, (calls.get(target) ?? 0) + 1);
    };
    const latencies: number[] = [];
    // Lambda hands over an event that is there: to make one is no part of what is measured.
    const round = (sequence: number) => {
      const events = nodes.map((node) => node.event(sequence));
      return async () => {
        await Promise.all(
          events.map(async (event) => {
            const started = performance.now();
            const result = await handler(event);
            latencies.push(performance.now() - started);
            if (result.statusCode !== 200) throw new Error(`heartbeat answered ${result.statusCode}: ${result.body}`);
          }),
        );
        return events.length;
      };
    };
    // Level: every node is healthy and announced before anything is counted.
    for (let sequence = 1; sequence <= 5; sequence += 1) await round(sequence)();
    latencies.length = 0;
    const rounds = Array.from({ length: beatsPerNode }, (_, number) => round(6 + number));
    subscribe("http.client.request.start", count);
    const started = performance.now();
    for (const beats of rounds) await beats();
    const seconds = (performance.now() - started) / 1000;
    unsubscribe("http.client.request.start", count);

    // Bare handlers keep items of their own, made like ours and brought to the same state by as many beats.
    const firstSequence = 6 + beatsPerNode;
    const bareRound = async (bare: BareHandler) => {
      const own = await Promise.all(
        Array.from({ length: nodeCount }, async () => {
          const node = await makeNode(table, issue);
          return { node, bareNode: { key: presenceKey(node.nodeId), fingerprint: packHex(node.fingerprint) } };
        }),
      );
      const beats: Work = (number) => {
        const events = own.map(({ node, bareNode }) => [node.event(firstSequence + number), bareNode] as const);
        return async () => {
          await Promise.all(events.map(([event, bareNode]) => bare(event, bareNode)));
          return events.length;
        };
      };
      for (let number = -firstSequence + 1; number < 0; number += 1) await beats(number)();
      return beats;
    };
    const cpu = await cpuSideBySide(
      {
        ours: (number) => round(firstSequence + number),
        bare: await bareRound(createBareHandler(table.name)),
        lean: await bareRound(createLeanBareHandler(table.name)),
      },
      cpuRounds,
    );
    const ms = { ours: cpu.ms.ours.toFixed(2), bare: cpu.ms.bare.toFixed(2), lean: cpu.ms.lean.toFixed(2) };
    const beats = nodeCount * beatsPerNode;
    const updates = calls.get("DynamoDB_20120810.UpdateItem") ?? 0;
    const others = [...calls].filter(([target]) => target !== "DynamoDB_20120810.UpdateItem");
    const other = others.reduce((sum, [, number]) => sum + number, 0);
    const how = `${beats} beats of ${nodeCount} nodes through the function's handler, local cloud in another process`;
    return [
      {
        name: "heartbeats",
        value: beats / seconds,
        unit: "1/s",
        bar: { at: "least", value: 1000 },
        how: `${how}; limited by CPU: SDK and signing here, verification and SQLite there`,
      },
      { name: "heartbeat p99", value: percentile(latencies, 0.99), unit: "ms", how: `${nodeCount} at once` },
      {
        name: "heartbeat CPU against a bare handler",
        value: cpu.timesOf("ours", "bare"),
        unit: "×",
        bar: { at: "most", value: 1.25 },
        how: `${ms.ours} ms against ${ms.bare} ms for one that parses, makes the same update with the document client and answers; turn by turn, medians`,
      },
      {
        name: "the same against the leanest",
        value: cpu.timesOf("ours", "lean"),
        unit: "×",
        how: `against ${ms.lean} ms for one past the document client, with a client that is set up as ours is`,
      },
      {
        name: "heartbeat handler CPU",
        value: cpu.ms.ours,
        unit: "ms",
        how: "of this process, its client's connections in it",
      },
      {
        name: "UpdateItem per heartbeat",
        value: updates / beats,
        unit: "calls",
        bar: { at: "most", value: 1 },
        how: "counted on the wire",
      },
      {
        name: "other AWS calls per heartbeat",
        value: other / beats,
        unit: "calls",
        bar: { at: "most", value: 0 },
        how: "counted on the wire",
      },
      {
        name: "write units per heartbeat",
        value: await writeUnits(table, nodes[0]),
        unit: "units",
        bar: { at: "most", value: 1 },
        how: "ConsumedCapacity of the very update, indexes included",
      },
    ];
  } finally {
    cloud.kill("SIGKILL");
    await once(cloud, "exit");
    await rm(stateDir, { recursive: true, force: true });
  }
}

interface BenchNode {
  nodeId: string;
  fingerprint: string;
  event: (sequence: number) => HttpEvent;
}

const metrics = {
  cpuPercent: 12.5,
  memoryPercent: 40.25,
  diskPercent: 55.5,
  loadAverage1m: 0.42,
  uptimeSeconds: 123_456,
};
const bodyOf = (sequence: number) => ({
  sequence,
  intervalSeconds: 60,
  metrics,
  agentVersion: "0.1.0",
  configRevision: 0,
  factsDigest: sha256Hex("facts"),
  conditions: [],
});

async function makeNode(
  table: Parameters<typeof commit>[0],
  issue: Awaited<ReturnType<typeof localIssuer>>,
): Promise<BenchNode> {
  const nowMs = Date.now();
  const nodeId = newId("appliance", nowMs);
  const tenantId = newId("tenant", nowMs);
  const { pem: certificatePem, fingerprint } = await issue(nodeId, tenantId);
  const presence = firstPresence({ nodeId, tenantId, fingerprint, intervalSeconds: 60, nowMs });
  await commit(table, [createPresence(presence)]);
  return {
    nodeId,
    fingerprint,
    event: (sequence) =>
      heartbeatEvent({ stage, domain: nodesDomain, nodeId, certificatePem, body: JSON.stringify(bodyOf(sequence)) }),
  };
}

/** Write units of one heartbeat, as the engine counts them for the very statement that the record sends. */
async function writeUnits(table: Parameters<typeof commit>[0], node: BenchNode | undefined): Promise<number> {
  if (node === undefined) throw new Error("no node");
  let units = 0;
  table.client.middlewareStack.add(
    (next) => async (context) => {
      Object.assign(context.input, { ReturnConsumedCapacity: "INDEXES" });
      const result = await next(context);
      const { ConsumedCapacity: consumed } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } };
      units = consumed?.CapacityUnits ?? Number.NaN;
      return result;
    },
    { step: "initialize", name: "countWriteUnits" },
  );
  const sequence = 1_000;
  await beat(table, {
    nodeId: node.nodeId,
    fingerprint: node.fingerprint,
    heartbeat: bodyOf(sequence),
    nowMs: Date.now(),
  });
  return units;
}
