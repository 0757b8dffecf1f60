import {
  bucketNames,
  deadLetterRetentionSeconds,
  parametersBy,
  queueDefinitions,
  queueNames,
  resourceNames,
  secretNames,
  signingKeyUses,
  tableSchema,
  wakeDocument,
} from "@steward/contracts/names";
import { hybridRoleStatements } from "@steward/contracts/hybrid-role";
import { parameterSchema } from "@steward/contracts/stage-parameters";
import { functionDefinitions, functionNames } from "@steward/functions/definitions";
import { parseEnvironment } from "@steward/functions/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePlatform, unpackingTimeoutMs } from "../../scripts/sst-platform.ts";
import { mockSecret } from "./support/mock-aws.ts";
import { all, inOrder, one, statementsOf } from "./support/read-run.ts";
import { forgetInfra, type InfraRun, runInfra } from "./support/run-infra.ts";

const account = "123456789012";
const stage = "jane";
const names = resourceNames(stage);
const truststore = { uri: `s3://${bucketNames(stage, account).truststore}/truststore.pem`, version: "v3" };
const id = (last: number) => `00000000-0000-4000-8000-00000000000${last}`;
const domain = {
  STEWARD_DOMAIN: "jane.example.com",
  STEWARD_CERTIFICATE_ARN: `arn:aws:acm:eu-central-1:${account}:certificate/${id(1)}`,
  STEWARD_DASHBOARD_CERTIFICATE_ARN: `arn:aws:acm:us-east-1:${account}:certificate/${id(2)}`,
  STEWARD_HOSTED_ZONE_ID: "Z0123456789ABCDEFGHIJ",
};

beforeAll(ensurePlatform, unpackingTimeoutMs);
afterAll(forgetInfra);

const variablesOf = (run: InfraRun, name: string) =>
  (
    one(run, "lambda/function:Function", { name: names.lambda(name) })["environment"] as {
      variables: Record<string, string>;
    }
  ).variables;

