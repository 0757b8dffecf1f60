import { defaults } from "@steward/contracts/defaults";
import { type MetricName, metricDefinitions, metricNamespace } from "@steward/contracts/metrics";
import {
  isRotated,
  laneQueue,
  lanes,
  type QueueName,
  queueDefinitions,
  queueNames,
  resourceNames,
  secretNames,
  tableSchema,
} from "@steward/contracts/names";
import { type FunctionDefinition, type FunctionName, functionDefinitions, functionNames } from "./definitions.ts";

/** What only the deploy of the API knows: `infra/` puts it in. */
export interface FromInfra {
  fromInfra: "apiId";
}

/** One metric of CloudWatch, as both CDK and Pulumi take it. */
export interface AlarmMetric {
  /** Its name in the expression: lower case first, letters, digits and underscores. */
  id: string;
  namespace: string;
  metricName: string;
  dimensions: Readonly<Record<string, string | FromInfra>>;
  statistic: "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount" | "p99";
  periodSeconds: number;
}

/** The dashboards of a stage: `steward-prod-queues`. */
export const dashboardNames = ["queues", "workers", "fleet", "api", "rollouts", "cost"] as const;
export type DashboardName = (typeof dashboardNames)[number];

export interface AlarmDefinition {
  /** Stable, kebab-case: `rollouts-old`. */
  id: string;
  /** The alarm's name in CloudWatch: `steward-prod-rollouts-old`. */
  name: string;
  /** Who makes it: `infra/` for the API and the functions, `stacks/` for everything else. */
  madeBy: "stacks" | "infra";
  /** `page`: somebody gets up for it. `ticket`: it can wait for the morning. */
  severity: "page" | "ticket";
  /** Where one sees more of it. */
  dashboard: DashboardName;
  /** What a person reads at three in the morning: what is wrong, and for whom. */
  summary: string;
  /** File of `docs/runbooks/`, without its extension. */
  runbook: string;
  /** Without an expression it is one metric, and that is what is compared. */
  metrics: readonly [AlarmMetric, ...AlarmMetric[]];
  /** Metric math over the ids above: what is compared. */
  expression?: string;
  comparison: "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  threshold: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  missingData: "breaching" | "notBreaching";
}

/** The part of a definition that says what is measured and when that is too much. */
type Rule = Omit<Unnamed, "madeBy" | "severity" | "summary" | "runbook" | "id">;

const minute = 60;
const fiveMinutes = 300;
const hour = 3600;

/** Every alarm of a stage but the budget, which AWS Budgets watches. */
export function alarmDefinitions(stage: string): AlarmDefinition[] {
  const alarmsOf = (name: FunctionName) => functionAlarms(stage, name);
  const byDashboard: Record<DashboardName, Unnamed[]> = {
    queues: queueAlarms(stage),
    workers: workerAlarms(stage),
    fleet: [...fleetAlarms(stage), ...auditAlarms(stage)],
    api: [...apiAlarms(), ...functionNames.filter((name) => name !== "dispatch").flatMap(alarmsOf)],
    rollouts: [...alarmsOf("dispatch"), ...doorbellAlarms(stage), ...scheduleAlarms(stage)],
    cost: [...tableAlarms(stage), ...operationsAlarms(), ...secretAlarms(stage)],
  };
  return dashboardNames.flatMap((dashboard) =>
    byDashboard[dashboard].map((alarm) => ({
      ...alarm,
      dashboard,
      name: `${resourceNames(stage).prefix}-${alarm.id}`,
    })),
  );
}

/** AWS Budgets sees the whole account's bill and tells the alarm topic itself. */
export const budgetAlarm = {
  id: "budget",
  runbook: "budget",
  /** Of the stage's `monthlyBudgetUsd`: what was spent, and what the month is forecast to come to. */
  spentPercent: [80, 100],
  forecastPercent: 100,
} as const;

/** The text that comes with an alarm's message: what is wrong, how urgent it is and where help is. */
export function alarmDescription(
  alarm: Pick<AlarmDefinition, "summary" | "severity" | "runbook">,
  place: { repository: string; branch: string },
): string {
  return `${alarm.summary} [${alarm.severity}] ${runbookUrl(alarm.runbook, place)}`;
}

export function runbookUrl(runbook: string, { repository, branch }: { repository: string; branch: string }): string {
  return `https://github.com/${repository}/blob/${branch}/docs/runbooks/${runbook}.md`;
}

