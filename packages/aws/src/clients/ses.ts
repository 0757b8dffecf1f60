import { SESv2Client } from "@aws-sdk/client-sesv2";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSes(options: ClientOptions = {}): SESv2Client {
  return observed(new SESv2Client(clientConfiguration(options)));
}
