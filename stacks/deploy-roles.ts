import { Stack } from "aws-cdk-lib";
import {
  Effect,
  type IManagedPolicy,
  ManagedPolicy,
  type ManagedPolicyProps,
  OidcProviderNative,
  PolicyStatement,
  Role,
  WebIdentityPrincipal,
} from "aws-cdk-lib/aws-iam";
import { bucketNames, resourceNames, stageTag, workerQueue } from "@steward/contracts/names";
import { Construct } from "constructs";
import { permanentStages } from "../infra/stages.ts";
import { explainWildcards, type Rule, statementsOf } from "./explain.ts";
import { stackNames } from "./stack-names.ts";
import type { StageProps } from "./stage-props.ts";

const issuer = "token.actions.githubusercontent.com";

/**
 * Who deploys a permanent stage: workflows on GitHub, with no key that could be stolen. One role for what is deployed
 * rarely (`cdk deploy`), one for what ships with every commit (`sst deploy`); the second cannot touch what the first
 * made, and no role that it makes can ever do more than the functions' table of permissions, all taken together.
 */
export class DeployRoles extends Construct {
  constructor(scope: Construct, props: StageProps) {
    super(scope, "DeployRoles");
    const { stage, settings, env } = props;
    const names = resourceNames(stage);
    const provider = `arn:${Stack.of(this).partition}:iam::${env.account}:oidc-provider/${issuer}`;
    const { repository, environment, branch } = settings.approvals;
    const subject = environment === undefined ? `ref:refs/heads/${branch}` : `environment:${environment}`;
    const trust = () =>
      new WebIdentityPrincipal(provider, {
        StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com", [`${issuer}:sub`]: `repo:${repository}:${subject}` },
      });

    const stacks = new Role(this, "Stacks", {
      roleName: names.deployRole("stacks"),
      description: `cdk deploy of ${stage}`,
      assumedBy: trust(),
    });
    const bootstrapRole = (use: string) => {
      const name = `cdk-hnb659fds-${use}-role-${env.account}-${env.region}`;
      return `arn:${Stack.of(this).partition}:iam::${env.account}:role/${name}`;
    };
    stacks.addToPolicy(
      new PolicyStatement({
        actions: ["sts:AssumeRole"],
        resources: ["deploy", "file-publishing", "lookup"].map(bootstrapRole),
      }),
    );

    const boundary = managedPolicy(this, "Boundary", boundaryRules(this, props), {
      managedPolicyName: names.appBoundary,
      description: `The most that a role of the app of ${stage} can do`,
    });
    const app = new Role(this, "App", {
      roleName: names.deployRole("app"),
      description: `sst deploy of ${stage}`,
      assumedBy: trust(),
      managedPolicies: [
        managedPolicy(this, "Makes", resourceRules(this, props)),
        managedPolicy(this, "MakesRoles", roleRules(this, props, boundary)),
      ],
    });
    // An account has one provider for GitHub. Where stages share an account, the first of the list makes it for all.
    const first = Object.entries(permanentStages).find(([, { account }]) => account === env.account)?.[0];
    if (first === stage) {
      const made = new OidcProviderNative(this, "GitHub", {
        url: `https://${issuer}`,
        clientIds: ["sts.amazonaws.com"],
      });
      for (const role of [stacks, app]) role.node.addDependency(made);
    }
  }
}

function managedPolicy(
  scope: Construct,
  id: string,
  rules: readonly Rule[],
  props: ManagedPolicyProps = {},
): ManagedPolicy {
  const policy = new ManagedPolicy(scope, id, { ...props, statements: statementsOf(rules) });
  explainWildcards(policy, rules);
  return policy;
}