/** A metric of our own, with the dimensions of its definition and the stage. */
export function ownMetric(
  stage: string,
  metricName: MetricName,
  options: {
    id: string;
    statistic: AlarmMetric["statistic"];
    periodSeconds: number;
    dimensions?: Record<string, string>;
  },
): AlarmMetric {
  const { dimensions = {}, ...rest } = options;
  const wanted = Object.keys(metricDefinitions[metricName].dimensions);
  if (wanted.length !== Object.keys(dimensions).length || wanted.some((dimension) => !(dimension in dimensions))) {
    throw new RangeError(`${metricName} has the dimensions [${wanted.join(", ")}]`);
  }
  return { ...rest, namespace: metricNamespace, metricName, dimensions: { Stage: stage, ...dimensions } };
}

/** A definition as its group writes it. */
type Unnamed = Omit<AlarmDefinition, "name" | "dashboard">;

const laneQueues: readonly QueueName[] = lanes.map(laneQueue);

function queueAlarms(stage: string): Unnamed[] {
  const names = resourceNames(stage);
  return queueNames.flatMap((queue): Unnamed[] => {
    const { ageSloSeconds } = queueDefinitions[queue];
    const lane = laneQueues.includes(queue);
    return [
      {
        id: `${queue}-old`,
        madeBy: "stacks",
        // What a lane cannot do in time goes to Claude; a rollout that stands still, or news that nobody gets, has no other way.
        severity: lane || queue === "notifications" ? "ticket" : "page",
        summary: `Messages of the queue ${queue} have waited longer than the ${ageSloSeconds} s that it promises.`,
        runbook: lane ? "lane-too-old" : "queue-too-old",
        ...onQueue(names.queue(queue), "ApproximateAgeOfOldestMessage"),
        comparison: "GreaterThanThreshold",
        threshold: ageSloSeconds,
        // The age counts a message until it is deleted, so the one at work is in it. A lane may also be waiting for the
        // first GPU host to start, which takes five to eight minutes and is as it should be.
        ...inARow(lane || queue === "escalations" ? 10 : 5),
        missingData: "notBreaching",
      },
      {
        id: `${queue}-dead-letters`,
        madeBy: "stacks",
        severity: "ticket",
        summary: `The queue ${queue} has given up on a message. It is kept for 14 days; somebody has to look at it.`,
        runbook: "dead-letters",
        ...onQueue(names.deadLetterQueue(queue), "ApproximateNumberOfMessagesVisible"),
        comparison: "GreaterThanThreshold",
        threshold: 0,
        ...inARow(1),
        missingData: "notBreaching",
      },
    ];
  });
}

/**
 * What deserves an alarm depends on what starts a function:
 * - a door: somebody waits for the answer, so errors, refusals for want of capacity, and answers near the timeout;
 * - a queue: a failed or throttled batch comes again, and the queue's age and dead letters tell whether it ever gets
 *   through. Crashes, and messages given up, are told where they go on: they are why;
 * - a schedule: one miss is made good by the next, so only that it stands still, and that it soon will not be done in time;
 * - the worker group: an event that Lambda gave up on is an instance that nobody serves;
 * - rotation: Secrets Manager tries again by itself and tells nobody.
 * - direct: whoever invokes it reads the error.
 */
