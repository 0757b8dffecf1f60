import { type QueueName, queueNames, resourceNames, secretNames, workerQueue } from "./names.ts";
import type { PrincipalName } from "./permissions.ts";
import { keyOfRight } from "./rights.ts";

/** Rights that no test uses: each action of each part on each resource. */
export interface UnusedRights {
  principals: readonly PrincipalName[];
  actions: readonly string[];
  /** As `permissions("{stage}", "{account}")` writes them. */
  resources: readonly string[];
  /** What it is for, and why no test comes that way. */
  reason: string;
  /** A test may come that way, but what decides is the moment at which something is killed or slow: either is right. */
  byChance?: true;
}

const table = ["steward-{stage}"];
const queue = (name: QueueName) => resourceNames("{stage}").queue(name);
const workerQueues = resourceNames("{stage}").queue(workerQueue("*"));
const longLanes = [queue("inference-standard"), queue("inference-bulk")];
const everyLane = [queue("inference-express"), ...longLanes];

const noGroup =
  "No Auto Scaling group starts instances locally; test/aws/instances.test.ts makes the calls, with these rights and no others.";

const noTenantRemoved =
  "A tenant is removed when its days of grace are over; test/aws/purge.test.ts turns the clock and makes the calls, with these rights and no others.";

const deadLetters =
  "Few messages of the tests die; test/aws/dead-letters.test.ts lists, sends again and drops them with these rights and no others.";

