import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { AppError } from "@steward/contracts/errors";
import type { FactsState } from "@steward/core/node/node-state";
import { calling, isNamed } from "../faults.ts";
import { type Item, readItem, readItems, type Table } from "../table.ts";

const keyOf = ({ tenantId, nodeId }: { tenantId: string; nodeId: string }) => ({
  pk: `T#${tenantId}#FACTS`,
  sk: nodeId,
});

export async function getFacts(
  table: Table,
  key: { tenantId: string; nodeId: string },
): Promise<FactsState | undefined> {
  const item = await readItem(table, keyOf(key));
  return item === undefined ? undefined : factsOf(item);
}

/** In no order; nodes that have told nothing are left out. */
export async function batchGetFacts(table: Table, tenantId: string, nodeIds: readonly string[]): Promise<FactsState[]> {
  const keys = [...new Set(nodeIds)].map((nodeId) => keyOf({ tenantId, nodeId }));
  return (await readItems(table, keys)).map(factsOf);
}

/**
 * newer: settles two uploads of one node that overtake each other: the older one is dropped, whatever its way.
 * Equal times pass, so that a repeated write is as good as one.
 */
const newer = "attribute_not_exists(pk) OR updatedAtMs <= :updatedAtMs";

/** Stores what an appliance says of itself, unless something newer is there. */
export async function putFacts(table: Table, state: FactsState): Promise<void> {
  const { updatedAtMs } = state;
  await calling("store facts", async () => {
    try {
      await table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: { ...keyOf(state), updatedAtMs, state },
          ConditionExpression: newer,
          ExpressionAttributeValues: { ":updatedAtMs": updatedAtMs },
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}

function factsOf(item: Item): FactsState {
  const { state } = item;
  if (typeof state !== "object" || state === null || !("v" in state) || state.v !== 1) {
    throw new AppError("internal", `the facts of ${String(item["sk"])} have a shape that this version does not know`, {
      next: "Roll forward to the version that wrote them.",
      retryable: false,
    });
  }
  return state as FactsState;
}
