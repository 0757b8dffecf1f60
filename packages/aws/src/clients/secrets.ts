import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type ClientOptions, clientConfiguration } from "./options.ts";

export function createSecrets(options: ClientOptions = {}): SecretsManagerClient {
  return new SecretsManagerClient(clientConfiguration(options));
}