/** A test holds this list to a recording of all that the end-to-end and fault tests do: no right is missing, none too many. */
export const unusedRights: readonly UnusedRights[] = [
  {
    principals: ["alerts"],
    actions: ["dynamodb:ConditionCheckItem"],
    resources: table,
    reason:
      "It takes five machines that fall silent together; packages/control/test/silences.system.test.ts has fleets do so.",
    byChance: true,
  },
  {
    principals: ["alerts"],
    actions: ["dynamodb:Query"],
    resources: table,
    reason: "A gateway is found by its name among a tenant's nodes; no test's machine is behind one.",
  },
  {
    principals: ["api", "support"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: longLanes,
    reason:
      "Plans are short enough for the other two lanes, unless the machine is so slow that longer ones are expected.",
    byChance: true,
  },
  {
    principals: ["escalate", "nodes", "reconcile", "schedule"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: [queue("notifications")],
    reason: "People are told where a task comes to wait or to its end in this part; in the tests most do so in others.",
    byChance: true,
  },
  ...(
    [
      ["nodes", ["CreateSecret"], "run"],
      ["secrets", ["GetSecretValue"], "run"],
      ["secrets", ["CreateSecret", "PutSecretValue", "DeleteSecret"], "tenant"],
    ] as const
  ).map(
    ([principal, actions, folder]): UnusedRights => ({
      principals: [principal],
      actions: actions.map((action) => `secretsmanager:${action}`),
      resources: [`steward-{stage}/${folder}/*`],
      reason:
        "A password of a run, and a tenant's own secrets: packages/control/test/run-secrets.system.test.ts has the use cases.",
      byChance: true,
    }),
  ),
  {
    principals: ["queues"],
    actions: [
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:GetQueueUrl",
      "sqs:GetQueueAttributes",
    ],
    resources: queueNames.map(resourceNames("{stage}").deadLetterQueue),
    reason: deadLetters,
    byChance: true,
  },
  {
    principals: ["queues"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: queueNames.map(queue),
    reason: deadLetters,
    byChance: true,
  },
  {
    principals: ["queues"],
    actions: ["dynamodb:Query"],
    resources: [...table, resourceNames("{stage}").index("gsi1"), resourceNames("{stage}").index("gsi2")],
    reason: deadLetters,
    byChance: true,
  },
  {
    principals: ["queues"],
    actions: ["dynamodb:BatchGetItem"],
    resources: table,
    reason: deadLetters,
    byChance: true,
  },
  {
    principals: ["people", "support"],
    actions: ["dynamodb:DeleteItem"],
    resources: table,
    reason: "Frees the key of a repeatable request that was refused; in the tests none of its own is.",
    byChance: true,
  },
  {
    principals: ["escalate"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: [queue("rollouts")],
    reason: "A plan of Claude's that needs nobody's yes starts at once; a plan from words always needs one.",
  },
  {
    principals: ["nodes", "reconcile"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: longLanes,
    reason:
      "A job that a worker gives back, or that nobody has taken, goes into its own lane again; the tests' broken jobs are short ones.",
    byChance: true,
  },
  {
    principals: ["api", "nodes", "reconcile"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: [workerQueues],
    reason: "A job for one worker: asked for by a person, given back by the worker, or sent again after a loss.",
    byChance: true,
  },
  {
    principals: ["reconcile"],
    actions: ["dynamodb:Query"],
    resources: table,
    reason: "Compares workers and their queues once a minute; only an installation that lasts so long is compared.",
    byChance: true,
  },
  {
    principals: ["reconcile"],
    actions: ["sqs:ListQueues"],
    resources: ["*"],
    reason: "Compares workers and their queues once a minute; only an installation that lasts so long is compared.",
    byChance: true,
  },
  {
    principals: ["reconcile"],
    actions: ["sqs:CreateQueue", "sqs:DeleteQueue"],
    resources: [workerQueues],
    reason:
      "Makes a worker's queue where it is missing and removes it with the worker; test/aws/worker-queues.test.ts does both with these rights.",
    byChance: true,
  },
  {
    principals: ["reconcile"],
    actions: ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
    resources: [resourceNames("{stage}").deadLetterQueue("inference-standard")],
    reason: "Where dead letters of a worker's queue go, which it asks before it makes one.",
    byChance: true,
  },
  {
    principals: ["worker"],
    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"],
    resources: [workerQueues],
    reason: "What is meant for one worker; the end-to-end tests mean few jobs for one.",
    byChance: true,
  },
  {
    principals: ["escalate"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: everyLane,
    reason:
      "Without a Claude key or a budget, a job that waited too long for a busy worker goes back to it. The use case's own test comes that way.",
    byChance: true,
  },
  {
    principals: ["dispatch"],
    actions: ["sqs:SendMessage"],
    resources: [queue("rollouts")],
    reason: "Leaves to its next call what it does not manage in its time; most rollouts of the tests are small.",
    byChance: true,
  },
  {
    principals: ["escalate", "support"],
    actions: ["dynamodb:Query"],
    resources: [resourceNames("{stage}").index("gsi2")],
    reason:
      "A job asks for a place in its lane, behind those of its tenant that wait; in the tests few find others waiting there.",
    byChance: true,
  },
  ...(
    [
      ["dispatch", "rollouts"],
      ["escalate", "escalations"],
      ["notify", "notifications"],
      ["alerts", "node-events"],
    ] as const
  ).flatMap(([principal, name]): UnusedRights[] => [
    {
      principals: [principal],
      actions: ["sqs:GetQueueAttributes"],
      resources: [queue(name)],
      reason: "Lambda's own poller wants it of the function's role; the local one has no use for it.",
    },
    {
      principals: [principal],
      actions: ["sqs:ChangeMessageVisibility"],
      resources: [queue(name)],
      reason: "The local poller shows a failed message again after a pause; which messages fail is up to the faults.",
      byChance: true,
    },
  ]),
  {
    principals: ["reconcile"],
    actions: ["dynamodb:PutItem", "dynamodb:BatchGetItem"],
    resources: table,
    reason:
      "Notes in the audit that a deadline has passed, and what a model could not do; most that is killed gets done in time.",
    byChance: true,
  },
  {
    principals: ["reconcile"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: [queue("inference-express"), queue("escalations"), queue("rollouts")],
    reason:
      "Sends again what was lost between a record and its queue; which message is lost is up to the moment of the kill.",
    byChance: true,
  },
  {
    principals: ["sweep"],
    actions: ["sqs:SendMessage", "sqs:GetQueueUrl"],
    resources: [queue("node-events")],
    reason:
      "Announces nodes that fell silent; in the tests they do so while something is killed, and may be quick to return.",
    byChance: true,
  },
  {
    principals: ["sweep"],
    actions: ["s3:PutObject"],
    resources: ["steward-{stage}-fleet-{account}/*"],
    reason:
      "Only a tenant with more than 200 nodes has a snapshot; packages/control/test/fleet-views.system.test.ts writes and reads one.",
  },
  {
    principals: ["api"],
    actions: ["s3:GetObject"],
    resources: ["steward-{stage}-fleet-{account}/*"],
    reason:
      "Only a tenant with more than 200 nodes has a snapshot; packages/control/test/fleet-views.system.test.ts writes and reads one.",
    byChance: true,
  },
  {
    principals: ["api"],
    actions: ["s3:ListBucket"],
    resources: ["steward-{stage}-fleet-{account}"],
    reason:
      "Only a tenant with more than 200 nodes has a snapshot; packages/control/test/fleet-views.system.test.ts writes and reads one.",
    byChance: true,
  },
  {
    principals: ["nodes"],
    actions: ["s3:ListBucket"],
    resources: ["steward-{stage}-bundles-{account}"],
    reason: "Without it S3 says forbidden of a bundle or build that nobody has uploaded; in the tests all are there.",
    byChance: true,
  },
  {
    principals: ["wait"],
    actions: ["dynamodb:UpdateItem"],
    resources: table,
    reason: "Counts who asks it for what is not theirs; most of the tests' denials are at the api's own routes.",
    byChance: true,
  },
  {
    principals: ["measure"],
    actions: ["dynamodb:Query", "dynamodb:BatchGetItem"],
    resources: table,
    reason: "Measures once a minute; only an installation that a test leaves alone for so long is measured.",
    byChance: true,
  },
  {
    principals: ["measure"],
    actions: ["ssm:GetParameter"],
    resources: ["/steward/{stage}/trust-document", "/steward/{stage}/release"],
    reason: "Measures once a minute; only an installation that a test leaves alone for so long is measured.",
    byChance: true,
  },
  {
    principals: ["measure"],
    actions: ["s3:GetObject"],
    resources: ["steward-{stage}-bundles-{account}/releases/*"],
    reason: "Measures once a minute; only an installation that a test leaves alone for so long is measured.",
    byChance: true,
  },
  {
    principals: ["measure"],
    actions: ["dynamodb:Query"],
    resources: ["steward-{stage}/index/gsi1"],
    reason: "Measures once a minute; only an installation that a test leaves alone for so long is measured.",
    byChance: true,
  },
  {
    principals: ["measure"],
    actions: ["ssm:GetParameter"],
    resources: ["/steward/{stage}/ca-certificate"],
    reason: "Measures once a minute; only an installation that a test leaves alone for so long is measured.",
    byChance: true,
  },
  {
    principals: ["purge"],
    actions: ["Query", "PutItem", "UpdateItem", "Scan", "DeleteItem"].map((name) => `dynamodb:${name}`),
    resources: table,
    reason: noTenantRemoved,
  },
  {
    principals: ["purge"],
    actions: ["dynamodb:GetItem"],
    resources: table,
    reason:
      "Looks once a minute at whom to remove; only an installation that a test leaves alone for so long is asked.",
    byChance: true,
  },
  {
    principals: ["purge"],
    actions: ["dynamodb:Query"],
    resources: ["steward-{stage}/index/gsi1"],
    reason: "Asks once a minute whom to remove; only an installation that a test leaves alone for so long is asked.",
    byChance: true,
  },
  {
    principals: ["purge"],
    actions: ["s3:ListBucket"],
    resources: ["steward-{stage}-fleet-{account}"],
    reason: noTenantRemoved,
  },
  {
    principals: ["purge"],
    actions: ["s3:ListBucket"],
    resources: ["steward-{stage}-outputs-{account}"],
    reason:
      "Where a tenant's policy says for how long outputs are kept, they are looked through in that tenant's minute of the hour; test/aws/purge.test.ts turns the clock to it.",
    byChance: true,
  },
  {
    principals: ["purge"],
    actions: ["s3:DeleteObject"],
    resources: ["steward-{stage}-outputs-{account}/*", "steward-{stage}-fleet-{account}/*"],
    reason: noTenantRemoved,
  },
  {
    principals: ["purge"],
    actions: ["secretsmanager:DeleteSecret"],
    resources: [resourceNames("{stage}").runSecret("*"), resourceNames("{stage}").tenantSecret("*")],
    reason: noTenantRemoved,
  },
  {
    principals: ["reconcile"],
    actions: ["secretsmanager:DeleteSecret"],
    resources: [resourceNames("{stage}").runSecret("*")],
    reason:
      "What a run made goes five minutes after it was opened, or after a day; packages/control/test/run-secrets.system.test.ts turns the clock.",
    byChance: true,
  },
  {
    principals: ["nodes"],
    actions: ["secretsmanager:GetSecretValue"],
    resources: [resourceNames("{stage}").tenantSecret("*")],
    reason:
      "No action of the catalogue has a variable yet that refers to a secret; packages/control/test/run-secrets.system.test.ts fetches one.",
  },
  {
    principals: ["measure"],
    actions: ["secretsmanager:ListSecretVersionIds"],
    resources: secretNames.map(resourceNames("{stage}").secret),
    reason: "Measures the age of secrets once an hour; only an installation that a test leaves alone is measured.",
    byChance: true,
  },
  {
    principals: ["instances"],
    actions: ["GetItem", "Query", "BatchGetItem", "PutItem", "UpdateItem"].map((name) => `dynamodb:${name}`),
    resources: table,
    reason: noGroup,
  },
  {
    principals: ["instances"],
    actions: ["ssm:GetParameter"],
    resources: ["/steward/{stage}/root-public-key"],
    reason: noGroup,
  },
  {
    principals: ["instances"],
    actions: ["CreateSecret", "TagResource", "DescribeSecret", "DeleteSecret"].map((name) => `secretsmanager:${name}`),
    resources: ["steward-{stage}/instance/*"],
    reason: noGroup,
  },
  {
    principals: ["instances"],
    actions: ["autoscaling:CompleteLifecycleAction"],
    resources: ["steward-{stage}-workers"],
    reason: noGroup,
  },
  {
    principals: ["instances"],
    actions: ["autoscaling:DescribeAutoScalingGroups"],
    resources: ["*"],
    reason: noGroup,
  },
  {
    principals: ["worker"],
    actions: ["sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
    resources: longLanes,
    reason: "Most jobs of the tests are short: the longer lanes are asked, and have few or none.",
    byChance: true,
  },
];

/** The keys of `keyOfRight` of every right on the list. */
export function keysOfUnused({ principals, actions, resources }: UnusedRights): string[] {
  return principals.flatMap((principal) =>
    actions.flatMap((action) => resources.map((resource) => keyOfRight({ principal, action, resource }))),
  );
}
