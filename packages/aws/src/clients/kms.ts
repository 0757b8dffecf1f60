import { KMSClient } from "@aws-sdk/client-kms";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createKms(options: ClientOptions = {}): KMSClient {
  return observed(new KMSClient(clientConfiguration(options)));
}
