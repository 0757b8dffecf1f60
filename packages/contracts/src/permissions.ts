import {
  bucketNames,
  type IndexName,
  isRotated,
  type ParameterName,
  parametersBy,
  type QueueName,
  queueNames,
  resourceNames,
  rotatedSecretNames,
  rotationFunction,
  type SecretName,
  type SigningKeyUse,
  secretNames,
  workerQueue,
  workerQueuesLike,
} from "./names.ts";

/**
 * What each part of Steward may call, written from intent. The local cloud enforces it; the infrastructure makes roles
 * from it. `resources` are the service's own names: table, queue, bucket/prefix*, key alias, secret, parameter or
 * document names; a trailing `*` matches any rest.
 */
export interface Grant {
  actions: string[];
  resources: string[];
  /**
   * For the table: the partition keys that may be touched, of the index where one is queried (`dynamodb:LeadingKeys`).
   * `*` is any text. One grant must cover all keys of a batch. Absent: every key.
   */
  keys?: string[];
  /** Why a resource is a wildcard: a resource of `*` without a reason is refused by a test. */
  why?: string;
}

export const principalNames = [
  "api",
  "wait",
  "nodes",
  "heartbeat",
  "enrol",
  "sessions",
  "people",
  "approve",
  "support",
  "dispatch",
  "escalate",
  "reconcile",
  "schedule",
  "notify",
  "sweep",
  "alerts",
  "purge",
  "measure",
  "secrets",
  "queues",
  "rotate",
  "instances",
  "seal",
  "bootstrap",
  "worker",
] as const;
export type PrincipalName = (typeof principalNames)[number];

