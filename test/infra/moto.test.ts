import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetDocumentCommand, GetParametersByPathCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Client } from "@steward/contracts/client";
import {
  bucketNames,
  parametersBy,
  queueDefinitions,
  queueNames,
  resourceNames,
  signingKeyUses,
  tableSchema,
  wakeDocument,
} from "@steward/contracts/names";
import { afterAll, beforeAll, expect, it } from "vitest";
import { settingsOf } from "../../infra/stages.ts";
import { buildApp } from "../../stacks/build-app.ts";
import { readEffects } from "../support/effects.ts";
import { approve, type Installation, startInstallation, untilEnded } from "../support/installation.ts";
import { enrolOwnAppliance, type OwnAppliance } from "../support/own-appliance.ts";
import { requireOrSkip } from "../support/require.ts";
import { hasMoto, type Moto, startMoto } from "./support/start-moto.ts";

// The templates make a stage in an imitation of AWS that nobody here wrote, and Steward runs on what they made.

const stage = "staging";
const { account, region } = settingsOf(stage);
const names = resourceNames(stage);
const describeMoto = requireOrSkip("moto", hasMoto(), "python3 has no moto (pip install 'moto[server]')");

describeMoto("what the templates make in moto", () => {
  let moto: Moto;
  let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  let folder = "";
  let installation: Installation | undefined;
  let appliance: OwnAppliance;
  let acme: Client;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "steward-moto-"));
    moto = await startMoto({ account, region });
    config = { endpoint: moto.url, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
    const cloudFormation = new CloudFormationClient(config);
    const ssm = new SSMClient(config);
    // What an account that is bootstrapped for the CDK has, and a machine image, which AWS publishes and moto does not.
    const given = { "/cdk-bootstrap/hnb659fds/version": "30", "/images/gpu": "ami-12c6146b" };
    for (const [Name, Value] of Object.entries(given)) {
      await ssm.send(new PutParameterCommand({ Name, Value, Type: "String" }));
    }
    // In the order in which the CDK deploys them: what a stack imports is there before it.
    for (const { stackName: name, template } of buildApp(stage).app.synth().stacks) {
      await cloudFormation.send(
        new CreateStackCommand({
          StackName: name,
          TemplateBody: JSON.stringify(withImage(template)),
          Capabilities: ["CAPABILITY_NAMED_IAM"],
        }),
      );
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      expect(Stacks?.[0]?.StackStatus, name).toBe("CREATE_COMPLETE");
    }
    installation = await startInstallation({
      stage,
      cloudUrl: moto.url,
      functionEnv: { STEWARD_ACCOUNT: account },
      // moto has no activations, so no machine can register with its Systems Manager; ours is rung by its heartbeat.
      appliances: 0,
    });
    acme = installation.as("acme");
    appliance = await enrolOwnAppliance(installation, acme, { name: "acme-berlin-01", folder });
    await appliance.start();
  });
  afterAll(async () => {
    await appliance?.stop();
    await installation?.close();
    await moto?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("the table has the keys and indexes that the records are written for", async () => {
    const dynamodb = new DynamoDBClient(config);
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: names.table }));
    const keys = (partitionKey: string, sortKey: string) => [
      { AttributeName: partitionKey, KeyType: "HASH" },
      { AttributeName: sortKey, KeyType: "RANGE" },
    ];
    expect(Table?.KeySchema).toEqual(keys(tableSchema.partitionKey, tableSchema.sortKey));
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema }) => ({ IndexName, KeySchema }))).toEqual(
      tableSchema.indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keys(index.partitionKey, index.sortKey),
      })),
    );
  });

  it("every queue hides messages for as long as its definition says, and gives up into its own dead letters", async () => {
    const sqs = new SQSClient(config);
    const attributesOf = async (QueueName: string) => {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      return Attributes ?? {};
    };
    for (const name of queueNames) {
      const attributes = await attributesOf(names.queue(name));
      const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
      expect(attributes["VisibilityTimeout"]).toBe(String(visibilityTimeoutSeconds));
      expect(JSON.parse(attributes["RedrivePolicy"] ?? "{}")).toEqual({
        deadLetterTargetArn: (await attributesOf(names.deadLetterQueue(name)))["QueueArn"],
        maxReceiveCount,
      });
    }
  });

  it("every signing key answers to its alias, with a key of its own", async () => {
    const kms = new KMSClient(config);
    const found = await Promise.all(
      signingKeyUses.map((use) => kms.send(new GetPublicKeyCommand({ KeyId: names.keyAlias(use) }))),
    );
    expect(new Set(found.map(({ KeyId }) => KeyId)).size).toBe(signingKeyUses.length);
    for (const { SigningAlgorithms } of found) expect(SigningAlgorithms).toEqual(["ECDSA_SHA_256"]);
  });

  it("the parameters that the stacks owe are there, and the document that rings", async () => {
    const ssm = new SSMClient(config);
    const written: Record<string, string | undefined> = {};
    let token: string | undefined;
    do {
      const page = await ssm.send(
        new GetParametersByPathCommand({
          Path: `/steward/${stage}`,
          Recursive: true,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      );
      for (const { Name, Value } of page.Parameters ?? []) written[Name ?? ""] = Value;
      token = page.NextToken;
    } while (token !== undefined);
    for (const name of parametersBy.stacks) expect(written[names.parameter(name)], name).toBeDefined();
    expect(written[names.parameter("output-bucket")]).toBe(bucketNames(stage, account).outputs);
    const { Content } = await ssm.send(new GetDocumentCommand({ Name: names.wakeDocument }));
    // moto gives a document that a template made as the object itself; AWS as text.
    const content: unknown = Content;
    expect(typeof content === "string" ? JSON.parse(content) : content).toEqual(wakeDocument);
  });

  it("a sentence goes its whole way through the API, the dispatcher and an appliance, and is done once", async () => {
    const asked = await acme("submitTask", { body: { instruction: "add user john", targets: [appliance.name] } });
    expect(asked).toMatchObject({ status: "awaiting_approval", plan: { steps: [{ action: "users.add" }] } });
    await approve(acme, asked);
    const ended = await untilEnded(acme, asked.id, 60_000);
    expect(ended).toMatchObject({ status: "succeeded", runs: [{ status: "succeeded", attempt: 1 }] });
    expect(readEffects(appliance.disk)).toEqual([
      expect.objectContaining({
        point: "start",
        action: "users.add",
        values: expect.objectContaining({ username: "john" }),
      }),
      expect.objectContaining({ point: "end", action: "users.add" }),
    ]);
  });

  it("its output is whole, and comes from the bucket that the template made", async () => {
    const { items } = await acme("listTasks", { query: { status: "succeeded" } });
    const output = await acme("getOutput", { params: { taskId: items[0]?.id ?? "", applianceId: appliance.nodeId } });
    expect(output.complete).toBe(true);
    for (const { url } of output.chunks) {
      expect(url).toContain(bucketNames(stage, account).outputs);
      expect((await fetch(url)).status).toBe(200);
    }
  });
});

/** The same template with a machine image of moto's: it looks the default up even where another one is given. */
function withImage(template: { Parameters?: Record<string, { Type: string }> }): object {
  const { Parameters = {} } = template;
  const given = Object.entries(Parameters).map(([name, parameter]) => [
    name,
    parameter.Type.includes("AWS::EC2::Image::Id") ? { ...parameter, Default: "/images/gpu" } : parameter,
  ]);
  return { ...template, Parameters: Object.fromEntries(given) };
}