/** What the functions' table of permissions comes to, a service at a time. A test holds it against the table. */
function boundaryRules(scope: Construct, { stage, env }: StageProps): Rule[] {
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, env.account);
  const arn = arnsOf(scope, env);
  const why =
    "The outer limit of all functions together, bounded by the stage's name; each role has its own few rights";
  return [
    {
      actions: actionsOf(
        "dynamodb",
        "BatchGetItem ConditionCheckItem DeleteItem DescribeTable GetItem PutItem Query UpdateItem",
      ),
      resources: [arn("dynamodb", `table/${names.table}`), arn("dynamodb", `table/${names.table}/index/*`)],
      why,
    },
    {
      actions: actionsOf("dynamodb", "Scan"),
      resources: [arn("dynamodb", `table/${names.table}`)],
      why: "What is left of a tenant that was deleted is looked for in the whole table",
    },
    {
      actions: actionsOf(
        "sqs",
        "ChangeMessageVisibility DeleteMessage GetQueueAttributes GetQueueUrl ReceiveMessage SendMessage",
      ),
      resources: [arn("sqs", `${names.prefix}-*`)],
      why,
    },
    {
      actions: actionsOf("sqs", "CreateQueue DeleteQueue"),
      resources: [arn("sqs", names.queue(workerQueue("*")))],
      why: "A worker's queue comes and goes with it; the others nobody makes or deletes but a deploy",
    },
    { actions: actionsOf("sqs", "ListQueues"), resources: ["*"], why: "Listing knows no bounds; it shows names" },
    {
      actions: actionsOf("s3", "GetObject PutObject ListBucket"),
      resources: [buckets.bundles, buckets.outputs, buckets.fleet].flatMap((bucket) => [
        arn("s3", bucket),
        arn("s3", `${bucket}/*`),
      ]),
      why,
    },
    {
      actions: actionsOf("s3", "DeleteObject"),
      resources: [arn("s3", `${buckets.outputs}/*`), arn("s3", `${buckets.fleet}/*`)],
      why: "Outputs and snapshots of a tenant that was deleted",
    },
    {
      // Nobody deletes a seal, or says how long it stays.
      actions: actionsOf("s3", "GetObject GetObjectVersion PutObject ListBucket ListBucketVersions"),
      resources: [arn("s3", buckets.audit), arn("s3", `${buckets.audit}/*`)],
      why,
    },
    {
      actions: actionsOf("kms", "Sign GetPublicKey"),
      resources: [arn("kms", "key/*")],
      conditions: { "ForAnyValue:StringLike": { "kms:ResourceAliases": `alias/${names.prefix}-*` } },
      why: "A key's id is AWS's to choose; the condition on its alias is what bounds it",
    },
    {
      actions: actionsOf(
        "secretsmanager",
        "CreateSecret DeleteSecret DescribeSecret GetSecretValue ListSecretVersionIds PutSecretValue RotateSecret " +
          "TagResource UpdateSecretVersionStage",
      ),
      resources: [arn("secretsmanager", `secret:${names.prefix}/*`)],
      why,
    },
    {
      actions: actionsOf("ssm", "GetParameter GetParameters PutParameter"),
      resources: [arn("ssm", `parameter${names.parameterFolder}/*`)],
      why,
    },
    {
      actions: actionsOf("ssm", "CreateActivation AddTagsToResource"),
      resources: ["*"],
      why: "An activation has no name before it is made",
    },
    {
      actions: actionsOf("ssm", "SendCommand"),
      resources: [
        arn("ssm", `document/${names.wakeDocument}`),
        arn("ssm", "managed-instance/*"),
        arn("ec2", "instance/*"),
      ],
      why: "Machines come and go; the dispatcher's own policy has a condition on their tag",
    },
    {
      actions: actionsOf("ssm", "DescribeInstanceInformation"),
      resources: ["*"],
      why: "Listing machines knows no bounds; it shows names and addresses",
    },
    {
      actions: actionsOf("ssm", "DeregisterManagedInstance"),
      resources: [arn("ssm", "managed-instance/*")],
      conditions: { StringEquals: { [`ssm:resourceTag/${stageTag}`]: stage } },
      why: "Machines come and go; the condition on their tag is what bounds them",
    },
    {
      actions: actionsOf("iam", "PassRole"),
      resources: [arn("iam", `role/${names.hybridRole}`)],
      conditions: { StringEquals: { "iam:PassedToService": "ssm.amazonaws.com" } },
    },
    { actions: actionsOf("sts", "AssumeRole"), resources: [arn("iam", `role/${names.queueRole}`)] },
    {
      actions: actionsOf("sns", "Publish"),
      resources: [`arn:${Stack.of(scope).partition}:sns:*:*:steward-notices-*`],
      why: "Topics are customers' own, in accounts and regions of theirs; their name says what for, their policy lets Steward in",
    },
    {
      actions: actionsOf("ses", "SendEmail"),
      resources: [arn("ses", "identity/*")],
      why: "Which domain mail comes from is a setting of the stage, and the account's own to verify",
    },
    {
      actions: actionsOf("autoscaling", "CompleteLifecycleAction"),
      resources: [arn("autoscaling", `autoScalingGroup:*:autoScalingGroupName/${names.workerGroup}`)],
      why: "A group's ARN has an id in its middle; its name is the stage's own",
    },
    {
      actions: actionsOf("autoscaling", "DescribeAutoScalingGroups"),
      resources: ["*"],
      why: "Listing groups knows no bounds; it shows names and instance ids",
    },
    {
      actions: actionsOf("logs", "CreateLogStream PutLogEvents"),
      resources: [arn("logs", `log-group:/aws/lambda/${names.prefix}-*`)],
      why,
    },
    // The schedules that start them.
    { actions: actionsOf("lambda", "InvokeFunction"), resources: [arn("lambda", `function:${names.prefix}-*`)], why },
  ];
}

