import { alarmDefinitions, alarmDescription } from "@steward/functions/alarms";
import type { AlarmDefinition, AlarmMetric } from "@steward/functions/alarms/alarm";
import { componentName, type Input } from "./platform.ts";

/** What is known only here of what alarms watch. */
interface Watched {
  apiId: Input<string>;
  /** Who is told. */
  topicArn: Input<string>;
  /** Where the runbooks are. */
  runbooks: { repository: string; branch: string };
}

/** The alarms on the API and the functions; `stacks/` makes the others of the same catalogue. */
export function makeAlarms(stage: string, watched: Watched): void {
  for (const alarm of alarmDefinitions(stage)) {
    if (alarm.madeBy === "infra") makeAlarm(alarm, watched);
  }
}

function makeAlarm(alarm: AlarmDefinition, { apiId, topicArn, runbooks }: Watched): void {
  const dimensionsOf = ({ dimensions }: AlarmMetric) =>
    Object.fromEntries(
      Object.entries(dimensions).map(([name, value]) => [name, typeof value === "string" ? value : apiId]),
    );
  const metric = (one: AlarmMetric) => ({
    namespace: one.namespace,
    metricName: one.metricName,
    dimensions: dimensionsOf(one),
    period: one.periodSeconds,
  });
  const [only] = alarm.metrics;
  new aws.cloudwatch.MetricAlarm(componentName("Alarm", alarm.id), {
    name: alarm.name,
    alarmDescription: alarmDescription(alarm, runbooks),
    alarmActions: [topicArn],
    okActions: [topicArn],
    comparisonOperator: alarm.comparison,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.evaluationPeriods,
    datapointsToAlarm: alarm.datapointsToAlarm,
    treatMissingData: alarm.missingData,
    ...(alarm.expression === undefined
      ? {
          ...metric(only),
          ...(only.statistic === "p99" ? { extendedStatistic: "p99" } : { statistic: only.statistic }),
        }
      : {
          metricQueries: [
            { id: "compared", expression: alarm.expression, label: alarm.id, returnData: true },
            ...alarm.metrics.map((one) => ({
              id: one.id,
              returnData: false,
              metric: { ...metric(one), stat: one.statistic },
            })),
          ],
        }),
  });
}
