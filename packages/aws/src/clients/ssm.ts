import { SSMClient } from "@aws-sdk/client-ssm";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSsm(options: ClientOptions = {}): SSMClient {
  return observed(new SSMClient(clientConfiguration(options)));
}
