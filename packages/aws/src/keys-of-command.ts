import { tableSchema } from "@steward/contracts/names";
import { type KeyOperation, textIn, type KeyedItem } from "./key-families.ts";

/** One key that a command touches; of an index where `index` says so. */
export interface TouchedKey {
  operation: KeyOperation;
  partitionKey: string;
  index?: string;
}

export type Reach =
  | {
      kind: "keys";
      keys: TouchedKey[];
      /** Partition keys of indexes that the command would store: where else its item would be listed. */
      listedAt: string[];
    }
  /** Nobody can say what it reaches. */
  | { kind: "unknown"; why: string };

interface WireInput {
  Key?: KeyedItem;
  Item?: KeyedItem;
  IndexName?: string;
  KeyConditionExpression?: string;
  UpdateExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: KeyedItem;
  RequestItems?: Record<string, unknown>;
  TransactItems?: Record<string, WireInput | undefined>[];
}

/**
 * Which keys a DynamoDB command touches, from its input as it goes over the wire. A command that is not known here is
 * `unknown`: a scan, PartiQL, and whatever is invented next.
 */
export function keysOfCommand(command: string, input: unknown): Reach {
  const wire = (input ?? {}) as WireInput;
  switch (command) {
    case "GetItemCommand":
      return reachOf([["get", wire]]);
    case "PutItemCommand":
      return reachOf([["put", wire]]);
    case "UpdateItemCommand":
      return reachOf([["update", wire]]);
    case "DeleteItemCommand":
      return reachOf([["delete", wire]]);
    case "QueryCommand":
      return queried(wire);
    case "BatchGetItemCommand":
      return reachOf(
        Object.values(wire.RequestItems ?? {}).flatMap((request) =>
          ((request as { Keys?: KeyedItem[] }).Keys ?? []).map((Key): Touch => ["get", { Key }]),
        ),
      );
    case "BatchWriteItemCommand":
      return reachOf(
        Object.values(wire.RequestItems ?? {}).flatMap((requests) =>
          (requests as { PutRequest?: WireInput; DeleteRequest?: WireInput }[]).flatMap(
            ({ PutRequest, DeleteRequest, ...others }): Touch[] => [
              ...(PutRequest === undefined ? [] : [["put", PutRequest] as Touch]),
              ...(DeleteRequest === undefined ? [] : [["delete", DeleteRequest] as Touch]),
              ...unknownParts(others),
            ],
          ),
        ),
      );
    case "TransactGetItemsCommand":
    case "TransactWriteItemsCommand":
      return reachOf((wire.TransactItems ?? []).flatMap(partsOf));
    default:
      return { kind: "unknown", why: "it reaches more than single keys, or is not known" };
  }
}

type Touch = [operation: KeyOperation | "unknown", input: WireInput];

const partOperations: Record<string, KeyOperation> = {
  Get: "get",
  Put: "put",
  Update: "update",
  Delete: "delete",
  ConditionCheck: "check",
};

function partsOf(item: Record<string, WireInput | undefined>): Touch[] {
  return Object.entries(item).flatMap(([part, input]): Touch[] =>
    input === undefined ? [] : [[partOperations[part] ?? "unknown", input]],
  );
}

function unknownParts(others: object): Touch[] {
  return Object.values(others)
    .filter((value) => value !== undefined)
    .map((): Touch => ["unknown", {}]);
}

function reachOf(touches: readonly Touch[]): Reach {
  const keys: TouchedKey[] = [];
  const listedAt: string[] = [];
  for (const [operation, input] of touches) {
    const { Key, Item } = input;
    const partitionKey = textIn((Key ?? Item)?.[tableSchema.partitionKey]);
    if (operation === "unknown" || partitionKey === undefined) {
      return { kind: "unknown", why: "one of its parts has no partition key" };
    }
    keys.push({ operation, partitionKey });
    for (const { partitionKey: name } of tableSchema.indexes) {
      const text = textIn(Item?.[name]);
      if (text !== undefined) listedAt.push(text);
    }
    for (const [name, value] of equalities(input.UpdateExpression, input)) {
      if (tableSchema.indexes.some((index) => index.partitionKey === name) && value !== undefined) listedAt.push(value);
    }
  }
  // A batch of nothing is refused by the service itself; here it must not pass for harmless.
  return keys.length === 0 ? { kind: "unknown", why: "it names no key" } : { kind: "keys", keys, listedAt };
}

/** `#pk = :pk`, or the same with a condition on the sort key: exactly one partition, or nobody knows. */
function queried(wire: WireInput): Reach {
  const { IndexName } = wire;
  const wanted =
    IndexName === undefined
      ? tableSchema.partitionKey
      : tableSchema.indexes.find(({ name }) => name === IndexName)?.partitionKey;
  const partitions = equalities(wire.KeyConditionExpression, wire).filter(([name]) => name === wanted);
  const partitionKey = partitions[0]?.[1];
  if (wanted === undefined || partitions.length !== 1 || partitionKey === undefined) {
    return { kind: "unknown", why: "it names no single partition" };
  }
  const key: TouchedKey = {
    operation: "query",
    partitionKey,
    ...(IndexName === undefined ? {} : { index: IndexName }),
  };
  return { kind: "keys", keys: [key], listedAt: [] };
}

/** The attributes that an expression sets or compares to a text: `name = :value`, with placeholders resolved. */
function equalities(
  expression: string | undefined,
  { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} }: WireInput,
): [name: string, text: string | undefined][] {
  return equalitiesIn(expression ?? "").map(({ name, value }) => [names[name] ?? name, textIn(values[value])]);
}

interface Equality {
  readonly name: string;
  readonly value: string;
}

/** A process has few expressions, and each of them goes over the wire again and again: each is read once. */
const known = new Map<string, readonly Equality[]>();
const maxKnown = 1_000;

function equalitiesIn(expression: string): readonly Equality[] {
  let found = known.get(expression);
  if (found === undefined) {
    found = [...expression.matchAll(/([#\w]+)\s*=\s*(:\w+)/g)].map(([, name = "", value = ""]) => ({ name, value }));
    if (known.size >= maxKnown) known.clear();
    known.set(expression, found);
  }
  return found;
}
