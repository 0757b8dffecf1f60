import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { AppError } from "@steward/contracts/errors";
import { calling, isNamed } from "./faults.ts";

export const stages = { current: "AWSCURRENT", previous: "AWSPREVIOUS", pending: "AWSPENDING" } as const;

export interface SecretVersion {
  id: string;
  stages: string[];
  createdAtMs: number;
}

export interface SecretRotation {
  enabled: boolean;
  /** The stages of each version that has one. */
  stages: Readonly<Record<string, readonly string[]>>;
  rotatedAtMs?: number;
  nextAtMs?: number;
}

/** A secret's versions, and what moves between them. Each function may do its part of it. */
export interface SecretVersions {
  /** Those that have a stage. Undefined where there is no such secret. */
  list(name: string): Promise<SecretVersion[] | undefined>;
  rotation(name: string): Promise<SecretRotation>;
  /** The version's value; undefined while it has none. */
  read(name: string, version: { id: string; stage: string }): Promise<string | undefined>;
  /** Gives a version its value. The same again changes nothing; false where it has another value already. */
  write(name: string, value: string, version: { id: string; stage: string }): Promise<boolean>;
  /** Puts a version in force instead of the one that is. */
  makeCurrent(name: string, id: string, from: string | undefined): Promise<void>;
  /** Has it rotated, as version `id`. False where a rotation is under way. */
  rotate(name: string, id: string): Promise<boolean>;
}

export function createSecretVersions(secrets: SecretsManagerClient): SecretVersions {
  return {
    list: (name) =>
      calling(`look at the secret ${name}`, async () => {
        try {
          const { Versions = [] } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: name }));
          return Versions.flatMap(({ VersionId, VersionStages = [], CreatedDate }) =>
            VersionId === undefined || VersionStages.length === 0
              ? []
              : [{ id: VersionId, stages: VersionStages, createdAtMs: CreatedDate?.getTime() ?? 0 }],
          );
        } catch (error) {
          if (isNamed(error, "ResourceNotFoundException")) return undefined;
          throw error;
        }
      }),
    rotation: (name) =>
      calling(`look at the rotation of ${name}`, async () => {
        const found = await secrets.send(new DescribeSecretCommand({ SecretId: name }));
        return {
          enabled: found.RotationEnabled === true,
          stages: found.VersionIdsToStages ?? {},
          ...(found.LastRotatedDate === undefined ? {} : { rotatedAtMs: found.LastRotatedDate.getTime() }),
          ...(found.NextRotationDate === undefined ? {} : { nextAtMs: found.NextRotationDate.getTime() }),
        };
      }),
    read: (name, { id, stage }) =>
      calling(`read a version of the secret ${name}`, async () => {
        try {
          const wanted = new GetSecretValueCommand({ SecretId: name, VersionId: id, VersionStage: stage });
          return (await secrets.send(wanted)).SecretString;
        } catch (error) {
          if (isNamed(error, "ResourceNotFoundException")) return undefined;
          throw error;
        }
      }),
    write: (name, value, { id, stage }) =>
      calling(`write a version of the secret ${name}`, async () => {
        try {
          await secrets.send(
            new PutSecretValueCommand({
              SecretId: name,
              SecretString: value,
              ClientRequestToken: id,
              VersionStages: [stage],
            }),
          );
          return true;
        } catch (error) {
          if (isNamed(error, "ResourceExistsException")) return false;
          throw error;
        }
      }),
    makeCurrent: async (name, id, from) => {
      await calling(`put a version of the secret ${name} in force`, () =>
        secrets.send(
          new UpdateSecretVersionStageCommand({
            SecretId: name,
            VersionStage: stages.current,
            MoveToVersionId: id,
            ...(from === undefined ? {} : { RemoveFromVersionId: from }),
          }),
        ),
      );
    },
    rotate: (name, id) =>
      calling(`rotate the secret ${name}`, async () => {
        try {
          await secrets.send(new RotateSecretCommand({ SecretId: name, ClientRequestToken: id }));
          return true;
        } catch (error) {
          if (!isNamed(error, "InvalidRequestException")) throw error;
          if (error instanceof Error && error.message.includes("previous rotation")) return false;
          throw new AppError("unprocessable", `the rotation of ${name} is not set up`, {
            next: "Deploy the stage: that sets the schedule and the function that rotates it.",
            cause: error,
          });
        }
      }),
  };
}
