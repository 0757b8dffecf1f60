import { Duration } from "aws-cdk-lib";
import {
  GraphWidget,
  type HorizontalAnnotation,
  type IMetric,
  MathExpression,
  Metric,
} from "aws-cdk-lib/aws-cloudwatch";
import { type MetricName, metricDefinitions, metricNamespace } from "@steward/contracts/metrics";
import { type QueueName, resourceNames } from "@steward/contracts/names";
import type { FunctionName } from "@steward/functions/definitions";

const minute = Duration.minutes(1);

interface Drawing {
  /** What the line is called. */
  label: string;
  statistic?: string;
  period?: Duration;
}

/** The lines that dashboards draw of one stage. Counts are sums; what is a level is drawn at its highest. */
export function linesOf(stage: string) {
  const names = resourceNames(stage);
  const line = (
    namespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    { label, statistic = "Sum", period = minute }: Drawing,
  ) => new Metric({ namespace, metricName, dimensionsMap, label, statistic, period });
  return {
    line,
    /** One of our own: one line for every value of its dimensions, `functions` being those of `Function`. */
    own(metric: MetricName, drawing: Partial<Drawing> = {}, functions: readonly string[] = []): Metric[] {
      const [dimension, ...others] = Object.entries<readonly string[]>(metricDefinitions[metric].dimensions);
      if (others.length > 0) throw new RangeError(`${metric} has more than one dimension of its own`);
      const draw = (label: string, extra: Record<string, string>) =>
        line(metricNamespace, metric, { Stage: stage, ...extra }, { label, ...drawing });
      if (dimension === undefined) return [draw(drawing.label ?? metric, {})];
      const [name, values] = dimension;
      return (name === "Function" ? functions : values).map((value) => draw(value, { [name]: value }));
    },
    queue: (queue: QueueName, metric: string, drawing: Drawing) =>
      line("AWS/SQS", metric, { QueueName: names.queue(queue) }, drawing),
    deadLetters: (queue: QueueName) =>
      line(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        { QueueName: names.deadLetterQueue(queue) },
        { label: queue, statistic: "Maximum" },
      ),
    lambda: (name: FunctionName, metric: string, drawing: Partial<Drawing> = {}) =>
      line("AWS/Lambda", metric, { FunctionName: names.lambda(name) }, { label: name, ...drawing }),
    table: (metric: string, drawing: Drawing) => line("AWS/DynamoDB", metric, { TableName: names.table }, drawing),
    group: (metric: string, label: string) =>
      line("AWS/AutoScaling", metric, { AutoScalingGroupName: names.workerGroup }, { label, statistic: "Maximum" }),
    /** Every HTTP API of the account: which one is the stage's is known only where it is made. */
    httpApi: (metric: string, { label, statistic = "Sum", period = Duration.minutes(5) }: Drawing) =>
      new MathExpression({
        expression: `SEARCH('{AWS/ApiGateway,ApiId} MetricName="${metric}"', '${statistic}', ${period.toSeconds()})`,
        usingMetrics: {},
        label,
        period,
      }),
  };
}
export type Lines = ReturnType<typeof linesOf>;

/** A sum as a rate. Within one graph each needs another `id`. */
export function perSecond(metric: Metric, { id, label }: { id: string; label: string }): MathExpression {
  return new MathExpression({
    expression: `${id} / PERIOD(${id})`,
    usingMetrics: { [id]: metric },
    label,
    period: minute,
  });
}

/** A third of a dashboard's width; `right` has an axis of its own. */
export function graph(
  title: string,
  left: IMetric[],
  options: {
    right?: IMetric[];
    unit?: string;
    rightUnit?: string;
    stacked?: boolean;
    wide?: boolean;
    limit?: HorizontalAnnotation;
    rightLimit?: HorizontalAnnotation;
  } = {},
): GraphWidget {
  const { right = [], unit, rightUnit, stacked = false, wide = false, limit, rightLimit } = options;
  const axis = (label: string | undefined) => ({ min: 0, showUnits: false, ...(label === undefined ? {} : { label }) });
  return new GraphWidget({
    title,
    left,
    right,
    stacked,
    width: wide ? 12 : 8,
    height: 6,
    leftYAxis: axis(unit),
    rightYAxis: axis(rightUnit),
    leftAnnotations: limit === undefined ? [] : [limit],
    rightAnnotations: rightLimit === undefined ? [] : [rightLimit],
  });
}