function functionAlarms(stage: string, name: FunctionName): Unnamed[] {
  const definition: FunctionDefinition = functionDefinitions[name];
  const functionName = resourceNames(stage).lambda(name);
  const on = (id: string, metricName: string, statistic: AlarmMetric["statistic"], periodSeconds: number) => ({
    id,
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: functionName },
    statistic,
    periodSeconds,
  });
  const nearTimeout = (statistic: "p99" | "Maximum"): Unnamed => ({
    id: `${name}-near-timeout`,
    madeBy: "infra",
    severity: "ticket",
    summary: `${name} takes nearly the ${definition.timeoutSeconds} s after which Lambda cuts it off.`,
    runbook: "function-near-timeout",
    metrics: [on("duration", "Duration", statistic, fiveMinutes)],
    comparison: "GreaterThanThreshold",
    threshold: definition.timeoutSeconds * 1000 * 0.8,
    ...inARow(3),
    missingData: "notBreaching",
  });

  // Lambda's own count has what the handler did not catch: crashes and timeouts. A 500, and a message that is given up,
  // is a fault. SUM and not +, because a metric without a datapoint must not take the other one's away.
  const failures: AlarmDefinition["metrics"] = [
    on("errors", "Errors", "Sum", fiveMinutes),
    ownMetric(stage, "Faults", {
      id: "faults",
      statistic: "Sum",
      periodSeconds: fiveMinutes,
      dimensions: { Function: name },
    }),
  ];

  switch (definition.trigger.kind) {
    case "http":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: pagingDoors.has(name) ? "page" : "ticket",
          summary: `More than 5 % of the calls of ${name} fail.`,
          runbook: "function-errors",
          metrics: [...failures, on("calls", "Invocations", "Sum", fiveMinutes)],
          // A single call that fails at night is no rate.
          expression: "IF(SUM([errors, faults]) >= 5, 100 * SUM([errors, faults]) / calls, 0)",
          comparison: "GreaterThanThreshold",
          threshold: 5,
          ...inARow(2),
          missingData: "notBreaching",
        },
        {
          id: `${name}-throttles`,
          madeBy: "infra",
          severity: name === "heartbeat" ? "page" : "ticket",
          summary: `Lambda has been refusing calls of ${name} for want of concurrency.`,
          runbook: "function-throttles",
          metrics: [on("throttles", "Throttles", "Sum", minute)],
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(5),
          missingData: "notBreaching",
        },
        nearTimeout("p99"),
      ];
    case "queue":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: "ticket",
          summary: `${name} has been failing for a quarter of an hour: it crashes, or gives messages up.`,
          runbook: "function-errors",
          metrics: failures,
          expression: "SUM([errors, faults])",
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(3),
          missingData: "notBreaching",
        },
      ];
    case "schedule":
      return [
        // These tell by a metric of their own that they came to their end.
        ...(name === "sweep" || name === "seal"
          ? []
          : [
              {
                id: `${name}-stalled`,
                madeBy: "infra",
                severity: name === "reconcile" ? "page" : "ticket",
                summary: stalls[name] ?? `${name} has not run to its end for 5 minutes.`,
                runbook: "schedule-stalled",
                metrics: [on("calls", "Invocations", "Sum", minute), on("errors", "Errors", "Sum", minute)],
                expression: "calls - errors",
                comparison: "LessThanThreshold",
                threshold: 1,
                ...inARow(5),
                // What never runs has no data.
                missingData: "breaching",
              } satisfies Unnamed,
            ]),
        nearTimeout("Maximum"),
      ];
    case "worker-group":
      return [
        {
          id: `${name}-lost-events`,
          madeBy: "infra",
          severity: "ticket",
          summary: "Lambda gave up on the news that a GPU host started or ended: a host cannot enrol, or stays listed.",
          runbook: "lost-instance-events",
          metrics: [on("dropped", "AsyncEventsDropped", "Sum", fiveMinutes)],
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(1),
          missingData: "notBreaching",
        },
      ];
    case "rotation":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: "ticket",
          summary: "A secret was to be made anew and was not: the one in force stays, and grows old.",
          runbook: "secret-rotation",
          metrics: failures,
          expression: "SUM([errors, faults])",
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(1),
          missingData: "notBreaching",
        },
      ];
    case "direct":
      return [];
  }
}

/** Doors without which customers or their machines stand outside. */
const pagingDoors: ReadonlySet<FunctionName> = new Set(["api", "nodes", "heartbeat", "sessions", "approve"]);

const stalls: Partial<Record<FunctionName, string>> = {
  reconcile:
    "The reconciler has not run to its end for 5 minutes: nothing enforces deadlines or resends what was lost.",
  purge: "Tenants whose grace period is over have not been removed for 5 minutes, or one of them cannot be.",
  schedule: "Nothing that customers have scheduled has been started for 5 minutes.",
  measure: "Nobody has measured the lanes for 5 minutes: GPU workers are neither started nor ended.",
};

function apiAlarms(): Unnamed[] {
  const on = (id: string, metricName: string): AlarmMetric => ({
    id,
    namespace: "AWS/ApiGateway",
    metricName,
    dimensions: { ApiId: { fromInfra: "apiId" } },
    statistic: "Sum",
    periodSeconds: fiveMinutes,
  });
  return [
    {
      id: "api-5xx",
      madeBy: "infra",
      severity: "page",
      summary: "More than 5 % of all requests at both doors are answered with a server error.",
      runbook: "api-5xx",
      metrics: [on("failed", "5xx"), on("requests", "Count")],
      expression: "IF(failed >= 10, 100 * failed / requests, 0)",
      comparison: "GreaterThanThreshold",
      threshold: 5,
      ...inARow(2),
      missingData: "notBreaching",
    },
  ];
}

