import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSecrets(options: ClientOptions = {}): SecretsManagerClient {
  return observed(new SecretsManagerClient(clientConfiguration(options)));
}
