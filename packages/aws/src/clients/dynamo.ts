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
  const client = observed(new DynamoDBClient(clientConfiguration(clientOptions)));
  if (fenceOptions !== undefined) fence(client, fenceOptions);
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
