import { STSClient } from "@aws-sdk/client-sts";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSts(options: ClientOptions = {}): STSClient {
  return observed(new STSClient(clientConfiguration(options)));
}