function auditAlarms(stage: string): Unnamed[] {
  const made = ownMetric(stage, "SealsMade", { id: "made", statistic: "Sum", periodSeconds: minute });
  const broken = ownMetric(stage, "SealChainBroken", { id: "broken", statistic: "Sum", periodSeconds: minute });
  return [
    {
      id: "seal-stalled",
      madeBy: "stacks",
      severity: "page",
      summary: "The audit trail has not been sealed for 5 minutes: what is cut from it now would not be seen.",
      runbook: "seal-stalled",
      metrics: [made],
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(5),
      missingData: "breaching",
    },
    {
      id: "seal-chain-broken",
      madeBy: "stacks",
      severity: "page",
      summary: "The seals of the audit trail are not the ones that the sealer left: somebody has been at them.",
      runbook: "seal-chain-broken",
      metrics: [broken],
      comparison: "GreaterThanThreshold",
      threshold: 0,
      ...inARow(1),
      missingData: "notBreaching",
    },
  ];
}

function fleetAlarms(stage: string): Unnamed[] {
  const expected = (id: string, statistic: AlarmMetric["statistic"]) =>
    ownMetric(stage, "NodesExpected", { id, statistic, periodSeconds: minute });
  return [
    {
      id: "heartbeat-silence",
      madeBy: "stacks",
      severity: "page",
      summary: "No heartbeat has come in for 6 minutes although nodes are expected: the whole fleet is cut off.",
      runbook: "heartbeat-silence",
      metrics: [
        expected("expected", "Maximum"),
        {
          id: "beats",
          namespace: "AWS/Lambda",
          metricName: "Invocations",
          dimensions: { FunctionName: resourceNames(stage).lambda("heartbeat") },
          statistic: "Sum",
          periodSeconds: minute,
        },
      ],
      // Where nodes are expected and nothing beats, Lambda has no datapoint to give and the expression has none either;
      // the same where the sweep is dead and nobody says what is expected. Both are breaching: it fails loud.
      expression: "IF(expected > 0, beats, 1)",
      comparison: "LessThanThreshold",
      threshold: 1,
      // Longer than the longest interval that a node may be given (300 s): one slow node alone is no silence.
      ...inARow(6),
      missingData: "breaching",
    },
    {
      id: "sweep-stalled",
      madeBy: "stacks",
      severity: "page",
      summary: "The sweep has not finished for 3 minutes: a node that falls silent is not noticed.",
      runbook: "sweep-stalled",
      metrics: [expected("swept", "SampleCount")],
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(3),
      missingData: "breaching",
    },
    {
      id: "node-quarantined",
      madeBy: "stacks",
      severity: "page",
      summary: "An enrolment token was used with a second key: one of the two machines is not what it claims to be.",
      runbook: "node-quarantined",
      metrics: [
        ownMetric(stage, "NodesQuarantined", { id: "quarantined", statistic: "Sum", periodSeconds: fiveMinutes }),
      ],
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      ...inARow(1),
      missingData: "notBreaching",
    },
    {
      id: "glass-broken",
      madeBy: "stacks",
      severity: "page",
      summary: "An approver has let a plan run past the rules, alone. The reason is with the task.",
      runbook: "glass-broken",
      metrics: [ownMetric(stage, "GlassBroken", { id: "broken", statistic: "Sum", periodSeconds: fiveMinutes })],
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      ...inARow(1),
      missingData: "notBreaching",
    },
    {
      id: "certificates-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "Machines that are online do not manage to renew their certificates; the first is out within five days.",
      runbook: "certificates-expiring",
      metrics: [
        ownMetric(stage, "CertificatesExpiring", { id: "expiring", statistic: "Maximum", periodSeconds: fiveMinutes }),
      ],
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      // A node tries at each heartbeat: what is not over in an hour does not pass by itself.
      ...inARow(12),
      missingData: "notBreaching",
    },
    {
      id: "ca-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "The CA of the machines' certificates ends in less than half a year. When it does, no machine gets in.",
      runbook: "ca-expiring",
      metrics: [ownMetric(stage, "CaDaysLeft", { id: "days", statistic: "Minimum", periodSeconds: hour })],
      comparison: "LessThanThreshold",
      threshold: 180,
      ...inARow(1),
      missingData: "notBreaching",
    },
    {
      id: "trust-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary:
        "The appliances' trust document ends in less than half a year. When it does, none of them starts anything.",
      runbook: "trust-expiring",
      metrics: [ownMetric(stage, "TrustDaysLeft", { id: "days", statistic: "Minimum", periodSeconds: hour })],
      comparison: "LessThanThreshold",
      threshold: 180,
      ...inARow(1),
      missingData: "notBreaching",
    },
    {
      id: "release-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "The appliances' release ends in less than two months. When it does, none of them starts anything.",
      runbook: "trust-expiring",
      metrics: [ownMetric(stage, "ReleaseDaysLeft", { id: "days", statistic: "Minimum", periodSeconds: hour })],
      comparison: "LessThanThreshold",
      threshold: 60,
      ...inARow(1),
      missingData: "notBreaching",
    },
  ];
}

