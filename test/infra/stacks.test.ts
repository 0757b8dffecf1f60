import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  bucketNames,
  deadLetterRetentionSeconds,
  parametersBy,
  type ParameterName,
  queueDefinitions,
  queueNames,
  resourceNames,
  signingKeyUses,
  stageTag,
  tableSchema,
  wakeDocument,
  workerQueuesLike,
} from "@steward/contracts/names";
import { principalNames } from "@steward/contracts/permissions";
import { policyStatements, type StagePlace } from "@steward/contracts/policy";
import { parameterSchema } from "@steward/contracts/stage-parameters";
import { alarmDefinitions } from "@steward/functions/alarms";
import { Match } from "aws-cdk-lib/assertions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PermanentStage, settingsOf } from "../../infra/stages.ts";
import recommended from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import cdk from "../../cdk.json" with { type: "json" };
import { allows, covers, type Statement, statementsIn } from "./support/read-policy.ts";
import { type Synthesized, synthesize } from "./support/synthesize.ts";

const stages = ["staging", "prod"] as const satisfies PermanentStage[];
const made = new Map<PermanentStage, Synthesized>();

beforeAll(() => {
  for (const stage of stages) made.set(stage, synthesize(stage));
});
afterAll(() => {
  for (const { directory } of made.values()) rmSync(directory, { recursive: true, force: true });
});

function of(stage: PermanentStage): Synthesized {
  const synthesized = made.get(stage);
  if (synthesized === undefined) throw new Error(`${stage} was not synthesized`);
  return synthesized;
}

