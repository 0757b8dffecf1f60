import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { fence, type FenceOptions } from "../tenant-fence.ts";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

/**
 * The client for the table. `undefined` in a state is an absent attribute, as it is in JSON. Every function's is fenced;
 * what runs outside of them (tests, the local cloud's own part) may leave it out.
 */
export function createDynamo(options: ClientOptions & { fence?: FenceOptions } = {}): DynamoDBDocumentClient {
  const { fence: fenceOptions, ...clientOptions } = options;
  const client = observed(withoutCallLog(new DynamoDBClient(clientConfiguration(clientOptions))));
  if (fenceOptions !== undefined) fence(client, fenceOptions);
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/**
 * Beside the client for everything, over its connections and with its keys: one for calls in the wire's own words. It
 * resolves the steps of a kind of call once, which the document client cannot, and is blind to steps that are added
 * later: the fence is in from the start.
 */
export function createWire({ config }: DynamoDBDocumentClient, fenceOptions: FenceOptions): DynamoDBClient {
  const { credentials, endpoint, region, requestHandler } = config;
  const own = { credentials, region, requestHandler, ...(endpoint === undefined ? {} : { endpoint }) };
  const client = observed(withoutCallLog(new DynamoDBClient({ ...own, cacheMiddleware: true })));
  fence(client, fenceOptions);
  return client;
}

/**
 * The SDK copies each call and each answer, without what is secret in it, for a logger; also for the one that it has where
 * nobody gave it any.
 */
function withoutCallLog(client: DynamoDBClient): DynamoDBClient {
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}