function doorbellAlarms(stage: string): Unnamed[] {
  const failed = ownMetric(stage, "DoorbellsFailed", { id: "failed", statistic: "Sum", periodSeconds: fiveMinutes });
  return [
    {
      id: "doorbells-failed",
      madeBy: "stacks",
      severity: "ticket",
      summary: "SSM does not take our doorbells: rollouts wait for each appliance's next heartbeat.",
      runbook: "doorbells-failed",
      metrics: [failed],
      comparison: "GreaterThanThreshold",
      threshold: 0,
      // Each wave rings once: what fails is seen in single minutes, hardly ever in a row.
      evaluationPeriods: 12,
      datapointsToAlarm: 2,
      missingData: "notBreaching",
    },
  ];
}

function scheduleAlarms(stage: string): Unnamed[] {
  return [
    {
      id: "schedules-late",
      madeBy: "stacks",
      severity: "ticket",
      summary: "Due times of customers' schedules have waited for more than 5 minutes.",
      runbook: "schedules-late",
      metrics: [
        ownMetric(stage, "ScheduleLatenessSeconds", { id: "lateness", statistic: "Maximum", periodSeconds: minute }),
      ],
      comparison: "GreaterThanThreshold",
      threshold: fiveMinutes,
      // What was missed while nothing ran is late at the first look, and dealt with.
      ...inARow(5),
      // That it does not run at all has an alarm of its own.
      missingData: "notBreaching",
    },
  ];
}

function workerAlarms(stage: string): Unnamed[] {
  const own = (metricName: MetricName, id: string) =>
    ownMetric(stage, metricName, { id, statistic: "Maximum", periodSeconds: minute });
  const group = (metricName: string, id: string): AlarmMetric => ({
    id,
    namespace: "AWS/AutoScaling",
    metricName,
    dimensions: { AutoScalingGroupName: resourceNames(stage).workerGroup },
    statistic: "Maximum",
    periodSeconds: minute,
  });
  return [
    {
      id: "workers-missing",
      madeBy: "stacks",
      severity: "page",
      summary: "Jobs have waited for 15 minutes and there is not one slot: no worker came.",
      runbook: "workers-missing",
      metrics: [own("Slots", "slots"), own("BacklogPerSlot", "backlog")],
      // Without a slot the backlog per slot is the number of jobs.
      expression: "IF(slots < 1, backlog, 0)",
      comparison: "GreaterThanThreshold",
      threshold: 0,
      // A host from nothing takes five to eight minutes, twice that where the first kind of instance is not to be had.
      ...inARow(15),
      missingData: "notBreaching",
    },
    {
      id: "workers-at-maximum",
      madeBy: "stacks",
      severity: "ticket",
      summary: "All the GPU hosts that the stage may have are running, and more than 10 jobs wait for each slot.",
      runbook: "workers-at-maximum",
      metrics: [
        own("BacklogPerSlot", "backlog"),
        group("GroupInServiceInstances", "running"),
        group("GroupMaxSize", "most"),
      ],
      expression: "IF(running >= most AND most > 0, backlog, 0)",
      comparison: "GreaterThanThreshold",
      threshold: 10,
      ...inARow(30),
      missingData: "notBreaching",
    },
  ];
}

