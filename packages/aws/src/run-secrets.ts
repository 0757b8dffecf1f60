import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { sha256Hex } from "@steward/contracts/canonical";
import { calling, isNamed } from "./faults.ts";

/** Values that runs made, and those that tenants put in, by the secret's name. Each function may make some of the calls. */
export interface RunSecrets {
  /** The same value again changes nothing; false where the name has another value. */
  create(name: string, value: string): Promise<boolean>;
  /** A new version, of a new secret where there is none. The same version again with the same value changes nothing; false with another one. */
  put(name: string, value: string, version: string): Promise<boolean>;
  /** In force, or of a version. Never remembered. Undefined where there is none (any more). */
  read(name: string, version?: string): Promise<string | undefined>;
  /** At once and for good. Removing it again changes nothing. */
  remove(name: string): Promise<void>;
}

export function createRunSecrets(secrets: SecretsManagerClient): RunSecrets {
  return {
    create: (name, value) =>
      calling(`make the secret ${name}`, async () => {
        try {
          await secrets.send(
            // One version, named by the name itself: Secrets Manager lets it be made again with the same value only, so
            // that whoever makes it needs no right to read it.
            new CreateSecretCommand({ Name: name, SecretString: value, ClientRequestToken: sha256Hex(name) }),
          );
          return true;
        } catch (error) {
          if (isNamed(error, "ResourceExistsException", "InvalidRequestException")) return false;
          throw error;
        }
      }),
    put: (name, value, version) =>
      calling(`write the secret ${name}`, async () => {
        const put = { SecretString: value, ClientRequestToken: version };
        // Two that make it at once: for one of them it is there, and its value a new version of it.
        for (let turn = 0; ; turn += 1) {
          try {
            await secrets.send(new PutSecretValueCommand({ SecretId: name, ...put }));
            return true;
          } catch (error) {
            if (isNamed(error, "ResourceExistsException")) return false;
            if (!isNamed(error, "ResourceNotFoundException")) throw error;
          }
          try {
            await secrets.send(new CreateSecretCommand({ Name: name, ...put }));
            return true;
          } catch (error) {
            if (!isNamed(error, "ResourceExistsException") || turn > 2) throw error;
          }
        }
      }),
    read: (name, version) =>
      calling(`read the secret ${name}`, async () => {
        try {
          const wanted = { SecretId: name, ...(version === undefined ? {} : { VersionId: version }) };
          return (await secrets.send(new GetSecretValueCommand(wanted))).SecretString;
        } catch (error) {
          if (isNamed(error, "ResourceNotFoundException", "InvalidRequestException")) return undefined;
          throw error;
        }
      }),
    remove: (name) =>
      calling(`remove the secret ${name}`, async () => {
        try {
          await secrets.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
        } catch (error) {
          if (!isNamed(error, "ResourceNotFoundException", "InvalidRequestException")) throw error;
        }
      }),
  };
}
