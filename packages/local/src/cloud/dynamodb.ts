import { tableSchema } from "@steward/contracts/names";
import type { EngineAnswer, EngineClient } from "./engine-client.ts";
import { type Caller, ServiceError } from "./service.ts";

/** Where a call about one item has its partition key. */
const keyedBy: Readonly<Record<string, "Key" | "Item">> = {
  GetItem: "Key",
  PutItem: "Item",
  UpdateItem: "Key",
  DeleteItem: "Key",
};

/** Calls about one table, named by `TableName`. */
const tableActions = new Set([
  "GetItem",
  "PutItem",
  "UpdateItem",
  "DeleteItem",
  "Query",
  "Scan",
  "DescribeTable",
  "CreateTable",
  "UpdateTable",
  "DeleteTable",
  "DescribeTimeToLive",
  "UpdateTimeToLive",
]);
const transactWrites = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

/** 16 MB is what a batch may carry; JSON and base64 make it longer. */
export const maxDynamoDbBodyBytes = 24 * 1024 * 1024;

/**
 * Checks the right to do this to every table that the call touches, then passes its bytes to the engine untouched. What
 * is not listed here does not reach the engine: PartiQL, for one, names its tables in a language of its own.
 */
export function createDynamoDb(engine: EngineClient) {
  return async (action: string, body: Buffer, caller: Caller): Promise<EngineAnswer> => {
    let input: unknown;
    try {
      input = JSON.parse(body.toString("utf8"));
    } catch {
      throw new ServiceError("com.amazon.coral.service#SerializationException", "The body is not JSON.");
    }
    authorize(action, input, caller);
    try {
      return await engine.send(action, body);
    } catch (cause) {
      throw new ServiceError("com.amazonaws.dynamodb.v20120810#InternalServerError", String(cause), { status: 500 });
    }
  };
}

function authorize(action: string, input: unknown, caller: Caller): void {
  if (tableActions.has(action)) {
    const index = member(input, "IndexName");
    // An index is a resource of its own: the right to its table does not come with it, nor the other way round.
    const resource = typeof index === "string" ? `${tableOf(input)}/index/${index}` : tableOf(input);
    caller.require(`dynamodb:${action}`, resource);
    const place = keyedBy[action];
    if (place !== undefined) caller.requireKeys(`dynamodb:${action}`, resource, [leadingKey(member(input, place))]);
    else if (action === "Query") caller.requireKeys("dynamodb:Query", resource, [queriedKey(input)]);
  } else if (action === "BatchGetItem" || action === "BatchWriteItem") {
    for (const [table, request] of Object.entries(record(member(input, "RequestItems")))) {
      caller.require(`dynamodb:${action}`, plainName(table));
      caller.requireKeys(`dynamodb:${action}`, plainName(table), batchedKeys(request));
    }
  } else if (action === "TransactGetItems") {
    for (const item of list(member(input, "TransactItems"))) {
      const part = member(item, "Get");
      caller.require("dynamodb:GetItem", tableOf(part));
      caller.requireKeys("dynamodb:GetItem", tableOf(part), [leadingKey(member(part, "Key"))]);
    }
  } else if (action === "TransactWriteItems") {
    for (const item of list(member(input, "TransactItems")))
      for (const [kind, permission] of Object.entries(transactWrites)) {
        const part = member(item, kind);
        if (part === undefined || part === null) continue;
        caller.require(`dynamodb:${permission}`, tableOf(part));
        const key = leadingKey(member(part, kind === "Put" ? "Item" : "Key"));
        caller.requireKeys(`dynamodb:${permission}`, tableOf(part), [key]);
      }
  } else if (action === "ListTables") {
    caller.require("dynamodb:ListTables", "*");
  } else {
    throw new ServiceError(
      "com.amazon.coral.service#UnknownOperationException",
      `The local cloud's DynamoDB does not do ${action}.`,
    );
  }
}

/** The partition key in a key or an item. What has none is left to the engine to refuse: no grant matches "". */
function leadingKey(item: unknown): string {
  return textOf(member(item, tableSchema.partitionKey));
}

function batchedKeys(request: unknown): string[] {
  // A get lists keys, a write lists requests.
  const keys = list(member(request, "Keys")).map(leadingKey);
  const writes = list(request).map((one) =>
    leadingKey(member(member(one, "PutRequest"), "Item") ?? member(member(one, "DeleteRequest"), "Key")),
  );
  return [...keys, ...writes];
}

/** The partition key that a query is about, of the table or of its index: `#pk = :pk AND …`. */
function queriedKey(input: unknown): string {
  const index = member(input, "IndexName");
  const { partitionKey } = tableSchema.indexes.find(({ name }) => name === index) ?? tableSchema;
  const names = record(member(input, "ExpressionAttributeNames")) as Record<string, unknown>;
  const given = member(input, "KeyConditionExpression");
  const condition = typeof given === "string" ? given : "";
  for (const [, name = "", value = ""] of condition.matchAll(/(#?[\w.-]+)\s*=\s*(:\w+)/g)) {
    if ((name.startsWith("#") ? names[name] : name) !== partitionKey) continue;
    return textOf(member(member(input, "ExpressionAttributeValues"), value));
  }
  return "";
}

/** A text as the wire has it: `{"S": "…"}`. */
function textOf(value: unknown): string {
  const text = member(value, "S");
  return typeof text === "string" ? text : "";
}

function tableOf(input: unknown): string {
  const name = member(input, "TableName");
  // The engine says what is wrong with such a call; for the allow list it is a call about nothing.
  return typeof name === "string" ? plainName(name) : "";
}

/** A table may also be named by its ARN. */
function plainName(name: string): string {
  return name.startsWith("arn:") ? (name.split("/")[1] ?? "") : name;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
