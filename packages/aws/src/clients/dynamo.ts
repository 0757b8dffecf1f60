import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { type ClientOptions, clientConfiguration } from "./options.ts";

/** The client for the table. `undefined` in a state is an absent attribute, as it is in JSON. */
export function createDynamo(options: ClientOptions = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient(clientConfiguration(options)), {
    marshallOptions: { removeUndefinedValues: true },
  });
}
