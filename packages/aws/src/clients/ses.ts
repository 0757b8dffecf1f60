import { SESv2Client } from "@aws-sdk/client-sesv2";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSes(options: ClientOptions = {}): SESv2Client {
  return new SESv2Client(clientConfiguration(options));
}