function tableAlarms(stage: string): Unnamed[] {
  const on = (metricName: string, dimensions: Record<string, string>, index: number): AlarmMetric => ({
    id: `m${index}`,
    namespace: "AWS/DynamoDB",
    metricName,
    dimensions: { TableName: resourceNames(stage).table, ...dimensions },
    statistic: "Sum",
    periodSeconds: fiveMinutes,
  });
  const places = [{}, ...tableSchema.indexes.map(({ name }) => ({ GlobalSecondaryIndexName: name }))];
  const throttles = places.flatMap((place, index) => [
    on("ReadThrottleEvents", place, 2 * index),
    on("WriteThrottleEvents", place, 2 * index + 1),
  ]);
  const operations = ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
  // An alarm on a metric of DynamoDB ignores missing data whatever it is told, and would never end: hence the zeros.
  const expression = "FILL(SUM(METRICS()), 0)";
  return [
    {
      id: "table-throttles",
      madeBy: "stacks",
      severity: "ticket",
      summary: "DynamoDB throttles reads or writes of the table; calls are retried and slower.",
      runbook: "table-throttles",
      metrics: atLeastOne(throttles),
      expression,
      comparison: "GreaterThanThreshold",
      // The SDK's retries hide a few.
      threshold: 100,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      missingData: "notBreaching",
    },
    {
      id: "table-errors",
      madeBy: "stacks",
      severity: "ticket",
      summary: "DynamoDB answers with internal errors: the fault is at AWS.",
      runbook: "table-errors",
      metrics: atLeastOne(operations.map((Operation, index) => on("SystemErrors", { Operation }, index))),
      expression,
      comparison: "GreaterThanThreshold",
      threshold: 10,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      missingData: "notBreaching",
    },
  ];
}

function operationsAlarms(): Unnamed[] {
  const jobs = (metricName: string): Pick<Rule, "metrics"> => ({
    metrics: [
      {
        id: "jobs",
        namespace: "AWS/Backup",
        metricName,
        dimensions: { ResourceType: "DynamoDB" },
        statistic: "Sum",
        periodSeconds: hour,
      },
    ],
  });
  return [
    {
      id: "backup-missing",
      madeBy: "stacks",
      severity: "ticket",
      summary: "No backup of the table has been completed for 30 hours; there should be one a day.",
      runbook: "backup-missing",
      ...jobs("NumberOfBackupJobsCompleted"),
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(30),
      missingData: "breaching",
    },
    {
      id: "restore-test-failed",
      madeBy: "stacks",
      severity: "ticket",
      summary: "The test restore of a backup failed: nobody can be sure that the backups are any good.",
      runbook: "restore-test-failed",
      ...jobs("NumberOfRestoreJobsFailed"),
      comparison: "GreaterThanThreshold",
      threshold: 0,
      ...inARow(1),
      missingData: "notBreaching",
    },
  ];
}

function secretAlarms(stage: string): Unnamed[] {
  return [
    ...secretNames.map((name): Unnamed => {
      const days = isRotated(name) ? defaults.rotatedSecretDays : defaults.givenSecretDays;
      return {
        id: `secret-${name}-old`,
        madeBy: "stacks",
        severity: "ticket",
        summary: `The secret ${name} has not changed for more than ${days} days.`,
        runbook: isRotated(name) ? "secret-rotation" : "secret-old",
        metrics: [
          ownMetric(stage, "SecretAgeDays", {
            id: "age",
            statistic: "Maximum",
            // It is measured about once an hour.
            periodSeconds: 6 * hour,
            dimensions: { Secret: name },
          }),
        ],
        comparison: "GreaterThanThreshold",
        threshold: days,
        ...inARow(1),
        missingData: "notBreaching",
      };
    }),
    {
      id: "claude-key-refused",
      madeBy: "stacks",
      severity: "ticket",
      summary: "Anthropic refuses the key in force: what no worker can do goes to nobody, or by the key before it.",
      runbook: "claude-key-refused",
      metrics: [ownMetric(stage, "RefusedKeys", { id: "refused", statistic: "Sum", periodSeconds: fiveMinutes })],
      comparison: "GreaterThanThreshold",
      threshold: 0,
      ...inARow(1),
      missingData: "notBreaching",
    },
  ];
}

function onQueue(queueName: string, metricName: string): Pick<Rule, "metrics"> {
  return {
    metrics: [
      {
        id: "messages",
        namespace: "AWS/SQS",
        metricName,
        dimensions: { QueueName: queueName },
        statistic: "Maximum",
        periodSeconds: minute,
      },
    ],
  };
}

function inARow(periods: number): Pick<Rule, "evaluationPeriods" | "datapointsToAlarm"> {
  return { evaluationPeriods: periods, datapointsToAlarm: periods };
}

function atLeastOne(metrics: AlarmMetric[]): AlarmDefinition["metrics"] {
  const [first, ...rest] = metrics;
  if (first === undefined) throw new RangeError("an alarm needs a metric");
  return [first, ...rest];
}
