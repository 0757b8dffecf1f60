import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { CloudCredential } from "../../src/cloud/authorize.ts";
import { type Cloud, startCloud } from "../../src/cloud/start-cloud.ts";

/**
 * What the contract suite talks to: our local cloud, started for the test file, or the endpoint named by
 * STEWARD_CONTRACT_ENDPOINT (with the credentials test/test), to see how another imitation, or AWS itself, behaves.
 */
export const otherEndpoint = process.env.STEWARD_CONTRACT_ENDPOINT;
export const ours = otherEndpoint === undefined;

export const fullAccess: CloudCredential = {
  accessKeyId: "LOCALCONTRACTTEST",
  secretAccessKey: "contract-test-secret-0123456789",
  principal: "contract-test",
  grants: [{ actions: ["*"], resources: ["*"] }],
};

export interface Target {
  endpoint: string;
  dynamodb: DynamoDBClient;
  sqs: SQSClient;
  ssm: SSMClient;
  kms: KMSClient;
  secrets: SecretsManagerClient;
  s3: S3Client;
  /** Only for ours. */
  cloud: Cloud | undefined;
  close(): Promise<void>;
}

export async function openTarget(): Promise<Target> {
  const stateDir = mkdtempSync(join(tmpdir(), "steward-contract-"));
  const cloud =
    otherEndpoint === undefined
      ? await startCloud({ stateDir, stage: "contract", credentials: [fullAccess], ttlSweepIntervalSeconds: 3600 })
      : undefined;
  const endpoint = cloud?.endpoint ?? otherEndpoint ?? "";
  const clients = clientsOf(
    endpoint,
    cloud === undefined ? { accessKeyId: "test", secretAccessKey: "test" } : fullAccess,
  );
  return {
    endpoint,
    ...clients,
    cloud,
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await cloud?.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export function clientsOf(endpoint: string, credentials: { accessKeyId: string; secretAccessKey: string }) {
  const { accessKeyId, secretAccessKey } = credentials;
  // No retries: a test must see each answer.
  const options = { endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
  return {
    dynamodb: new DynamoDBClient(options),
    sqs: new SQSClient(options),
    ssm: new SSMClient(options),
    kms: new KMSClient(options),
    secrets: new SecretsManagerClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
  };
}

let names = 0;

/** A name that no other test of this run or an earlier one has used. */
export function uniqueName(prefix: string): string {
  names += 1;
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${names}`;
}

/** Asks until the answer is something; a deadline instead of a sleep. */
export async function eventually<Value>(
  ask: () => Promise<Value | undefined> | Value | undefined,
  deadlineMs = 10_000,
): Promise<Value> {
  const endMs = Date.now() + deadlineMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endMs) throw new Error(`Not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The error that a call ends with; fails if there is none. */
export async function errorOf(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error as Error & Record<string, unknown>;
    throw error;
  }
  throw new Error("The call was not refused");
}
