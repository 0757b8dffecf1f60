import { SQSClient } from "@aws-sdk/client-sqs";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSqs(options: ClientOptions = {}): SQSClient {
  return observed(new SQSClient(clientConfiguration(options)));
}