/** What `infra/` makes apart from roles, and SST's own books. */
function resourceRules(scope: Construct, { stage, env }: StageProps): Rule[] {
  const names = resourceNames(stage);
  const arn = arnsOf(scope, env);
  const own = `${names.prefix}-*`;
  const byName = "What the app makes is named after its stage, with an ending that Pulumi chooses";
  const byId = "AWS gives these an id of its own, or knows no resource for the action";
  const books = "SST's buckets have an ending that it chose once for the account; the stage's own name is in the key";
  return [
    { actions: ["lambda:*"], resources: [arn("lambda", `function:${own}`)], why: byName },
    {
      actions: actionsOf("lambda", "CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping"),
      resources: ["*"],
      conditions: { ArnLike: { "lambda:FunctionArn": arn("lambda", `function:${own}`) } },
      why: "A mapping has an id; that it feeds a function of the stage is the condition",
    },
    {
      actions: actionsOf("lambda", "GetEventSourceMapping ListEventSourceMappings ListTags TagResource"),
      resources: ["*"],
      why: byId,
    },
    {
      actions: ["logs:*"],
      resources: ["lambda", "vendedlogs/apis"].map((of) => arn("logs", `log-group:/aws/${of}/${own}`)),
      why: byName,
    },
    {
      actions: [
        ...actionsOf("logs", "CreateLogDelivery DeleteLogDelivery GetLogDelivery ListLogDeliveries UpdateLogDelivery"),
        ...actionsOf("logs", "DescribeLogGroups DescribeResourcePolicies PutResourcePolicy"),
      ],
      resources: ["*"],
      why: byId,
    },
    {
      actions: actionsOf("apigateway", "DELETE GET PATCH POST PUT"),
      resources: ["apis", "apis/*", "domainnames", "domainnames/*", "tags/*"].map(
        (path) => `arn:${Stack.of(scope).partition}:apigateway:${env.region}::/${path}`,
      ),
      why: byId,
    },
    // Which CAs the nodes' door believes is a right of its own, beside the one to the domain.
    {
      actions: actionsOf("apigateway", "AddCertificateToDomain RemoveCertificateFromDomain"),
      resources: ["domainnames", "domainnames/*"].map(
        (path) => `arn:${Stack.of(scope).partition}:apigateway:${env.region}::/${path}`,
      ),
      why: byId,
    },
    { actions: ["events:*"], resources: [arn("events", `rule/${own}`)], why: byName },
    {
      actions: ["scheduler:*"],
      resources: [arn("scheduler", `schedule/*/${own}`), arn("scheduler", `schedule-group/${own}`)],
      why: byName,
    },
    {
      actions: actionsOf("cloudwatch", "PutMetricAlarm DeleteAlarms ListTagsForResource TagResource UntagResource"),
      resources: [arn("cloudwatch", `alarm:${own}`)],
      why: byName,
    },
    {
      actions: [
        "cloudfront:*",
        "cloudfront-keyvaluestore:*",
        "cloudwatch:DescribeAlarms",
        "sts:GetCallerIdentity",
        ...actionsOf("acm", "DescribeCertificate ListTagsForCertificate"),
        ...actionsOf(
          "route53",
          "ChangeResourceRecordSets GetChange GetHostedZone ListHostedZones ListResourceRecordSets ListTagsForResource",
        ),
      ],
      resources: ["*"],
      why: byId,
    },
    // The dashboard's bucket. The stage's data is named alike, and is nobody's to change from here.
    { actions: ["s3:*"], resources: [arn("s3", own), arn("s3", `${own}/*`)], why: byName },
    {
      effect: Effect.DENY,
      notActions: actionsOf("s3", "GetObject GetObjectVersion GetBucketLocation ListBucket"),
      resources: Object.values(bucketNames(stage, env.account)).flatMap((name) => [
        arn("s3", name),
        arn("s3", `${name}/*`),
      ]),
      why: "A refusal may be as wide as it likes",
    },
    // When a secret is rotated, and by which function. What it is stays out of reach.
    {
      actions: actionsOf("secretsmanager", "RotateSecret CancelRotateSecret DescribeSecret"),
      resources: [arn("secretsmanager", `secret:${names.prefix}/*`)],
      why: "A secret's ARN ends with six characters that AWS chooses",
    },
    // What the stacks, `cert init` and `bootstrap` have said.
    {
      actions: actionsOf("ssm", "GetParameter GetParameters GetParametersByPath"),
      // A call for all below a path is judged by the path itself.
      resources: [arn("ssm", `parameter${names.parameterFolder}`), arn("ssm", `parameter${names.parameterFolder}/*`)],
      why: "All of the stage's parameters; none of them is secret",
    },
    { actions: actionsOf("ssm", "GetParameter"), resources: [arn("ssm", "parameter/sst/bootstrap")] },
    {
      actions: actionsOf("ssm", "GetParameter PutParameter"),
      resources: [arn("ssm", `parameter/sst/passphrase/steward/${stage}`)],
    },
    {
      actions: actionsOf("s3", "ListBucket GetBucketLocation"),
      resources: [arn("s3", "sst-state-*"), arn("s3", "sst-asset-*")],
      why: books,
    },
    {
      actions: actionsOf("s3", "GetObject PutObject DeleteObject"),
      resources: [`${stage}.json`, `${stage}/*`].map((key) => arn("s3", `sst-state-*/*/steward/${key}`)),
      why: books,
    },
    // Secrets for stages that have none of their own: there are none, but SST looks at every deploy, and takes a refusal for a
    // wrong passphrase.
    {
      actions: actionsOf("s3", "GetObject"),
      resources: [arn("s3", "sst-state-*/secret/steward/_fallback.json")],
      why: books,
    },
    // Code goes up with the stage's tags, and the last deploy's is taken away.
    {
      actions: actionsOf("s3", "GetObject PutObject DeleteObject GetObjectTagging PutObjectTagging"),
      resources: [arn("s3", "sst-asset-*/*")],
      why: books,
    },
  ];
}

