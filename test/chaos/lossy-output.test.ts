import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openOutput } from "@steward/agent/output-spool";
import { createUploader, type Uploader } from "@steward/agent/upload-output";
import { type Clients, createClients } from "@steward/aws/clients";
import { createObjects } from "@steward/aws/objects";
import { createNode } from "@steward/aws/records/node";
import { createRun, getRun, replaceRun } from "@steward/aws/records/run";
import { createTask } from "@steward/aws/records/task";
import { createTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { createOutputReader, fetchBytes } from "@steward/cli/read-output";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import type { Caller, NodeCaller } from "@steward/control/context";
import { getOutput } from "@steward/control/get-output";
import { requestChunk } from "@steward/control/request-chunk";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { systemClock } from "@steward/node-client/clock";
import { afterAll, beforeAll, expect, it } from "vitest";
import { aRun, aTask } from "../../packages/aws/test/support/states.ts";

/*
 * 100 MB from an appliance's spool through the object store to a reader, over a connection that breaks in the middle of
 * every tenth chunk, each way, and beside it every tenth call to the API that loses its answer.
 */
const megabyte = 1024 * 1024;
const stage = "lossy";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-lossy-"));
const credential = {
  accessKeyId: "LOCALTEST",
  secretAccessKey: "test-secret-0123456789",
  principal: "test",
  grants: [{ actions: ["*"], resources: ["*"] }],
};
let cloud: Cloud;
let lossy: { server: Server; url: string; broken: () => number };
let clients: Clients;

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [credential] });
  lossy = await startLossyWay(cloud.endpoint);
  clients = createClients({ region: "eu-central-1", credentials: credential, endpointUrl: cloud.endpoint });
});
afterAll(async () => {
  lossy?.server.close();
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});