describe.each(stages)("the stacks of %s", (stage) => {
  const names = resourceNames(stage);
  const settings = settingsOf(stage);
  const buckets = bucketNames(stage, settings.account);

  it("cannot be deleted by accident, and carry the stage's tag", () => {
    for (const { terminationProtection, tags, environment } of of(stage).artifacts) {
      expect(terminationProtection).toBe(true);
      expect(tags).toMatchObject({ [stageTag]: stage });
      expect(environment).toMatchObject({ account: settings.account, region: settings.region });
    }
  });

  it("have no finding that nobody explained, not even a warning", () => {
    const report = JSON.parse(readFileSync(join(of(stage).directory, "validation-report.json"), "utf8"));
    for (const plugin of report.pluginReports) {
      expect(plugin.violations, plugin.pluginName).toEqual([]);
      for (const { reason } of plugin.suppressedViolations ?? []) expect(reason).toMatch(/\w+ \w+ \w+/);
    }
  });

  it("the table is the one that the code and the local cloud know, and is hard to lose", () => {
    const { partitionKey, sortKey, indexes, ttlAttribute } = tableSchema;
    const keys = (hash: string, range: string) => [
      { AttributeName: hash, KeyType: "HASH" },
      { AttributeName: range, KeyType: "RANGE" },
    ];
    of(stage)
      .template("data")
      .hasResource("AWS::DynamoDB::Table", {
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          TableName: names.table,
          BillingMode: "PAY_PER_REQUEST",
          KeySchema: keys(partitionKey, sortKey),
          GlobalSecondaryIndexes: indexes.map((index) => ({
            IndexName: index.name,
            KeySchema: keys(index.partitionKey, index.sortKey),
            Projection: { ProjectionType: "ALL" },
          })),
          TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
          DeletionProtectionEnabled: true,
          SSESpecification: { SSEEnabled: true, SSEType: "KMS" },
          ContributorInsightsSpecification: Match.absent(),
        },
      });
  });

  it("every bucket is private, takes TLS alone and is kept; outputs go when the settings say", () => {
    const template = of(stage).template("data");
    const found = Object.values(template.findResources("AWS::S3::Bucket"));
    const known: string[] = found.flatMap(({ Properties }) => Properties.BucketName ?? []);
    expect(known.toSorted()).toEqual(Object.values(buckets).toSorted());
    for (const { Properties, DeletionPolicy } of found) {
      expect(DeletionPolicy).toBe("Retain");
      expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    }
    const policies = Object.values(template.findResources("AWS::S3::BucketPolicy"));
    expect(policies).toHaveLength(found.length);
    for (const { Properties } of policies) {
      expect(Properties.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      );
    }
    const bucket = (BucketName: string, more: Record<string, unknown>) =>
      template.hasResourceProperties("AWS::S3::Bucket", { BucketName, ...more });
    const logged = { LoggingConfiguration: Match.objectLike({ LogFilePrefix: Match.anyValue() }) };
    const versioned = { VersioningConfiguration: { Status: "Enabled" } };
    bucket(buckets.truststore, { ...versioned, ...logged });
    bucket(buckets.bundles, { ...versioned, ...logged });
    bucket(buckets.audit, {
      ...versioned,
      ...logged,
      // The lock is worth no more than the key that reads what it keeps, and ours can be deleted.
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Days: settings.seals.days, Mode: settings.seals.lock.toUpperCase() } },
      },
    });
    // Written anew every minute: a version of each would be all that the bucket is full of.
    bucket(buckets.fleet, { ...logged, VersioningConfiguration: Match.absent() });
    bucket(buckets.outputs, {
      ...logged,
      VersioningConfiguration: Match.absent(),
      LifecycleConfiguration: {
        Rules: [Match.objectLike({ ExpirationInDays: settings.retention.outputDays, Status: "Enabled" })],
      },
    });
  });

  it("an output is uploaded to a presigned address, once, or not at all", () => {
    const statements = statementsIn(of(stage).template("data").findResources("AWS::S3::BucketPolicy"));
    const refusals = statements.filter(({ Effect, Action }) => Effect === "Deny" && Action === "s3:PutObject");
    expect(refusals.map(({ Condition }) => Condition)).toEqual([
      { StringNotEquals: { "s3:authType": "REST-QUERY-STRING" } },
      { Null: { "s3:if-none-match": "true" } },
      expect.objectContaining({ StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } }),
      expect.objectContaining({ Null: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "false" } }),
      // Of the seals' bucket: one that is there is never written over, by whoever may write.
      { Null: { "s3:if-none-match": "true" } },
    ]);
  });

  it("the data's key is used through the services alone, by this account alone", () => {
    const statements = statementsIn(of(stage).template("data").findResources("AWS::KMS::Key"), "KeyPolicy");
    const using = statements.filter(({ Action }) =>
      [Action].flat().some((one) => /Decrypt|GenerateDataKey/.test(one ?? "")),
    );
    expect(using.map(({ Sid }) => Sid)).toEqual(["ThroughServices", "AlarmTopic"]);
    expect(using[0]?.Condition?.StringEquals).toMatchObject({ "kms:CallerAccount": settings.account });
    expect(using[0]?.Condition?.StringEquals?.["kms:ViaService"]).toContain(
      `dynamodb.${settings.region}.amazonaws.com`,
    );
    const all = statements.flatMap(({ Action }) => Action ?? []);
    expect(all).not.toContain("kms:*");
  });

  it("every queue of the code's catalogue is there with its dead letters, and none besides", () => {
    const template = of(stage).template("queues");
    template.resourceCountIs("AWS::SQS::Queue", 2 * queueNames.length);
    for (const name of queueNames) {
      const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
      const [deadLetters, more] = Object.keys(
        template.findResources("AWS::SQS::Queue", { Properties: { QueueName: names.deadLetterQueue(name) } }),
      );
      expect(more).toBeUndefined();
      template.hasResourceProperties("AWS::SQS::Queue", {
        QueueName: names.queue(name),
        VisibilityTimeout: visibilityTimeoutSeconds,
        RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": [deadLetters, "Arn"] }, maxReceiveCount },
        SqsManagedSseEnabled: true,
      });
      template.hasResourceProperties("AWS::SQS::Queue", {
        QueueName: names.deadLetterQueue(name),
        MessageRetentionPeriod: deadLetterRetentionSeconds,
        SqsManagedSseEnabled: true,
        // Workers' queues, which the code makes, have one of these for theirs.
        RedriveAllowPolicy:
          name === workerQueuesLike
            ? { redrivePermission: "allowAll" }
            : {
                redrivePermission: "byQueue",
                sourceQueueArns: [`arn:aws:sqs:${settings.region}:${settings.account}:${names.queue(name)}`],
              },
      });
    }
    template.resourceCountIs("AWS::SQS::QueuePolicy", 2 * queueNames.length);
  });

  it("an appliance's role can be rung and do nothing else; what rings it is the contract's document", () => {
    const template = of(stage).template("appliances");
    template.hasResourceProperties("AWS::IAM::Role", {
      RoleName: names.hybridRole,
      ManagedPolicyArns: Match.absent(),
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Effect: "Allow",
            Action: "sts:AssumeRole",
            Principal: { Service: "ssm.amazonaws.com" },
            Condition: {
              StringEquals: { "aws:SourceAccount": settings.account },
              ArnEquals: { "aws:SourceArn": `arn:aws:ssm:${settings.region}:${settings.account}:*` },
            },
          },
        ],
      },
    });
    const [role] = Object.values(template.findResources("AWS::IAM::Role"));
    const actions = role?.Properties.Policies.flatMap(
      ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) =>
        PolicyDocument.Statement.flatMap(({ Action }) => Action ?? []),
    );
    // Channels for data are sessions: somebody else's shell. The rest of the agent's rights would read parameters.
    expect(actions.toSorted()).toEqual([
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:OpenControlChannel",
    ]);
    template.hasResourceProperties("AWS::SSM::Document", {
      Name: names.wakeDocument,
      DocumentType: "Command",
      UpdateMethod: "NewVersion",
      Content: wakeDocument,
    });
  });

  it("nothing gets in to the workers' network, and nothing in it costs money while it is idle", () => {
    const template = of(stage).template("network");
    template.resourceCountIs("AWS::EC2::NatGateway", 0);
    template.resourceCountIs("AWS::EC2::SecurityGroupIngress", 0);
    template.hasResourceProperties("AWS::EC2::SecurityGroup", { SecurityGroupIngress: Match.absent() });
    template.hasResourceProperties("AWS::EC2::FlowLog", { TrafficType: "REJECT" });
    template.resourceCountIs("AWS::EC2::VPCEndpoint", 1);
    template.allResourcesProperties("AWS::EC2::VPCEndpoint", { VpcEndpointType: "Gateway" });
    template.hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: settings.retention.logDays });
  });

  it("a signing key signs P-256 digests, for the stage's own roles", () => {
    const template = of(stage).template("operations");
    for (const use of signingKeyUses) {
      const [alias] = Object.values(
        template.findResources("AWS::KMS::Alias", { Properties: { AliasName: names.keyAlias(use) } }),
      );
      const id: string = alias?.Properties.TargetKeyId["Fn::GetAtt"][0];
      const key = template.findResources("AWS::KMS::Key")[id];
      expect(key?.DeletionPolicy).toBe("Retain");
      expect(key?.Properties).toMatchObject({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
      const statements: Statement[] = key?.Properties.KeyPolicy.Statement;
      const signing = statements.filter(({ Action }) =>
        [Action].flat().some((one) => one === "kms:Sign" || one === "kms:*"),
      );
      expect(signing.map(({ Condition }) => Condition)).toEqual([
        {
          StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" },
          // The issuer's signs for whoever runs `cert init`, before there are roles.
          ...(use === "issuer"
            ? {}
            : { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${settings.account}:role/${names.prefix}-*` } }),
        },
      ]);
      expect(statements.flatMap(({ Action }) => Action ?? [])).not.toContain("kms:CreateGrant");
    }
  });

  it("there is a backup a day, kept as long as the settings say, and each week one is restored", () => {
    const template = of(stage).template("operations");
    const days = settings.retention.backupDays;
    template.hasResourceProperties("AWS::Backup::BackupPlan", {
      BackupPlan: {
        BackupPlanRule: [
          Match.objectLike({ ScheduleExpression: "cron(0 3 * * ? *)", Lifecycle: { DeleteAfterDays: days } }),
        ],
      },
    });
    template.hasResource("AWS::Backup::BackupVault", {
      DeletionPolicy: "Retain",
      Properties: {
        LockConfiguration: { MinRetentionDays: days, ChangeableForDays: Match.absent() },
        AccessPolicy: { Statement: [Match.objectLike({ Effect: "Deny" })] },
      },
    });
    template.hasResourceProperties("AWS::Backup::BackupSelection", {
      BackupSelection: { Resources: Match.anyValue(), SelectionName: "table" },
    });
    template.hasResourceProperties("AWS::Backup::RestoreTestingPlan", {
      ScheduleExpression: "cron(0 10 ? * MON *)",
      RecoveryPointSelection: Match.objectLike({ RecoveryPointTypes: ["SNAPSHOT"] }),
    });
    template.hasResourceProperties("AWS::Backup::RestoreTestingSelection", {
      ProtectedResourceType: "DynamoDB",
      RestoreMetadataOverrides: Match.objectLike({ encryptionType: "KMS" }),
    });
  });

  it("alarms and the budget reach the topic, and the topic reaches people", () => {
    const template = of(stage).template("operations");
    template.hasResourceProperties("AWS::SNS::Subscription", { Protocol: "email", Endpoint: settings.alarms.email });
    template.hasResourceProperties("AWS::SNS::Topic", {
      TopicName: names.alarmTopic,
      KmsMasterKeyId: Match.anyValue(),
    });
    const statements = statementsIn(template.findResources("AWS::SNS::TopicPolicy"));
    const publishers = statements.filter(({ Effect }) => Effect === "Allow");
    expect(publishers.map(({ Principal }) => Principal)).toEqual([
      { Service: "cloudwatch.amazonaws.com" },
      { Service: "budgets.amazonaws.com" },
    ]);
    for (const { Condition } of publishers) {
      expect(Condition?.StringEquals).toEqual({ "aws:SourceAccount": settings.account });
    }
    template.hasResourceProperties("AWS::Budgets::Budget", {
      Budget: {
        BudgetLimit: { Amount: settings.monthlyBudgetUsd, Unit: "USD" },
        TimeUnit: "MONTHLY",
        // With one, no notification could ever be changed.
        BudgetName: Match.absent(),
      },
    });
  });

  it("each deploy role is for this repository's workflows alone", () => {
    const template = of(stage).template("operations");
    const subject = {
      staging: "repo:example/steward:ref:refs/heads/main",
      prod: "repo:example/steward:environment:prod",
    };
    for (const part of ["stacks", "app"] as const) {
      template.hasResourceProperties("AWS::IAM::Role", {
        RoleName: names.deployRole(part),
        AssumeRolePolicyDocument: {
          Statement: [
            {
              Effect: "Allow",
              Action: "sts:AssumeRoleWithWebIdentity",
              Principal: {
                Federated: `arn:aws:iam::${settings.account}:oidc-provider/token.actions.githubusercontent.com`,
              },
              Condition: {
                StringEquals: {
                  "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                  "token.actions.githubusercontent.com:sub": subject[stage],
                },
              },
            },
          ],
        },
      });
    }
    template.resourceCountIs("AWS::IAM::OIDCProvider", 1);
  });

  it("a role that the app makes may do what the functions' table says, and little besides", () => {
    const statements = statementsIn(
      of(stage)
        .template("operations")
        .findResources("AWS::IAM::ManagedPolicy", {
          Properties: { ManagedPolicyName: names.appBoundary },
        }),
    );
    const place = placeOf(stage);
    const uncovered = principalNames
      // The worker's rights are a machine's, made by the stacks.
      .filter((principal) => principal !== "worker")
      .flatMap((principal) => policyStatements(principal, place))
      .flatMap(({ actions, resources }) =>
        actions.flatMap((action) => resources.map((resource) => ({ action, resource }))),
      )
      .filter((wanted) => !statements.some((statement) => covers(statement, wanted)));
    expect(uncovered).toEqual([]);
    const role = `arn:aws:iam::${settings.account}:role/steward-${stage}-x`;
    for (const [action, resource] of [
      ["iam:CreateRole", role],
      ["sts:AssumeRole", role],
      ["s3:GetObject", "arn:aws:s3:::somebody-elses/object"],
      ["ssm:GetParameter", `arn:aws:ssm:${settings.region}:${settings.account}:parameter/other`],
    ] as const) {
      expect(statements.some((statement) => covers(statement, { action, resource }))).toBe(false);
    }
  });

  it("a policy fits what IAM takes", () => {
    for (const { Properties } of Object.values(
      of(stage).template("operations").findResources("AWS::IAM::ManagedPolicy"),
    )) {
      expect(JSON.stringify(Properties.PolicyDocument).length).toBeLessThan(6144);
    }
  });

  it("the app's deploy role makes roles within the boundary, and touches none of the stacks'", () => {
    const statements = statementsIn(of(stage).template("operations").findResources("AWS::IAM::ManagedPolicy"));
    const may = (action: string, resource: string) => allows(statements, { action, resource });
    const role = (name: string) => `arn:aws:iam::${settings.account}:role/${name}`;
    expect(may("iam:UpdateAssumeRolePolicy", role(`${names.prefix}-ApiRole-abcd`))).toBe(true);
    const own = Object.values(of(stage).template("appliances").findResources("AWS::IAM::Role")).length;
    expect(own).toBe(1);
    for (const name of [
      names.hybridRole,
      names.deployRole("app"),
      names.deployRole("stacks"),
      // As CloudFormation shortens a stack's name in a role's.
      `${names.prefix}-operations`.slice(0, 24),
      `${names.prefix}-workers-Role`,
    ]) {
      expect(may("iam:UpdateAssumeRolePolicy", role(name)), name).toBe(false);
      expect(may("iam:PassRole", role(name)), name).toBe(false);
    }
    const making = statements.filter((one) =>
      covers(one, { action: "iam:CreateRole", resource: role(`${names.prefix}-X`) }),
    );
    expect(making).toHaveLength(1);
    expect(making[0]?.Condition?.StringEquals).toHaveProperty("iam:PermissionsBoundary");
    const object = (bucket: string) => `arn:aws:s3:::${bucket}/key`;
    expect(may("s3:GetObject", object(buckets.truststore))).toBe(true);
    expect(may("s3:PutObject", object(buckets.truststore))).toBe(false);
    expect(may("s3:DeleteObject", object(buckets.outputs))).toBe(false);
    expect(may("s3:PutObject", object(`${names.prefix}-dashboardassets-abcd`))).toBe(true);
  });

  it("every parameter of the contract is written once, in its shape, and none besides", () => {
    const written = of(stage).templates.flatMap((template) =>
      Object.values(template.findResources("AWS::SSM::Parameter")).map(({ Properties }) => ({
        name: String(Properties.Name),
        value: resolve(Properties.Value, template.toJSON().Resources, stage),
      })),
    );
    const expected = parametersBy.stacks.map((name) => names.parameter(name));
    expect(written.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
    for (const { name, value } of written) {
      const parameter = name.slice(`${names.parameterFolder}/`.length) as ParameterName;
      expect(parameterSchema(parameter).safeParse(value).error?.issues, `${name} = ${value}`).toBeUndefined();
    }
  });

  it("no template holds a secret's value", () => {
    for (const template of of(stage).templates) {
      for (const { Properties } of Object.values(template.findResources("AWS::SecretsManager::Secret"))) {
        expect(Properties).not.toHaveProperty("SecretString");
        const key = Properties.Name === names.tokenSecret;
        expect(Object.hasOwn(Properties, "GenerateSecretString")).toBe(key);
      }
      const text = JSON.stringify(template.toJSON());
      expect(text).not.toMatch(/sk-ant-|-----BEGIN|AKIA[0-9A-Z]{16}|resolve:secretsmanager/);
    }
  });
});

describe("a stage whose alarms page", () => {
  it("sends the pager what somebody gets up for, and nothing else", () => {
    const alarms = { email: "ops@example.com", pagerUrl: "https://events.example.com/integration/abc/enqueue" };
    const settings = { ...settingsOf("staging"), alarms };
    const synthesized = synthesize("staging", settings);
    rmSync(synthesized.directory, { recursive: true, force: true });
    const paging = alarmDefinitions("staging").filter(({ severity }) => severity === "page");
    expect(paging.length).toBeGreaterThan(0);
    // SNS takes 150 values in all.
    expect(paging.length).toBeLessThanOrEqual(150);
    synthesized.template("operations").hasResourceProperties("AWS::SNS::Subscription", {
      Protocol: "https",
      Endpoint: alarms.pagerUrl,
      FilterPolicyScope: "MessageBody",
      FilterPolicy: { AlarmName: paging.map(({ name }) => name) },
    });
  });
});

it("the CDK's flags are those it recommends for a new app, but for three that are decided otherwise", () => {
  expect(cdk.context).toEqual({
    ...recommended,
    // There is one partition.
    "@aws-cdk/core:target-partitions": ["aws"],
    // What the stacks are like is told to nobody.
    "@aws-cdk/core:enableAdditionalMetadataCollection": false,
    // A stack that another one uses cannot be deleted under it.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
  });
});

function placeOf(stage: PermanentStage): StagePlace {
  const { account, region } = settingsOf(stage);
  const names = resourceNames(stage);
  const arns = <K extends string>(service: string, keys: readonly K[], rest: (key: K) => string) =>
    Object.fromEntries(keys.map((key) => [key, `arn:aws:${service}:${region}:${account}:${rest(key)}`])) as Record<
      K,
      string
    >;
  return {
    stage,
    partition: "aws",
    region,
    account,
    secretArns: arns("secretsmanager", ["anthropic", "cursor-key"], (name) => `secret:${names.secret(name)}-AbCdEf`),
  };
}

/** What CloudFormation would put in a parameter's value: names as they are, ARNs as AWS makes them of the resource. */
function resolve(
  value: unknown,
  resources: Record<string, { Type: string; Properties: Record<string, unknown> }>,
  stage: PermanentStage,
): string {
  if (typeof value === "string") return value;
  const { account, region } = settingsOf(stage);
  const { Ref: ref, "Fn::GetAtt": attribute } = value as { Ref?: string; "Fn::GetAtt"?: [string, string] };
  const id = ref ?? attribute?.[0] ?? "";
  const { Type: type, Properties: properties } = resources[id] ?? { Type: "", Properties: {} };
  const arn = (service: string, rest: unknown, place = `${region}:${account}`) => `arn:aws:${service}:${place}:${rest}`;
  switch (`${type}.${attribute?.[1] ?? "Ref"}`) {
    case "AWS::DynamoDB::Table.Arn":
      return arn("dynamodb", `table/${properties["TableName"]}`);
    case "AWS::SQS::Queue.Arn":
      return arn("sqs", properties["QueueName"]);
    case "AWS::KMS::Key.Arn":
      return arn("kms", `key/${id}`);
    case "AWS::SecretsManager::Secret.Ref":
      return arn("secretsmanager", `secret:${properties["Name"]}-AbCdEf`);
    case "AWS::IAM::Role.Arn":
      return arn("iam", `role/${properties["RoleName"]}`, `:${account}`);
    case "AWS::SNS::Topic.Ref":
      return arn("sns", properties["TopicName"]);
    case "AWS::IAM::Role.Ref":
      return String(properties["RoleName"]);
    case "AWS::S3::Bucket.Ref":
      return String(properties["BucketName"]);
    case "AWS::SSM::Document.Ref":
      return String(properties["Name"]);
    default:
      throw new Error(`no rule for ${JSON.stringify(value)} (${type})`);
  }
}
