import { SSMClient } from "@aws-sdk/client-ssm";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSsm(options: ClientOptions = {}): SSMClient {
  return new SSMClient(clientConfiguration(options));
}
