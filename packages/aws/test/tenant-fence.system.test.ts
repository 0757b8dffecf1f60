import { DynamoDBClient, GetItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDynamo, createWire } from "../src/clients/dynamo.ts";
import { createPerson, getPerson } from "../src/records/person.ts";
import { beat, batchGetPresence, createPresence, getPresence, listPresenceShard } from "../src/records/presence.ts";
import { presenceKey } from "../src/records/presence-item.ts";
import { getSession } from "../src/records/session.ts";
import { createTask, getTask, listTasks, replaceTask } from "../src/records/task.ts";
import { commit, readItem, type Table } from "../src/table.ts";
import { actFor, actForSystem } from "../src/tenant-fence.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { aPresence, aTask } from "./support/states.ts";

const mine = newId("tenant", 1);
const theirs = newId("tenant", 2);
const myTask = aTask({ tenantId: mine, instruction: "mine" });
const theirTask = aTask({ tenantId: theirs, instruction: "tainted" });
const myNode = aPresence({ nodeId: newId("appliance", 1), tenantId: mine });
const theirNode = aPresence({ nodeId: newId("appliance", 2), tenantId: theirs });
const personId = newId("person", 1);

let engine: Engine;
/** The same table through the fence. */
let table: Table;
const logged: { event: string; fields: Record<string, unknown> }[] = [];
const fence = {
  log: (_: "warn" | "error", event: string, fields: Record<string, unknown>) => void logged.push({ event, fields }),
};
const options = () => ({
  endpointUrl: engine.url,
  region: "eu-central-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

beforeAll(async () => {
  engine = await startEngine();
  table = { client: createDynamo({ ...options(), fence }), name: engine.table.name };
  for (const write of [createTask(myTask), createTask(theirTask), createPresence(myNode), createPresence(theirNode)]) {
    await commit(engine.table, [write]);
  }
  const person = { v: 1, version: 1, personId, name: "Ada", issuer: "i", subject: "s", createdAtMs: 1 } as const;
  await commit(engine.table, [createPerson({ ...person, grants: [] })]);
});
afterAll(() => engine.stop());
beforeEach(() => {
  logged.length = 0;
});

function heartbeatOf(sequence: number, cpuPercent: number) {
  const metrics = { cpuPercent, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 };
  return { sequence, intervalSeconds: 60, agentVersion: "1", metrics, configRevision: 0, conditions: [] };
}

async function refused(work: () => Promise<unknown>): Promise<AppError> {
  const error: unknown = await work().then(
    () => new Error("it was let through"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw error;
  expect(error).toMatchObject({ code: "internal", retryable: false });
  expect(logged).toEqual([{ event: "fence_refused", fields: expect.objectContaining({ reason: expect.any(String) }) }]);
  // Neither who asks nor the log learns a key of somebody else's.
  const told = JSON.stringify([error.message, error.details, error.next, logged]);
  for (const secret of [theirs, theirTask.taskId, theirNode.nodeId]) expect(told).not.toContain(secret);
  return error;
}

describe("the fenced client", () => {
  it("lets a tenant's code read and write what is the tenant's", async () => {
    await actFor(mine, async () => {
      expect(await getTask(table, myTask)).toEqual(myTask);
      expect((await listTasks(table, mine, { limit: 10 })).items).toEqual([myTask]);
      expect(await getPresence(table, myNode.nodeId)).toMatchObject({ tenantId: mine });
      expect(await getPerson(table, personId)).toMatchObject({ name: "Ada" });
    });
    expect(logged).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["reads another's record", () => getTask(table, theirTask)],
    ["lists another's records", () => listTasks(table, theirs, { limit: 10 })],
    ["lists another's index", () => listTasks(table, theirs, { status: "queued", limit: 10 })],
    ["changes another's record", () => commit(table, [replaceTask(theirTask, { ...theirTask, version: 2 })])],
    ["creates for another", () => commit(table, [createTask(aTask({ tenantId: theirs }))])],
    [
      "creates for another in a transaction with its own",
      () => commit(table, [createTask(aTask({ tenantId: mine })), createTask(aTask({ tenantId: theirs }))]),
    ],
    ["lists a shard of presences", () => listPresenceShard(table, 0)],
    ["reads what sessions there are", () => getSession(table, "0".repeat(64))],
    ["reads whose identity one is", () => readItem(table, { pk: "SYS#IDENTITY#0", sk: "IDENTITY" })],
    ["scans", () => table.client.send(new ScanCommand({ TableName: table.name }))],
    [
      "reads past the document client",
      () =>
        table.client.send(
          new GetItemCommand({
            TableName: table.name,
            Key: { pk: { S: `T#${theirs}#TASK` }, sk: { S: theirTask.taskId } },
          }),
        ),
    ],
    [
      "makes a second client of the first one's parts",
      () =>
        DynamoDBDocumentClient.from(table.client as unknown as DynamoDBClient).send(
          new GetCommand({ TableName: table.name, Key: { pk: `T#${theirs}#TASK`, sk: theirTask.taskId } }),
        ),
    ],
  ])("refuses what %s, before anything is sent", async (_, work) => {
    const before = await getTask(engine.table, theirTask);
    await refused(() => actFor(mine, work));
    expect(await getTask(engine.table, theirTask)).toEqual(before);
  });

  it("refuses everything without a scope, and a scan also to the system", async () => {
    await refused(() => getTask(table, myTask));
    logged.length = 0;
    await refused(() => actForSystem("a test", () => table.client.send(new ScanCommand({ TableName: table.name }))));
    expect(await actForSystem("a test", () => getTask(table, theirTask))).toEqual(theirTask);
  });

  it("withholds other tenants' items of a shared family, says so in the log, and counts them as absent", async () => {
    await actFor(mine, async () => {
      expect(await getPresence(table, theirNode.nodeId)).toBeUndefined();
      const both = await batchGetPresence(table, [myNode.nodeId, theirNode.nodeId]);
      expect(both.map(({ nodeId }) => nodeId)).toEqual([myNode.nodeId]);
      const raw = await table.client.send(
        new BatchGetCommand({ RequestItems: { [table.name]: { Keys: [presenceKey(theirNode.nodeId)] } } }),
      );
      expect(raw.Responses?.[table.name]).toEqual([]);
    });
    expect(logged).toHaveLength(3);
    for (const { event } of logged) expect(event).toBe("fence_withheld");
    expect(JSON.stringify(logged)).not.toContain(theirNode.nodeId);
  });

  it("a record that says another tenant than its key is not believed", async () => {
    const forged = aTask({ tenantId: mine });
    const write = createTask(forged);
    if (!("Item" in write.statement)) throw new Error("not a creation");
    const item = { ...write.statement.Item, state: { ...forged, tenantId: theirs } };
    await commit(engine.table, [{ ...write, statement: { ...write.statement, Item: item } }]);
    await expect(actFor(mine, () => getTask(table, forged))).rejects.toMatchObject({ code: "internal" });
  });

  it("with one family, serves it without a scope, and nothing else", async () => {
    const client = createDynamo({ ...options(), fence: { ...fence, only: ["presence"] } });
    const only = { client, name: table.name };
    const heartbeat = heartbeatOf(1, 1);
    const outcome = await beat(only, { nodeId: myNode.nodeId, fingerprint: "f".repeat(64), heartbeat, nowMs: 1 });
    expect(outcome.kind).toBe("refused");
    await refused(() => getTask(only, myTask));
  });

  it("is in a client that resolves its steps once, where many calls at a time have each their own answer", async () => {
    const only = { ...fence, only: ["presence"] as const };
    const client = createDynamo({ ...options(), fence: only });
    const wired = { client, wire: createWire(client, only), name: table.name };
    const nodes = Array.from({ length: 40 }, (_, at) => aPresence({ nodeId: newId("appliance", 3), sequence: at + 5 }));
    for (const node of nodes) await commit(engine.table, [createPresence(node)]);
    for (const turn of [1, 2]) {
      const outcomes = await Promise.all(
        nodes.map(({ nodeId, certificate, sequence }, at) => {
          // Every fourth in another way: stored, said again, overtaken, and by somebody else.
          const told = [sequence + turn, sequence + turn - 1, 1, sequence + turn][at % 4] ?? 1;
          const fingerprint = at % 4 === 3 ? "e".repeat(64) : certificate.current;
          return beat(wired, { nodeId, fingerprint, heartbeat: heartbeatOf(told, at), nowMs: turn });
        }),
      );
      for (const [at, outcome] of outcomes.entries()) {
        const { nodeId, sequence } = nodes[at] as (typeof nodes)[number];
        if (at % 4 === 0) {
          expect(outcome).toMatchObject({ kind: "accepted", before: { nodeId, sequence: sequence + turn - 1 } });
          expect(outcome).toMatchObject({ metrics: { cpuPercent: at } });
        } else if (at % 4 === 1) {
          const kind = turn === 1 ? "retry" : "accepted";
          expect(outcome).toMatchObject({ kind, [turn === 1 ? "stored" : "before"]: { nodeId, sequence } });
        } else if (at % 4 === 2) expect(outcome).toEqual({ kind: "stale", sequence });
        else expect(outcome).toEqual({ kind: "refused" });
      }
    }
    const Key = { pk: { S: `T#${mine}#TASK` }, sk: { S: myTask.taskId } };
    await refused(() => wired.wire.send(new GetItemCommand({ TableName: table.name, Key })));
  });
});
