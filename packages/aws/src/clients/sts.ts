import { STSClient } from "@aws-sdk/client-sts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSts(options: ClientOptions = {}): STSClient {
  return new STSClient(clientConfiguration(options));
}
