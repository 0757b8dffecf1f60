import { defaults } from "@steward/contracts/defaults";
import { isRotated, resourceNames, secretNames, tableSchema } from "@steward/contracts/names";
import {
  type AlarmMetric,
  type Unnamed,
  type Rule,
  fiveMinutes,
  hour,
  ownMetric,
  atLeastOne,
  inARow,
  hasHappened,
} from "./alarm.ts";

export function tableAlarms(stage: string): Unnamed[] {
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

export function operationsAlarms(): Unnamed[] {
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

export function secretAlarms(stage: string): Unnamed[] {
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
      ...hasHappened(stage, "RefusedKeys"),
    },
  ];
}
