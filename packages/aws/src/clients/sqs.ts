import { SQSClient } from "@aws-sdk/client-sqs";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSqs(options: ClientOptions = {}): SQSClient {
  return new SQSClient(clientConfiguration(options));
}
