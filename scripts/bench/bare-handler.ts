import { type AttributeValue, DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { percentile } from "./report.ts";

/*
 * Handlers with nothing of ours: what somebody would write who knows the SDK and has the same item to update. They parse
 * the body, make the very same update under the same condition, read its old item and answer from it. They check nothing,
 * judge nothing and tell nobody.
 */

export interface BareNode {
  /** Given to them: whoever writes one would have to make it of the certificate. */
  key: { pk: string; sk: string };
  fingerprint: Uint8Array;
}
export type BareHandler = (event: { body?: string }, node: BareNode) => Promise<unknown>;

interface Body {
  sequence: number;
  intervalSeconds: number;
  metrics: Record<string, number>;
  agentVersion: string;
  configRevision: number;
  factsDigest: string;
}

const expressions = {
  UpdateExpression:
    "SET q = :q, #at = :at, i = :i, m3 = m2, m2 = m1, m1 = :m, a = :a, cf = :cf, cc = :cc, f = :f REMOVE writeId, w",
  ConditionExpression: "(cc = :cc OR cn = :cc) AND cr = :no AND q < :q AND v = :v",
  ExpressionAttributeNames: { "#at": "at" },
  ReturnValues: "ALL_OLD",
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
} as const;

/** With the document client, as it comes: how it is mostly written. */
export function createBareHandler(tableName: string): BareHandler {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return async ({ body = "" }, { key, fingerprint }) => {
    const beat = JSON.parse(body) as Body;
    const nowMs = Date.now();
    const { Attributes: old = {} } = await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: key,
        ...expressions,
        ExpressionAttributeValues: {
          ":q": beat.sequence,
          ":at": nowMs,
          ":i": beat.intervalSeconds,
          ":m": Object.values(beat.metrics),
          ":a": beat.agentVersion,
          ":cf": beat.configRevision,
          ":cc": fingerprint,
          ":f": Buffer.from(beat.factsDigest, "hex"),
          ":no": false,
          ":v": 1,
        },
      }),
    );
    return answer({ serverTimeMs: nowMs, nextIntervalSeconds: old["di"], configRevision: old["dc"], pendingRuns: [] });
  };
}

/** Past the document client, with its steps kept and no log of calls, as ours does: as lean as the SDK goes. */
export function createLeanBareHandler(tableName: string): BareHandler {
  const client = new DynamoDBClient({ cacheMiddleware: true });
  client.middlewareStack.remove("loggerMiddleware");
  return async ({ body = "" }, { key, fingerprint }) => {
    const beat = JSON.parse(body) as Body;
    const nowMs = Date.now();
    const { Attributes: old = {} } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { pk: { S: key.pk }, sk: { S: key.sk } },
        ...expressions,
        ExpressionAttributeValues: {
          ":q": number(beat.sequence),
          ":at": number(nowMs),
          ":i": number(beat.intervalSeconds),
          ":m": { L: Object.values(beat.metrics).map(number) },
          ":a": { S: beat.agentVersion },
          ":cf": number(beat.configRevision),
          ":cc": { B: fingerprint },
          ":f": { B: Buffer.from(beat.factsDigest, "hex") },
          ":no": { BOOL: false },
          ":v": { N: "1" },
        },
      }),
    );
    return answer({
      serverTimeMs: nowMs,
      nextIntervalSeconds: Number(old["di"]?.N),
      configRevision: Number(old["dc"]?.N),
      pendingRuns: [],
    });
  };
}

function number(value: number): AttributeValue {
  return { N: String(value) };
}

function answer(body: object) {
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** Gets a round of calls ready, and gives what makes them: only that is measured. Resolves with the number of calls. */
export type Work = (round: number) => () => Promise<number>;

/**
 * CPU of this process a call, in ms, for each of some works: turn by turn, so that whatever else the machine does meets all
 * of them. Medians; `timesOf` are the medians of how often one contains another in the same turn.
 */
export async function cpuSideBySide<Name extends string>(
  works: Record<Name, Work>,
  rounds: number,
): Promise<{ ms: Record<Name, number>; timesOf: (one: Name, other: Name) => number }> {
  const names = Object.keys(works) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    // Nobody is always behind the same one.
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const calls = works[name](round);
      const before = process.cpuUsage();
      const count = await calls();
      const { user, system } = process.cpuUsage(before);
      samples[name].push((user + system) / 1_000 / count);
    }
  }
  const median = (values: number[]) => percentile(values, 0.5);
  return {
    ms: Object.fromEntries(names.map((name) => [name, median(samples[name])])) as Record<Name, number>,
    timesOf: (one, other) => median(samples[one].map((value, at) => value / (samples[other][at] ?? Number.NaN))),
  };
}
