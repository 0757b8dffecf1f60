import { z } from "zod";
import type { EngineClient } from "./engine-client.ts";
import type { CloudContext } from "./service.ts";

const pageItems = 500;
const pauseMs = 10;
/** DynamoDB leaves alone what seems to have expired so long ago: rather a mistake than a time. */
const oldestExpiryS = 5 * 365 * 24 * 3600;

const tableList = z.object({ TableNames: z.array(z.string()) });
const timeToLive = z.object({
  TimeToLiveDescription: z.object({ TimeToLiveStatus: z.string(), AttributeName: z.string().optional() }),
});
const table = z.object({ Table: z.object({ KeySchema: z.array(z.object({ AttributeName: z.string() })) }) });
const scan = z.object({
  Items: z.array(z.record(z.string(), z.unknown())).default([]),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
});

export interface TtlSweeper {
  /** One pass over all tables; the number of items deleted. */
  sweep(): Promise<number>;
  stop(): void;
}

/** Deletes expired items, which the engine never does. Slow on purpose: on AWS too the deletion may come days later. */
export function startTtlSweeper(engine: EngineClient, context: CloudContext, intervalMs: number): TtlSweeper {
  let stopped = false;
  let running: Promise<number> | undefined;

  const sweepTable = async (name: string): Promise<number> => {
    const { TimeToLiveDescription: ttl } = timeToLive.parse(
      await engine.call("DescribeTimeToLive", { TableName: name }),
    );
    if (ttl.TimeToLiveStatus !== "ENABLED" || ttl.AttributeName === undefined) return 0;
    const { Table } = table.parse(await engine.call("DescribeTable", { TableName: name }));
    const keys = Table.KeySchema.map(({ AttributeName }) => AttributeName);
    const nowS = Math.floor(context.now() / 1000);
    const expired = {
      expression: "attribute_type(#ttl, :number) AND #ttl <= :now AND #ttl > :oldest",
      names: { "#ttl": ttl.AttributeName },
      values: {
        ":number": { S: "N" },
        ":now": { N: String(nowS) },
        ":oldest": { N: String(nowS - oldestExpiryS) },
      },
    };
    const keyNames = Object.fromEntries(keys.map((key, index) => [`#k${index}`, key]));
    let deleted = 0;
    let start: Record<string, unknown> | undefined;
    do {
      const found = scan.parse(
        await engine.call("Scan", {
          TableName: name,
          Limit: pageItems,
          FilterExpression: expired.expression,
          ProjectionExpression: Object.keys(keyNames).join(", "),
          ExpressionAttributeNames: { ...expired.names, ...keyNames },
          ExpressionAttributeValues: expired.values,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      for (const item of found.Items) {
        if (stopped) return deleted;
        // Conditional: it may have been renewed since the scan saw it.
        const done = await engine
          .call("DeleteItem", {
            TableName: name,
            Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
            ConditionExpression: expired.expression,
            ExpressionAttributeNames: expired.names,
            ExpressionAttributeValues: expired.values,
          })
          .then(
            () => 1,
            (error: unknown) => {
              if (error instanceof Error && "type" in error && error.type === "ConditionalCheckFailedException")
                return 0;
              throw error;
            },
          );
        deleted += done;
      }
      start = found.LastEvaluatedKey;
      if (start !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } while (start !== undefined && !stopped);
    return deleted;
  };

  const sweepAll = async (): Promise<number> => {
    let deleted = 0;
    const { TableNames } = tableList.parse(await engine.call("ListTables", {}));
    for (const name of TableNames) deleted += await sweepTable(name);
    return deleted;
  };

  const sweep = () => {
    running ??= sweepAll().finally(() => {
      running = undefined;
    });
    return running;
  };

  const timer = setInterval(() => {
    sweep().catch((error: unknown) => {
      if (!stopped) context.log(`Expired items could not be deleted: ${String(error)}`);
    });
  }, intervalMs);
  timer.unref();
  return {
    sweep,
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
