import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { percentile } from "./report.ts";

const rounds = 9;

/** A handler with nothing of ours: parses the body, and writes it with one conditional update that returns the old item. */
export function createBareHandler(tableName: string): (event: { body?: string }, nodeId: string) => Promise<unknown> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return async ({ body = "" }, nodeId) => {
    const { sequence, metrics, agentVersion, intervalSeconds } = JSON.parse(body) as Record<string, unknown>;
    const { Attributes: old } = await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: { pk: `SYS#PRESENCE#${nodeId}`, sk: nodeId },
        UpdateExpression: "SET q = :q, m1 = :m, a = :a, i = :i, #at = :at",
        ConditionExpression: "attribute_not_exists(pk) OR q < :q",
        ExpressionAttributeNames: { "#at": "at" },
        ExpressionAttributeValues: {
          ":q": sequence,
          ":m": metrics,
          ":a": agentVersion,
          ":i": intervalSeconds,
          ":at": Date.now(),
        },
        ReturnValues: "ALL_OLD",
      }),
    );
    return { statusCode: 200, body: JSON.stringify({ serverTimeMs: Date.now(), old: old?.["q"] ?? 0 }) };
  };
}

/** CPU of this process for each of two works, turn by turn so that whatever else the machine does meets both: medians, in ms. */
export async function cpuSideBySide(works: {
  ours: (round: number) => Promise<number>;
  bare: (round: number) => Promise<number>;
}): Promise<{ oursMs: number; bareMs: number; ratio: number }> {
  const cpuOf = async (work: () => Promise<number>) => {
    const before = process.cpuUsage();
    const calls = await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / calls;
  };
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await cpuOf(() => works.ours(round)));
    bare.push(await cpuOf(() => works.bare(round)));
  }
  const [oursMs, bareMs] = [percentile(ours, 0.5), percentile(bare, 0.5)];
  const ratio = percentile(
    ours.map((value, at) => value / (bare[at] ?? 1)),
    0.5,
  );
  return { oursMs, bareMs, ratio };
}