export function permissions(stage: string, account: string): Record<PrincipalName, Grant[]> {
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, account);
  const table = (...actions: string[]): Grant => ({
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [names.table],
  });
  // An index is a resource of its own: the right to query the table does not come with it.
  const indexes = (...list: IndexName[]): Grant => ({
    actions: ["dynamodb:Query"],
    resources: list.map(names.index),
  });
  /**
   * Changes of records of these families: of tenants (`T#…`) and of the system (`SYS#…`). All in one grant: a transaction
   * has several. A family that only `people` has is how a suspended tenant, for one, stays suspended whatever `api` does.
   */
  const changes = (actions: string[], tenants: string[], families: string[]): Grant => ({
    ...table(...actions),
    keys: [...tenants.map((family) => `T#*#${family}`), ...families.map((family) => `SYS#${family}`)],
  });
  /** What a question changes until it is answered. */
  const questions = ["ANSWER", "AUDIT", "JOB", "LIMIT", "TASK"];
  /** What a task changes on its way, with the trail and the quotas that it uses. */
  const tasks = ["AUDIT", "JOB", "LIMIT", "NOTICE", "ROLLOUT", "TASK"];
  /** Whoever queues or ends a job counts it: in its lane, and where it ran. */
  const jobSums = ["LANES#*", "WORK#*"];
  const tenantSums = "WORK";
  const idempotency = "IDEMPOTENCY#*";
  /** A request that was refused is forgotten, so that its key can be tried again. Nothing else is deleted by a door. */
  const forget: Grant = { ...table("DeleteItem"), keys: [`T#*#${idempotency}`] };
  // Reading one, listing, creating and changing: what nearly everybody does. A transaction needs the rights of its parts.
  const records = ["GetItem", "Query", "PutItem", "UpdateItem"];
  const queues = (queueList: QueueName[], ...actions: string[]): Grant => ({
    actions: actions.map((action) => `sqs:${action}`),
    resources: queueList.map(names.queue),
  });
  // Whoever signs names its key by the hash of the public half.
  const sign = (use: SigningKeyUse): Grant => ({
    actions: ["kms:Sign", "kms:GetPublicKey"],
    resources: [names.keyAlias(use)],
  });
  const publicKeys = (...uses: SigningKeyUse[]): Grant => ({
    actions: ["kms:GetPublicKey"],
    resources: uses.map(names.keyAlias),
  });
  const parameters = (...list: ParameterName[]): Grant => ({
    actions: ["ssm:GetParameter"],
    resources: list.map(names.parameter),
  });
  /** Who sent an access token: the keys that sign them, and the one of now where no key was ever rotated. */
  const verifyTokens = [publicKeys("token"), parameters("key-ring/token")];
  const objects = (action: string, ...resources: string[]): Grant => ({ actions: [`s3:${action}`], resources });
  /** The release in force: its name, and the object that it names. */
  const release = [
    { actions: ["ssm:GetParameter"], resources: [names.parameter("release")] },
    { actions: ["s3:GetObject"], resources: [`${buckets.bundles}/releases/*`] },
  ];
  const consume = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueUrl", "GetQueueAttributes"];
  /** What people are to be told is sent on at once by whoever stores it. */
  const tellNotices = queues(["notifications"], "SendMessage", "GetQueueUrl");
  const allLanes: QueueName[] = ["inference-express", "inference-standard", "inference-bulk"];
  /** The queues of single workers. */
  const workerQueues = (...actions: string[]): Grant => ({
    actions: actions.map((action) => `sqs:${action}`),
    resources: [names.queue(workerQueue("*"))],
    why: "a worker's queue comes and goes with it, and has its id in its name",
  });
  /** To make one: with the queue for its dead letters, whose ARN AWS knows. */
  const makeWorkerQueues: Grant[] = [
    workerQueues("CreateQueue"),
    {
      actions: ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      resources: [names.deadLetterQueue(workerQueuesLike)],
    },
  ];
  const secrets = (list: readonly SecretName[], ...actions: string[]): Grant => ({
    actions: actions.map((action) => `secretsmanager:${action}`),
    resources: list.map(names.secret),
  });
  const runSecrets = (...actions: string[]): Grant => ({
    actions: actions.map((action) => `secretsmanager:${action}`),
    resources: [names.runSecret("*")],
    why: "one secret for each that a run makes, which has no name before",
  });
  const tenantSecrets = (...actions: string[]): Grant => ({
    actions: actions.map((action) => `secretsmanager:${action}`),
    resources: [names.tenantSecret("*")],
    why: "tenants name secrets of their own",
  });
  const cursorKey: Grant = { actions: ["secretsmanager:GetSecretValue"], resources: [names.tokenSecret] };

  /** Depths of every queue and dead-letter queue, for `GET /queue-status`. */
  const countQueues: Grant = {
    actions: ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
    resources: queueNames.flatMap((name) => [names.queue(name), names.deadLetterQueue(name)]),
  };

  return {
    api: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(
        ["PutItem", "UpdateItem"],
        ["ALERT", "ALERTING", ...tasks, "CONFIG", "FREEZE", "GATE", idempotency, "NODE", "SCHEDULE", tenantSums],
        ["CERTIFICATE#*", "ENROLMENT#*", "FREEZE", "GATE", ...jobSums, "PRESENCE#*", "RATE#*"],
      ),
      // A configuration is changed only while nothing that the gate looked at has changed since.
      { ...table("ConditionCheckItem"), keys: ["T#*#GATE", "SYS#GATE"] },
      forget,
      // The second one for the certificates of one machine or person.
      indexes("gsi1", "gsi2"),
      queues([...allLanes, "escalations", "rollouts"], "SendMessage", "GetQueueUrl"),
      // A job for one worker.
      workerQueues("SendMessage", "GetQueueUrl"),
      countQueues,
      ...verifyTokens,
      cursorKey,
      ...release,
      parameters("root-public-key", "trust-document"),
      objects("GetObject", `${buckets.outputs}/*`),
      // Seals as they were first written, whatever was put over them since.
      objects("ListBucketVersions", buckets.audit),
      objects("GetObjectVersion", `${buckets.audit}/seals/*`),
      objects("GetObject", `${buckets.fleet}/*`),
      // Without it S3 answers "forbidden" instead of "not there" for an object that is missing.
      objects("ListBucket", buckets.outputs, buckets.fleet),
      tellNotices,
      publicKeys("notify"),
      parameters("key-ring/notify"),
    ],
    wait: [
      table("GetItem", "Query"),
      // It counts calls, those that wait, and who is refused; it changes nothing else.
      { ...table("UpdateItem"), keys: ["T#*#AUDIT", "SYS#RATE#*", "SYS#WAIT#*"] },
      ...verifyTokens,
    ],
    nodes: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(
        ["PutItem", "UpdateItem"],
        [...tasks, "ANSWER", "FACTS", "RUN#*", "SECRET#*", tenantSums],
        [...jobSums, "PRESENCE#*"],
      ),
      // A start holds only while nothing that the gate looked at has changed since.
      { ...table("ConditionCheckItem"), keys: ["T#*#GATE", "SYS#GATE"] },
      // Keeps what an appliance made, and can never read it again.
      runSecrets("CreateSecret"),
      // For an appliance whose run refers to one.
      tenantSecrets("GetSecretValue"),
      indexes("gsi1", "gsi2"),
      queues([...allLanes, "escalations", "rollouts"], "SendMessage", "GetQueueUrl"),
      workerQueues("SendMessage", "GetQueueUrl"),
      ...release,
      parameters("trust-document"),
      objects("GetObject", `${buckets.bundles}/*`),
      objects("PutObject", `${buckets.outputs}/*`),
      objects("GetObject", `${buckets.outputs}/*`),
      // Without it S3 answers "forbidden" instead of "not there" for an object that is missing.
      objects("ListBucket", buckets.outputs, buckets.bundles),
      tellNotices,
    ],
    heartbeat: [
      { ...table("UpdateItem"), keys: ["SYS#PRESENCE#*"] },
      queues(["node-events"], "SendMessage", "GetQueueUrl"),
    ],
    enrol: [
      table("GetItem"),
      changes(
        ["PutItem", "UpdateItem"],
        ["AUDIT", "GATE", "LIMIT", "NODE"],
        ["CERTIFICATE#*", "ENROLMENT#*", "PRESENCE#*", "RATE#*", "SSM"],
      ),
      // How many machines a tenant has, where that was not counted before.
      { ...table("Query"), keys: ["T#*#NODE"] },
      // How many certificates a person has.
      indexes("gsi2"),
      sign("issuer"),
      ...verifyTokens,
      parameters("ca-certificate", "root-public-key", "hybrid-role", "queue-role-arn"),
      {
        actions: ["ssm:CreateActivation", "ssm:AddTagsToResource"],
        resources: ["*"],
        why: "an activation has no name before it is made",
      },
      { actions: ["iam:PassRole"], resources: [names.hybridRole] },
      // A worker on a host of somebody's own is lent a part of it for an hour, and its queue is there by then.
      { actions: ["sts:AssumeRole"], resources: [names.queueRole] },
      ...makeWorkerQueues,
      {
        actions: ["ssm:DescribeInstanceInformation"],
        resources: ["*"],
        why: "how many machines SSM knows is counted by listing them, and listing knows no bounds: it shows names and addresses",
      },
    ],
    sessions: [
      table("GetItem"),
      // Of a tenant's own it writes the trail.
      changes(["PutItem", "UpdateItem"], ["AUDIT"], ["IDENTITY#*", "PERSON#*", "RATE#*", "SESSION#*", "TOKEN#*"]),
      // The issuers that somebody may sign in with.
      indexes("gsi1"),
      sign("token"),
      parameters("key-ring/token"),
    ],
    people: [
      table("GetItem", "Query"),
      changes(
        ["PutItem", "UpdateItem"],
        ["AUDIT", "GATE", idempotency, "LIMIT", "NOTICE", "NOTIFICATION", "POLICY", "TENANT", "WINDOW"],
        ["ADMINS#*", "GATE", "ISSUER#*", "PERSON#*", "RATE#*", "SESSION#*", "TOKEN#*"],
      ),
      forget,
      indexes("gsi1", "gsi2"),
      // What a resumed tenant had waiting goes on at once.
      queues(["rollouts"], "SendMessage", "GetQueueUrl"),
      ...verifyTokens,
      cursorKey,
      tellNotices,
    ],
    approve: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], [...tasks, idempotency, "SCHEDULE"], ["RATE#*"]),
      forget,
      indexes("gsi1"),
      sign("approval"),
      ...verifyTokens,
      ...release,
      queues(["rollouts"], "SendMessage", "GetQueueUrl"),
    ],
    // Takes questions and gives them to models. It reads what it answers from, and can neither plan nor start anything.
    support: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], [...questions, "NOTICE", idempotency, tenantSums], [...jobSums, "RATE#*"]),
      { ...table("UpdateItem"), keys: ["SYS#WAIT#*"] },
      forget,
      // What the tenant has models work on, and the jobs that wait for a place in a lane.
      indexes("gsi1", "gsi2"),
      queues([...allLanes, "escalations"], "SendMessage", "GetQueueUrl"),
      ...verifyTokens,
      tellNotices,
    ],
    dispatch: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], [...tasks, "RUN#*", "SIGNEDCONFIG"], ["PRESENCE#*"]),
      // What is sent is sent only while the rollout, and what the gate looked at, is as it was.
      { ...table("ConditionCheckItem"), keys: ["T#*#GATE", "T#*#ROLLOUT", "SYS#GATE"] },
      indexes("gsi1"),
      sign("dispatch"),
      // What it does not manage in its time is its next call's.
      queues(["rollouts"], ...consume, "SendMessage"),
      ...release,
      { actions: ["ssm:SendCommand"], resources: [names.wakeDocument] },
      tellNotices,
    ],
    escalate: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], [...tasks, tenantSums], jobSums),
      // The second one for the jobs that wait for a place in a lane.
      indexes("gsi1", "gsi2"),
      queues(["escalations"], ...consume, "SendMessage"),
      // Without a key a job goes back to the workers; a plan that needs no approval starts at once.
      queues([...allLanes, "rollouts"], "SendMessage", "GetQueueUrl"),
      ...release,
      { actions: ["secretsmanager:GetSecretValue"], resources: [names.anthropicSecret] },
      tellNotices,
    ],
    reconcile: [
      table("GetItem", "BatchGetItem"),
      changes(
        ["PutItem", "UpdateItem"],
        ["ALERT", "ALERTING", ...tasks, "NODE", "RUN#*", "SECRET#*", tenantSums],
        [...jobSums, "PRESENCE#*"],
      ),
      // What nobody opened in time, and what was opened.
      runSecrets("DeleteSecret"),
      // What waits for a node that was shut out: the runs that have not ended.
      indexes("due", "gsi2"),
      {
        actions: ["ssm:DescribeInstanceInformation"],
        resources: ["*"],
        why: "a machine's id in SSM is found by its tag, and listing knows no bounds: it shows names and addresses",
      },
      {
        actions: ["ssm:DeregisterManagedInstance"],
        resources: ["mi-*"],
        why: "machines come and go; on AWS a condition bounds it to those with the stage's own tag",
      },
      queues([...allLanes, "escalations", "rollouts"], "SendMessage", "GetQueueUrl"),
      // The workers there are, and a queue for each; the nodes that a tenant's thresholds are for, and a node's gateway.
      { ...table("Query"), keys: ["T#*#NODE"] },
      {
        actions: ["sqs:ListQueues"],
        resources: ["*"],
        why: "which queues there are is known by listing them, and listing knows no bounds: it shows names",
      },
      ...makeWorkerQueues,
      workerQueues("DeleteQueue", "SendMessage", "GetQueueUrl"),
      tellNotices,
    ],
    schedule: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], ["AUDIT", "LIMIT", "NOTICE", "ROLLOUT", "SCHEDULE", "TASK"], []),
      // What is due; and who else could approve.
      indexes("gsi1"),
      queues(["rollouts"], "SendMessage", "GetQueueUrl"),
      ...release,
      tellNotices,
    ],
    // Tells who wants to know. It reads what it tells of and notes how that went; it changes nothing else.
    notify: [
      table("GetItem", "Query"),
      { ...table("UpdateItem"), keys: ["T#*#NOTICE"] },
      queues(["notifications"], ...consume),
      sign("notify"),
      {
        actions: ["sns:Publish"],
        resources: ["steward-notices-*"],
        why: "topics are customers' own, in accounts of theirs: their policies let Steward in, their names say what for, and a code that is read there says whose they are",
      },
      {
        actions: ["ses:SendEmail"],
        resources: ["identity/*"],
        why: "which domain mail comes from is a setting of the stage, and the account's own to verify",
      },
    ],
    sweep: [
      table("GetItem", "Query"),
      changes(["PutItem", "UpdateItem"], ["FLEET", "HISTORY#*"], ["PRESENCE#*", "SWEEP"]),
      // A snapshot of each large tenant's nodes, which it never reads.
      objects("PutObject", `${buckets.fleet}/*`),
      queues(["node-events"], "SendMessage", "GetQueueUrl"),
    ],
    // Brings nodes' records and alerts to what the heartbeats say, and has people told.
    alerts: [
      table("GetItem", "BatchGetItem"),
      // A node's gateway is found by its name.
      { ...table("Query"), keys: ["T#*#NODE"] },
      changes(["PutItem", "UpdateItem"], ["ALERT", "AUDIT", "NODE", "NOTICE"], ["PRESENCE#*"]),
      // The alert of a silent fleet opens and ends only while the sweep's finding is the one that it follows.
      { ...table("ConditionCheckItem"), keys: ["T#*#FLEET"] },
      queues(["node-events"], ...consume),
      tellNotices,
    ],
    purge: [
      // The one role that may look through the whole table, and the one that may empty outputs and snapshots.
      table(...records, "Scan", "DeleteItem"),
      indexes("gsi1"),
      objects("ListBucket", buckets.outputs, buckets.fleet),
      objects("DeleteObject", `${buckets.outputs}/*`, `${buckets.fleet}/*`),
      runSecrets("DeleteSecret"),
      tenantSecrets("DeleteSecret"),
    ],
    measure: [
      table("Query", "BatchGetItem"),
      indexes("gsi1"),
      // How old they are.
      secrets(secretNames, "ListSecretVersionIds"),
      // How long the CA lasts, and what appliances trust.
      parameters("ca-certificate", "trust-document"),
      ...release,
    ],
    // Puts secrets in and has them rotated, and can read none of them. What runs made it hands over.
    secrets: [
      table("GetItem", "Query"),
      // It writes to the trail, counts calls and who is refused, knows a call that is made again, and what was opened.
      changes(["PutItem", "UpdateItem"], ["AUDIT", idempotency, "SECRET#*", "VAULT"], ["RATE#*"]),
      tenantSecrets("CreateSecret", "PutSecretValue", "DeleteSecret"),
      runSecrets("GetSecretValue"),
      forget,
      ...verifyTokens,
      secrets(secretNames, "DescribeSecret", "ListSecretVersionIds"),
      secrets(
        secretNames.filter((name) => !isRotated(name)),
        "PutSecretValue",
      ),
      secrets(rotatedSecretNames, "RotateSecret"),
      // Secrets Manager asks it of whoever asks for a rotation, and runs the function itself.
      { actions: ["lambda:InvokeFunction"], resources: [names.lambda(rotationFunction)] },
    ],
    // Dead letters, and what a redrive makes of them: a new job in the place of a dead one, or a message once more.
    queues: [
      // A tenant's window of jobs goes by the workers there are.
      table("GetItem", "Query", "BatchGetItem"),
      changes(["PutItem", "UpdateItem"], ["AUDIT", "JOB", "LIMIT", "TASK"], ["LANES#*", "RATE#*"]),
      // How many jobs a tenant has, where that was not counted before; and which of them wait.
      indexes("gsi1", "gsi2"),
      {
        actions: [
          "ReceiveMessage",
          "DeleteMessage",
          "ChangeMessageVisibility",
          "GetQueueUrl",
          "GetQueueAttributes",
        ].map((action) => `sqs:${action}`),
        resources: queueNames.map(names.deadLetterQueue),
      },
      queues(queueNames, "SendMessage", "GetQueueUrl"),
      ...verifyTokens,
    ],
    rotate: [
      secrets(rotatedSecretNames, "DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"),
    ],
    instances: [
      table("GetItem", "Query", "BatchGetItem"),
      changes(
        ["PutItem", "UpdateItem"],
        ["AUDIT", "GATE", "LIMIT", "NODE"],
        ["CERTIFICATE#*", "ENROLMENT#*", "PRESENCE#*"],
      ),
      parameters("root-public-key"),
      {
        // Not to read them: only the instance itself does.
        actions: ["CreateSecret", "TagResource", "DescribeSecret", "DeleteSecret"].map(
          (action) => `secretsmanager:${action}`,
        ),
        resources: [names.instanceSecret("*")],
        why: "one secret for each instance, which has no name before it starts",
      },
      {
        actions: ["autoscaling:CompleteLifecycleAction"],
        resources: [names.workerGroup],
      },
      {
        actions: ["autoscaling:DescribeAutoScalingGroups"],
        resources: ["*"],
        why: "listing groups knows no bounds: it shows names and instance ids",
      },
    ],
    // It may add seals and mark entries as sealed. It may not delete anything, nor change what it put.
    seal: [
      { ...indexes("gsi1"), keys: ["SYS#AUDIT#UNSEALED#*"] },
      { ...table("BatchGetItem", "UpdateItem"), keys: ["T#*#AUDIT"] },
      { ...table("GetItem", "UpdateItem"), keys: ["SYS#SEAL"] },
      sign("seal"),
      objects("PutObject", `${buckets.audit}/seals/*`),
      objects("GetObject", `${buckets.audit}/seals/*`),
      // Without it S3 answers "forbidden" instead of "not there" for the seal that is not made yet.
      objects("ListBucket", buckets.audit),
    ],
    bootstrap: [
      table("GetItem", "PutItem"),
      indexes("gsi1"),
      sign("release"),
      sign("issuer"),
      publicKeys("dispatch", "approval", "release", "token", "issuer", "seal", "notify"),
      {
        actions: ["ssm:GetParameter", "ssm:PutParameter"],
        resources: [...parametersBy.bootstrap, "ca-certificate" as const].map(names.parameter),
      },
      // What the root has to sign: the keys of a rotation that is under way, too.
      parameters("key-ring/dispatch", "key-ring/approval", "key-ring/release", "key-ring/seal"),
      objects("PutObject", `${buckets.bundles}/*`),
      // The release in force, and whether a bundle that a committed release names is there.
      objects("GetObject", `${buckets.bundles}/*`),
      objects("ListBucket", buckets.bundles),
      { actions: ["secretsmanager:PutSecretValue"], resources: [names.tokenSecret] },
      // Only to see whether the cursor key is there: one that is replaced would void every cursor.
      cursorKey,
    ],
    // A host of the worker group. One of somebody's own borrows a part of it: these lanes, and its own queue alone.
    worker: [
      queues(allLanes, "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueUrl"),
      workerQueues("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueUrl"),
    ],
  };
}
