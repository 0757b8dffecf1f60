import { UpdateCommand, type UpdateCommandInput } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { calling, isNamed } from "../faults.ts";
import type { Item, Table } from "../table.ts";
import type { Key } from "./state.ts";

/** One change that the table makes by itself where the condition holds, without reading first. */
export type Change = Pick<
  UpdateCommandInput,
  "UpdateExpression" | "ConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
> & { key: Key };

/** The item as it is after the change; or as it stands where the condition does not hold, undefined where there is none. */
export type Changed = { done: true; item: Item } | { done: false; item: Item | undefined };

export async function changeItem(table: Table, doing: string, { key, ...statement }: Change): Promise<Changed> {
  return calling(doing, async () => {
    try {
      const { Attributes } = await table.client.send(
        new UpdateCommand({
          ...statement,
          TableName: table.name,
          Key: key,
          ReturnValues: "ALL_NEW",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
      return { done: true, item: Attributes ?? {} };
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
      const found = error instanceof Error && "Item" in error ? error.Item : undefined;
      return {
        done: false,
        item: found === undefined ? undefined : unmarshall(found as Parameters<typeof unmarshall>[0]),
      };
    }
  });
}
