import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { calling, isNamed } from "./faults.ts";

/** What an instance finds at its start, by the secret's name. Nothing here can read one. */
export interface InstanceSecrets {
  /** Whether there is such a secret, or was one until a week ago. */
  known(name: string): Promise<boolean>;
  /** False when there is one already: whoever asked first has made it. */
  create(name: string, value: string, tags: Record<string, string>): Promise<boolean>;
  /** Nobody can read it from now on, and none of its name can be made for a week. Removing it again changes nothing. */
  remove(name: string): Promise<void>;
}

export function createInstanceSecrets(secrets: SecretsManagerClient): InstanceSecrets {
  return {
    known: (name) =>
      calling(`look for the secret ${name}`, async () => {
        try {
          await secrets.send(new DescribeSecretCommand({ SecretId: name }));
          return true;
        } catch (error) {
          if (isNamed(error, "ResourceNotFoundException")) return false;
          throw error;
        }
      }),
    create: (name, value, tags) =>
      calling(`make the secret ${name}`, async () => {
        try {
          const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
          await secrets.send(new CreateSecretCommand({ Name: name, SecretString: value, Tags }));
          return true;
        } catch (error) {
          // The second name: one that waits for its deletion.
          if (isNamed(error, "ResourceExistsException", "InvalidRequestException")) return false;
          throw error;
        }
      }),
    remove: (name) =>
      calling(`remove the secret ${name}`, async () => {
        try {
          // The shortest time that Secrets Manager keeps a name from being used again.
          await secrets.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 7 }));
        } catch (error) {
          if (!isNamed(error, "ResourceNotFoundException", "InvalidRequestException")) throw error;
        }
      }),
  };
}
