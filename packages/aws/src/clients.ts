import type { KMSClient } from "@aws-sdk/client-kms";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { createDynamo } from "./clients/dynamo.ts";
import { createKms } from "./clients/kms.ts";
import type { ClientOptions } from "./clients/options.ts";
import { createS3 } from "./clients/s3.ts";
import { createSecrets } from "./clients/secrets.ts";
import { createSqs } from "./clients/sqs.ts";
import { createSsm } from "./clients/ssm.ts";

export interface Clients {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  /** Without retries, for `ringBySsm`: SendCommand knows no token that would make two tries one command. */
  readonly ssmOnce: SSMClient;
  readonly kms: KMSClient;
  readonly secrets: SecretsManagerClient;
  readonly s3: S3Client;
}

/**
 * All clients, each made when it is first used. This module brings all of the SDK with it: a function that needs one
 * service (a heartbeat: the table) imports that service's module of `clients/` instead, and starts faster.
 */
export function createClients(options: ClientOptions = {}): Clients {
  return lazily({
    dynamo: () => createDynamo(options),
    sqs: () => createSqs(options),
    ssm: () => createSsm(options),
    ssmOnce: () => createSsm({ ...options, maxAttempts: 1 }),
    kms: () => createKms(options),
    secrets: () => createSecrets(options),
    s3: () => createS3(options),
  });
}

function lazily(makers: { [K in keyof Clients]: () => Clients[K] }): Clients {
  const made: { -readonly [K in keyof Clients]?: Clients[K] } = {};
  return {
    get dynamo() {
      return (made.dynamo ??= makers.dynamo());
    },
    get sqs() {
      return (made.sqs ??= makers.sqs());
    },
    get ssm() {
      return (made.ssm ??= makers.ssm());
    },
    get ssmOnce() {
      return (made.ssmOnce ??= makers.ssmOnce());
    },
    get kms() {
      return (made.kms ??= makers.kms());
    },
    get secrets() {
      return (made.secrets ??= makers.secrets());
    },
    get s3() {
      return (made.s3 ??= makers.s3());
    },
  };
}
