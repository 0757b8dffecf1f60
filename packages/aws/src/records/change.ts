import { UpdateCommand, type UpdateCommandInput } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { AppError } from "@steward/contracts/errors";
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

/** `impatient`: an item that is written too often is `too_many_requests` at once, without the SDK's four seconds of tries. */
export async function changeItem(
  table: Table,
  doing: string,
  { key, ...statement }: Change,
  { impatient = false }: { impatient?: boolean } = {},
): Promise<Changed> {
  return calling(doing, async () => {
    const command = new UpdateCommand({
      ...statement,
      TableName: table.name,
      Key: key,
      ReturnValues: "ALL_NEW",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    if (impatient) endAtThrottling(command);
    try {
      const { Attributes } = await table.client.send(command);
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

/** Inside of the SDK's tries: what is thrown here is no fault that it knows, so it does not try again. */
function endAtThrottling(command: UpdateCommand): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (!isNamed(error, ...throttling)) throw error;
        throw new AppError("too_many_requests", "this record is written too often", { cause: error });
      }
    },
    // The document client puts a command's own steps in twice: the same name is the same step.
    { step: "deserialize", priority: "high", name: "endAtThrottling", override: true },
  );
}

const throttling = ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"];
