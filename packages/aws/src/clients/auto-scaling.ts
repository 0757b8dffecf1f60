import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createAutoScaling(options: ClientOptions = {}): AutoScalingClient {
  return observed(new AutoScalingClient(clientConfiguration(options)));
}
