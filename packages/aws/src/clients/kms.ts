import { KMSClient } from "@aws-sdk/client-kms";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createKms(options: ClientOptions = {}): KMSClient {
  return new KMSClient(clientConfiguration(options));
}
