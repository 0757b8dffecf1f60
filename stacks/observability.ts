import { Stack } from "aws-cdk-lib";
import { CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { alarmDefinitions, alarmDescription } from "@steward/functions/alarms";
import type { AlarmDefinition, AlarmMetric } from "@steward/functions/alarms/alarm";
import type { Construct } from "constructs";
import { makeDashboards } from "./dashboards.ts";
import type { StageProps } from "./stage-props.ts";

/** What tells people how the stage is: dashboards, and the alarms that are not `infra/`'s to make. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: StageProps & { alarmTopic: ITopic }) {
    const { stage, settings, env, alarmTopic } = props;
    super(scope, id, { env, description: `Steward ${stage}: dashboards and alarms` });
    for (const alarm of alarmDefinitions(stage)) {
      if (alarm.madeBy === "stacks") makeAlarm(this, alarm, { topicArn: alarmTopic.topicArn, ...settings.approvals });
    }
    makeDashboards(this, props);
  }
}

function makeAlarm(
  stack: Stack,
  alarm: AlarmDefinition,
  { topicArn, ...runbooks }: { topicArn: string; repository: string; branch: string },
): void {
  const [only] = alarm.metrics;
  const { statistic } = only;
  new CfnAlarm(stack, alarm.id, {
    alarmName: alarm.name,
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
          ...metricOf(only),
          period: only.periodSeconds,
          ...(statistic === "p99" ? { extendedStatistic: statistic } : { statistic }),
        }
      : {
          metrics: [
            { id: "compared", expression: alarm.expression, label: alarm.id, returnData: true },
            ...alarm.metrics.map((one) => ({
              id: one.id,
              returnData: false,
              metricStat: { metric: metricOf(one), period: one.periodSeconds, stat: one.statistic },
            })),
          ],
        }),
  });
}

function metricOf({ namespace, metricName, dimensions }: AlarmMetric) {
  return {
    namespace,
    metricName,
    dimensions: Object.entries(dimensions).map(([name, value]) => {
      if (typeof value !== "string") throw new RangeError(`only infra/ knows the ${value.fromInfra} of ${metricName}`);
      return { name, value };
    }),
  };
}