describe("a stage of one's own, with nothing set", () => {
  let app: InfraRun;
  beforeAll(async () => {
    app = await runInfra({ stage });
  });

  test("goes when it is removed, wherever its owner's credentials are", () => {
    expect(app.app).toMatchObject({ removal: "remove", protect: false });
    expect(app.app).not.toHaveProperty("providers.aws.allowedAccountIds");
  });

  test("has a table and queues with the shape that the code expects", () => {
    const table = one(app, "dynamodb/table:Table");
    const keys = [tableSchema, ...tableSchema.indexes].flatMap((index) => [index.partitionKey, index.sortKey]);
    expect(table).toMatchObject({
      name: names.table,
      billingMode: "PAY_PER_REQUEST",
      hashKey: tableSchema.partitionKey,
      rangeKey: tableSchema.sortKey,
      ttl: { attributeName: tableSchema.ttlAttribute, enabled: true },
    });
    expect(inOrder((table["attributes"] as { name: string }[]).map((one) => one.name))).toEqual(inOrder(keys));
    expect((table["globalSecondaryIndexes"] as { name: string }[]).map((one) => one.name)).toEqual(
      tableSchema.indexes.map((index) => index.name),
    );
    for (const name of queueNames) {
      const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
      const queue = one(app, "sqs/queue:Queue", { name: names.queue(name) });
      expect(queue["visibilityTimeoutSeconds"]).toBe(visibilityTimeoutSeconds);
      const deadLetterTargetArn = `arn:aws:sqs:eu-central-1:${account}:${names.deadLetterQueue(name)}`;
      expect(JSON.parse(String(queue["redrivePolicy"]))).toEqual({ deadLetterTargetArn, maxReceiveCount });
      expect(one(app, "sqs/queue:Queue", { name: names.deadLetterQueue(name) })["messageRetentionSeconds"]).toBe(
        deadLetterRetentionSeconds,
      );
    }
  });

  test("has keys, secrets, buckets and the doorbell under the names that the code calls", () => {
    for (const use of signingKeyUses) {
      const alias = one(app, "kms/alias:Alias", { name: names.keyAlias(use) });
      const key = all(app, "kms/key:Key").find(({ name }) => name === alias["targetKeyId"]);
      expect(key?.inputs).toMatchObject({ customerMasterKeySpec: "ECC_NIST_P256", keyUsage: "SIGN_VERIFY" });
    }
    expect(inOrder(all(app, "secretsmanager/secret:Secret").map(({ inputs }) => inputs["name"]))).toEqual(
      inOrder(secretNames.map(names.secret)),
    );
    const site = /dashboardassets/;
    const buckets = all(app, "s3/bucket:Bucket")
      .map(({ inputs }) => String(inputs["bucket"]))
      .filter((one) => !site.test(one));
    expect(inOrder(buckets)).toEqual(inOrder(Object.values(bucketNames(stage, account))));
    expect(all(app, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock")).toHaveLength(buckets.length + 1);
    expect(JSON.parse(String(one(app, "ssm/document:Document", { name: names.wakeDocument })["content"]))).toEqual(
      wakeDocument,
    );
    expect(statementsOf(one(app, "iam/role:Role", { name: names.hybridRole }))).toEqual(
      hybridRoleStatements({ partition: "aws", region: "eu-central-1", account }).map(
        ({ why: _why, ...statement }) => statement,
      ),
    );
  });

  test("tells of all that in the parameters that the stacks of a permanent stage write", () => {
    const told = new Map(all(app, "ssm/parameter:Parameter").map(({ inputs }) => [inputs["name"], inputs]));
    // It has no data key, nobody to alarm, and no group of workers.
    const without = new Set(["data-key-arn", "alarm-topic-arn", "worker-group"]);
    const wanted = parametersBy.stacks.filter((name) => !without.has(name));
    expect(inOrder([...told.keys()])).toEqual(inOrder(wanted.map(names.parameter)));
    for (const name of wanted) {
      const { type, value } = told.get(names.parameter(name)) ?? {};
      expect(type).toBe("String");
      expect(parameterSchema(name).safeParse(value).success, `${name}: ${String(value)}`).toBe(true);
    }
  });

  test("runs every function from its source, with rights to exactly its own things", () => {
    expect(all(app, "lambda/function:Function")).toHaveLength(functionNames.length);
    for (const name of functionNames) {
      const fn = one(app, "lambda/function:Function", { name: names.lambda(name) });
      expect(fn["reservedConcurrentExecutions"]).toBeUndefined();
      const role = one(app, "iam/role:Role", { name: String(fn["role"]).split(":role/")[1] });
      expect(JSON.stringify(role["assumeRolePolicy"])).not.toMatch(/:root/);
      const text = JSON.stringify(statementsOf(role));
      expect(text).not.toMatch(/"\w+:\*"/);
    }
    const { queue } = functionDefinitions.dispatch.trigger;
    const dispatch = all(app, "lambda/eventSourceMapping:EventSourceMapping").find(
      ({ inputs }) => inputs["eventSourceArn"] === `arn:aws:sqs:eu-central-1:${account}:${names.queue(queue)}`,
    );
    expect(dispatch?.inputs["functionName"]).toContain(names.lambda("dispatch"));
  });

  test("answers people at AWS's own address, and no machine: its nodes door is a name that cannot exist", () => {
    const host = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
    expect(one(app, "apigatewayv2/api:Api")["disableExecuteApiEndpoint"]).toBe(false);
    expect(all(app, "apigatewayv2/domainName:DomainName")).toEqual([]);
    expect(parseEnvironment({ ...variablesOf(app, "api"), AWS_REGION: "eu-central-1" })).toMatchObject({
      STEWARD_API_DOMAINS: [host],
      STEWARD_NODES_DOMAINS: ["nodes.invalid"],
      STEWARD_CHECK_ANSWERS: true,
    });
    expect(app.outputs).toMatchObject({ api: `https://${host}`, nodes: "shut" });
    expect(app.outputs["next"]).toEqual([
      expect.stringContaining("STEWARD_DOMAIN"),
      "npx steward bootstrap --stage jane",
    ]);
  });

  test("has a worker to be started beside it, and no alarm that wakes anybody", () => {
    expect(all(app, "sst:sst:DevCommand").map(({ name }) => name)).toEqual(["Worker"]);
    expect(all(app, "cloudwatch/metricAlarm:MetricAlarm")).toEqual([]);
    expect(all(app, "cloudwatch/eventRule:EventRule")).toEqual([]);
  });

  test("no secret is in anything that is made", () => {
    expect(JSON.stringify(app.registered)).not.toContain(mockSecret);
    expect(all(app, "secretsmanager/secretVersion:SecretVersion")).toEqual([]);
  });
});

describe("with a domain and a CA", () => {
  let app: InfraRun;
  beforeAll(async () => {
    app = await runInfra({ stage, environment: domain, parameters: { truststore: JSON.stringify(truststore) } });
  });

  test("opens both doors, the nodes' with mutual TLS, and makes the records itself", () => {
    const domains = all(app, "apigatewayv2/domainName:DomainName").map(({ inputs }) => inputs);
    expect(domains).toHaveLength(2);
    expect(domains.find(({ domainName }) => domainName === "nodes.jane.example.com")).toMatchObject({
      mutualTlsAuthentication: { truststoreUri: truststore.uri, truststoreVersion: truststore.version },
    });
    expect(one(app, "apigatewayv2/api:Api")["disableExecuteApiEndpoint"]).toBe(true);
    const records = all(app, "route53/record:Record").map(
      ({ inputs }) => `${String(inputs["type"])} ${String(inputs["name"])}`,
    );
    const hosts = ["jane.example.com", "api.jane.example.com", "nodes.jane.example.com"];
    expect(inOrder(records)).toEqual(inOrder(hosts.flatMap((host) => [`A ${host}`, `AAAA ${host}`])));
    expect(Object.keys(app.outputs).filter((key) => key.startsWith("DNS"))).toEqual([]);
    expect(variablesOf(app, "enrol")["STEWARD_NODES_URL"]).toBe("https://nodes.jane.example.com");
  });
});

describe("with a domain and no CA yet", () => {
  test("leaves the nodes door shut rather than open to everybody, and says what to do", async () => {
    const app = await runInfra({ stage, environment: domain });
    const domains = all(app, "apigatewayv2/domainName:DomainName").map(({ inputs }) => inputs["domainName"]);
    expect(domains).toEqual(["api.jane.example.com"]);
    expect(variablesOf(app, "api")["STEWARD_NODES_DOMAINS"]).toBe("nodes.invalid");
    expect(app.outputs["nodes"]).toBe("shut");
    expect(app.outputs["next"]).toEqual([
      expect.stringContaining("npx steward cert init --stage jane"),
      "npx steward bootstrap --stage jane",
    ]);
  });
});

describe("live (sst dev)", () => {
  test("schedules are off, and only SST's bridge adds to the environment", async () => {
    const app = await runInfra({ stage, live: true, command: "dev" });
    for (const { inputs } of all(app, "scheduler/schedule:Schedule")) expect(inputs["state"]).toBe("DISABLED");
    expect(all(app, "scheduler/schedule:Schedule").length).toBeGreaterThan(0);
    const added = Object.keys(variablesOf(app, "api")).filter((name) => !name.startsWith("STEWARD_"));
    expect(inOrder(added)).toEqual(
      inOrder([
        "SST_APP",
        "SST_APPSYNC_HTTP",
        "SST_APPSYNC_REALTIME",
        "SST_ASSET_BUCKET",
        "SST_FUNCTION_ID",
        "SST_KEY",
        "SST_KEY_FILE",
        "SST_REGION",
        "SST_RESOURCE_App",
        "SST_STAGE",
      ]),
    );
    expect(all(app, "cloudfront/distribution:Distribution")).toHaveLength(1);
    // What it publishes lies beside its artifact, so it is no function to be run from the source.
    const bootstrap = one(app, "lambda/function:Function", { name: names.lambda("bootstrap") });
    expect(bootstrap).toMatchObject({ handler: "index.handler", runtime: "nodejs24.x", architectures: ["arm64"] });
    expect(Object.keys(variablesOf(app, "bootstrap")).filter((name) => name.startsWith("SST_"))).toEqual([]);
  });
});
