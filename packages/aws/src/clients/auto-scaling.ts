import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createAutoScaling(options: ClientOptions = {}): AutoScalingClient {
  return new AutoScalingClient(clientConfiguration(options));
}
