import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { AccountRootPrincipal, PolicyDocument, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { FilterOrPolicy, SubscriptionFilter, Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription, UrlSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import {
  resourceNames,
  type SecretName,
  secretNames,
  type SigningKeyUse,
  signingKeyUses,
} from "@steward/contracts/names";
import { alarmDefinitions, budgetAlarm } from "@steward/functions/alarms";
import type { Construct } from "constructs";
import { Backup } from "./backup.ts";
import { DeployRoles } from "./deploy-roles.ts";
import { explain } from "./explain.ts";
import { administration } from "./key-policy.ts";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";

/** What a stage is run with: signing keys, secrets, backups, the topic of its alarms, its budget, and who deploys it. */
export class OperationsStack extends Stack {
  readonly alarmTopic: Topic;

  constructor(scope: Construct, id: string, props: StageProps & { table: ITable; dataKey: IKey }) {
    const { stage, settings, env, dataKey } = props;
    super(scope, id, { env, description: `Steward ${stage}: keys, secrets, backups, alarms, budget, deploy roles` });
    for (const use of signingKeyUses) publish(this, stage, `key-arn/${use}`, this.makeSigningKey(use, props).keyArn);
    for (const name of secretNames) publish(this, stage, `secret-arn/${name}`, this.makeSecret(name, props));
    new Backup(this, props);

    this.alarmTopic = this.makeAlarmTopic(props, dataKey);
    publish(this, stage, "alarm-topic-arn", this.alarmTopic.topicArn);
    const notifyAt = (notificationType: "ACTUAL" | "FORECASTED", percent: number) => ({
      notification: {
        notificationType,
        comparisonOperator: "GREATER_THAN",
        threshold: percent,
        thresholdType: "PERCENTAGE",
      },
      subscribers: [{ subscriptionType: "SNS", address: this.alarmTopic.topicArn }],
    });
    // Of all that the account spends: a filter by tag is blind until somebody has switched the tag on for billing. It has no
    // name of ours: whenever its notifications change CloudFormation makes another one first, and two cannot share a name.
    new CfnBudget(this, "Budget", {
      budget: {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        budgetLimit: { amount: settings.monthlyBudgetUsd, unit: "USD" },
      },
      notificationsWithSubscribers: [
        ...budgetAlarm.spentPercent.map((percent) => notifyAt("ACTUAL", percent)),
        notifyAt("FORECASTED", budgetAlarm.forecastPercent),
      ],
    });
    new DeployRoles(this, props);
  }

  /**
   * An ECDSA key that signs and cannot be taken out. The account's administrators may look after it and not sign with
   * it: that takes a role of the stage's own that IAM grants it to. The issuer's is the exception, because `steward cert
   * init` signs the CA's certificate before there is any function; there the caller's own rights decide alone. AWS
   * does not rotate such keys: `steward keys rotate` makes the next one with this one's policy, and moves the alias.
   */
  private makeSigningKey(use: SigningKeyUse, { stage, env }: StageProps): Key {
    const names = resourceNames(stage);
    const roles = `arn:${this.partition}:iam::${env.account}:role/${names.prefix}-*`;
    return new Key(this, `Sign-${use}`, {
      alias: names.keyAlias(use),
      description: `Steward ${stage}: ${use}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      policy: new PolicyDocument({
        statements: [
          administration(),
          new PolicyStatement({
            sid: "PublicHalf",
            principals: [new AccountRootPrincipal()],
            actions: ["kms:GetPublicKey", "kms:Verify"],
            resources: ["*"],
          }),
          new PolicyStatement({
            sid: "WhoeverIamLets",
            principals: [new AccountRootPrincipal()],
            actions: ["kms:Sign"],
            resources: ["*"],
            conditions: {
              StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" },
              ...(use === "issuer" ? {} : { ArnLike: { "aws:PrincipalArn": roles } }),
            },
          }),
        ],
      }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /**
   * The Claude API's key is somebody else's to make; it is empty until a person puts it in, and an empty one is read as
   * "no Claude". The cursor key is made here for the first time, and then anew by a function: `infra/` makes that, and so
   * sets the schedule too (docs/decisions/0015-secrets.md).
   */
  private makeSecret(name: SecretName, { stage, dataKey }: { stage: string; dataKey: IKey }): string {
    const secret = new CfnSecret(this, `Secret-${name}`, {
      name: resourceNames(stage).secret(name),
      kmsKeyId: dataKey.keyArn,
      ...{
        anthropic: { description: "The key of the Claude API" },
        "cursor-key": {
          description: "Seals the cursors of lists",
          generateSecretString: { passwordLength: 64, excludePunctuation: true },
        },
      }[name],
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    explain(secret, {
      SMG4:
        name === "anthropic"
          ? "Anthropic makes this key; nothing here can make another"
          : "infra/ sets the schedule: the function that rotates it is made there",
    });
    return secret.ref;
  }

  private makeAlarmTopic({ stage, settings, env }: StageProps, dataKey: IKey): Topic {
    const topic = new Topic(this, "Alarms", {
      topicName: resourceNames(stage).alarmTopic,
      masterKey: dataKey,
      enforceSSL: true,
    });
    topic.addSubscription(new EmailSubscription(settings.alarms.email));
    if (settings.alarms.pagerUrl !== undefined) {
      // By name, those that somebody gets up for. The budget's messages are prose, and wait for the morning too.
      const paging = alarmDefinitions(stage).filter((alarm) => alarm.severity === "page");
      topic.addSubscription(
        new UrlSubscription(settings.alarms.pagerUrl, {
          filterPolicyWithMessageBody: {
            AlarmName: FilterOrPolicy.filter(
              SubscriptionFilter.stringFilter({ allowlist: paging.map((alarm) => alarm.name) }),
            ),
          },
        }),
      );
    }
    for (const [service, source] of Object.entries({
      cloudwatch: this.formatArn({ service: "cloudwatch", resource: "alarm:*" }),
      budgets: `arn:${this.partition}:budgets::${env.account}:*`,
    })) {
      topic.addToResourcePolicy(
        new PolicyStatement({
          sid: service,
          principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ["sns:Publish"],
          resources: [topic.topicArn],
          conditions: { StringEquals: { "aws:SourceAccount": env.account }, ArnLike: { "aws:SourceArn": source } },
        }),
      );
    }
    return topic;
  }
}
