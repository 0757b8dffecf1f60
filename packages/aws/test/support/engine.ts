import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { tableSchema } from "@steward/contracts/names";
import type { Table } from "../../src/table.ts";

/** A real DynamoDB engine with the one table, in memory, for the tests of one file. */
export interface Engine {
  table: Table;
  /** A further client of the same table, for a test that puts something between. */
  client(): DynamoDBDocumentClient;
  url: string;
  stop(): Promise<void>;
}

export async function startEngine(): Promise<Engine> {
  const child = await spawnEngine();
  const url = child.url;
  const client = () =>
    DynamoDBDocumentClient.from(
      new DynamoDBClient({
        endpoint: url,
        region: "eu-central-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      }),
      { marshallOptions: { removeUndefinedValues: true } },
    );
  const first = client();
  const name = "steward-test";
  await first.send(new CreateTableCommand(tableDefinition(name)));
  return { table: { client: first, name }, client, url, stop: () => stop(child.process) };
}

function tableDefinition(name: string) {
  const keys = [tableSchema, ...tableSchema.indexes].flatMap((one) => [one.partitionKey, one.sortKey]);
  const schema = (one: { partitionKey: string; sortKey: string }) => [
    { AttributeName: one.partitionKey, KeyType: "HASH" as const },
    { AttributeName: one.sortKey, KeyType: "RANGE" as const },
  ];
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST" as const,
    AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
    KeySchema: schema(tableSchema),
    GlobalSecondaryIndexes: tableSchema.indexes.map((index) => ({
      IndexName: index.name,
      KeySchema: schema(index),
      Projection: { ProjectionType: "ALL" as const },
    })),
  };
}

/** Between being found free and being listened at, a port may become another test's. */
async function spawnEngine(): Promise<{ process: ChildProcess; url: string }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await trySpawn();
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function trySpawn(): Promise<{ process: ChildProcess; url: string }> {
  const packageFile = createRequire(import.meta.url).resolve(
    `@dynoxide/${process.platform}-${process.arch}/package.json`,
  );
  const port = await freePort();
  const child = spawn(join(dirname(packageFile), "dynoxide"), ["--port", String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return { process: child, url };
  }
  throw new Error("the engine ended before it listened");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