/** Passes bytes on, and cuts the connection in the middle of every tenth exchange. */
async function startLossyWay(to: string): Promise<typeof lossy> {
  const target = new URL(to);
  let ownHost = "";
  let exchanges = 0;
  let broken = 0;
  const server = createServer((near) => {
    const far: Socket = connect(Number(target.port), target.hostname);
    let cutAfter = Number.POSITIVE_INFINITY;
    let passed = 0;
    const pass = (from: Socket, into: Socket) => {
      from.on("data", (bytes: Buffer) => {
        if (from === near && /^(?:GET|PUT) /.test(bytes.toString("latin1", 0, 4))) {
          exchanges += 1;
          passed = 0;
          cutAfter = exchanges % 10 === 0 ? 60_000 : Number.POSITIVE_INFINITY;
        }
        // The address was signed for the storage's own name.
        const forward =
          passed > 0 ? bytes : Buffer.from(bytes.toString("latin1").replace(ownHost, target.host), "latin1");
        passed += bytes.length;
        if (passed > cutAfter) {
          broken += 1;
          near.destroy();
          far.destroy();
          return;
        }
        if (!into.write(from === near ? forward : bytes)) {
          from.pause();
          into.once("drain", () => from.resume());
        }
      });
      from.on("close", () => into.destroy());
      from.on("error", () => into.destroy());
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  ownHost = `127.0.0.1:${address.port}`;
  return { server, url: `http://${ownHost}`, broken: () => broken };
}

/** A call whose every tenth answer is lost. */
function losing<T extends (...args: never[]) => Promise<unknown>>(call: T): T {
  let calls = 0;
  return (async (...args: Parameters<T>) => {
    const answer = await call(...args);
    calls += 1;
    if (calls % 10 === 0) throw new AppError("unavailable", "the answer was lost");
    return answer;
  }) as T;
}

it("100 MB are the same at the other end, whatever breaks, in bounded memory and time", async () => {
  const nowMs = Date.now();
  const tenantId = newId("tenant", nowMs);
  const ledgerId = randomUUID();
  const rolloutId = newId("rollout", nowMs);
  const node: NodeCaller = {
    nodeId: newId("appliance", nowMs),
    tenantId,
    kind: "appliance",
    fingerprint: "a".repeat(64),
    requestId: "request",
  };
  const run = aRun({ tenantId, rolloutId, applianceId: node.nodeId, status: "running", ledgerId });
  const task = aTask({ tenantId, taskId: run.taskId, rolloutId, status: "running" });
  const table = { client: clients.dynamo, name: names.table };
  await commit(table, [
    createTenant({
      v: 1,
      version: 1,
      tenantId,
      name: "Acme",
      createdAtMs: nowMs,
      heartbeatIntervalSeconds: 60,
      status: "active",
    }),
    createTask(task),
    createRun(run),
    createNode({
      v: 1,
      version: 1,
      tenantId,
      nodeId: node.nodeId,
      kind: "appliance",
      name: "attic",
      hostname: "attic",
      tags: [],
      doorbell: "pull",
      health: "healthy",
      healthSinceMs: nowMs,
      healthEpoch: 1,
      keyFingerprint: "b".repeat(64),
      confirmedAtMs: nowMs,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    }),
  ]);
  const direct = createObjects(clients.s3);
  const byLossyWay = (url: string) => url.replace(cloud.endpoint, lossy.url);
  const deps = {
    table,
    nowMs: () => Date.now(),
    log: () => {},
    objects: {
      ...direct,
      presignedGet: async (...args: Parameters<typeof direct.presignedGet>) =>
        byLossyWay(await direct.presignedGet(...args)),
      presignedPut: async (...args: Parameters<typeof direct.presignedPut>) => {
        const place = await direct.presignedPut(...args);
        return { ...place, url: byLossyWay(place.url) };
      },
    },
    outputBucket: bucketNames(stage, localAccount).outputs,
    bundleBucket: bucketNames(stage, localAccount).bundles,
  };
  const person = { id: newId("person", nowMs), name: "Ada", grants: [{ tenant: tenantId, role: "viewer" as const }] };
  const caller: Caller = {
    principal: { kind: "person", ...person },
    sessionId: "session",
    tenantId,
    role: "viewer",
    requestId: "request",
  };
  const call = losing(async (name: string, input: { params: object; body: object }) =>
    name === "requestChunk"
      ? requestChunk(deps, node, input.params as never, input.body as never)
      : getOutput(deps, caller, input.params as never),
  ) as unknown as Client;

  let largest = 0;
  const look = () => {
    const { rss } = process.memoryUsage();
    largest = Math.max(largest, rss);
  };
  const atFirst = process.memoryUsage().rss;
  const begunMs = performance.now();
  const dir = join(stateDir, "spool");
  const refused: string[] = [];
  const uploader: Uploader = createUploader({
    call,
    run: { runId: run.runId, attempt: 1, ledgerId },
    dir,
    clock: systemClock,
    random: () => 0.01,
    log: (event, fields) => {
      refused.push(`${event} ${JSON.stringify(fields)}`);
    },
    signal: new AbortController().signal,
  });
  const spool = await openOutput({ dir, clock: systemClock, onChunk: (chunk) => uploader.add(chunk) });
  const sent = createHash("sha256");
  for (let part = 0; part < 100; part += 1) {
    // Text that shrinks about as Ansible's does.
    const bytes = Buffer.alloc(megabyte, "ok: [localhost] => (item=one of very many lines)\n");
    bytes.write(randomBytes(megabyte / 8).toString("hex"), 0);
    sent.update(bytes);
    const full = spool.write(bytes);
    if (full !== undefined) await full;
    look();
  }
  const manifest = await spool.close();
  expect(await uploader.settled(), refused.at(-1)).toBe(true);
  look();
  const current = await getRun(table, run);
  if (current === undefined) throw new Error("no run");
  await commit(table, [
    replaceRun(current, { ...current, version: current.version + 1, output: manifest, chunks: [] }),
  ]);

  const reader = createOutputReader(call, task.taskId, node.nodeId, fetchBytes);
  const got = createHash("sha256");
  let bytes = 0;
  for (;;) {
    try {
      const { complete } = await reader.read((text) => {
        got.update(text);
        bytes += Buffer.byteLength(text);
        look();
      });
      if (complete) break;
    } catch (error) {
      // As `steward tasks watch --output` does.
      if (!(error instanceof AppError && error.retryable)) throw error;
    }
  }
  const tookMs = performance.now() - begunMs;
  expect(bytes).toBe(100 * megabyte);
  const hash = sent.digest("hex");
  expect(manifest.sha256).toBe(hash);
  expect(got.digest("hex")).toBe(hash);
  expect(lossy.broken()).toBeGreaterThanOrEqual(2 * Math.floor(manifest.chunks.length / 10));
  const more = Math.round((largest - atFirst) / megabyte);
  console.log(`100 MB, ${lossy.broken()} broken connections: ${Math.round(tookMs)} ms, at most ${more} MB more memory`);
  expect(more).toBeLessThan(200);
  expect(tookMs).toBeLessThan(110_000);
}, 120_000);