/** Roles for the functions: only within the boundary, and none that the stacks made. */
function roleRules(scope: Construct, { stage, env }: StageProps, boundary: IManagedPolicy): Rule[] {
  const names = resourceNames(stage);
  const arn = arnsOf(scope, env);
  const resources = [arn("iam", `role/${names.prefix}-*`)];
  const why = "The app's roles are named after its stage, with an ending that Pulumi chooses";
  return [
    {
      actions: actionsOf(
        "iam",
        "AttachRolePolicy CreateRole DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary PutRolePolicy",
      ),
      resources,
      conditions: { StringEquals: { "iam:PermissionsBoundary": boundary.managedPolicyArn } },
      why,
    },
    {
      actions: [
        ...actionsOf("iam", "DeleteRole GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole"),
        ...actionsOf("iam", "ListRolePolicies ListRoleTags TagRole UntagRole UpdateAssumeRolePolicy UpdateRole"),
      ],
      resources,
      why,
    },
    {
      actions: actionsOf("iam", "PassRole"),
      resources,
      conditions: { StringEquals: { "iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"] } },
      why,
    },
    {
      actions: actionsOf("iam", "CreateServiceLinkedRole"),
      resources: [arn("iam", "role/aws-service-role/ops.apigateway.amazonaws.com/*")],
      why: "API Gateway's own role for custom domains, which the first of them makes",
    },
    {
      effect: Effect.DENY,
      notActions: actionsOf("iam", "GetRole"),
      resources: [
        names.hybridRole,
        names.deployRole("stacks"),
        names.deployRole("app"),
        // CloudFormation names a role after its stack, and cuts the stack's name short where it must.
        ...stackNames.map((stack) => `${`${names.prefix}-${stack}`.slice(0, 24)}*`),
      ].map((role) => arn("iam", `role/${role}`)),
      why: "A refusal may be as wide as it likes",
    },
  ];
}

/** `actionsOf("kms", "Sign GetPublicKey")` */
function actionsOf(service: string, verbs: string): string[] {
  return verbs.split(" ").map((verb) => `${service}:${verb}`);
}

/** ARNs of the account, in its region where the service has regions. */
function arnsOf(scope: Construct, { account, region }: StageProps["env"]): (service: string, rest: string) => string {
  const { partition } = Stack.of(scope);
  return (service, rest) => {
    if (service === "s3") return `arn:${partition}:s3:::${rest}`;
    return `arn:${partition}:${service}:${service === "iam" ? "" : region}:${account}:${rest}`;
  };
}
