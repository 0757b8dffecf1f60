import { type MetricName, metricDefinitions, metricNamespace } from "@steward/contracts/metrics";

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

/** A definition as its group writes it. */
export type Unnamed = Omit<AlarmDefinition, "name" | "dashboard">;

/** The part of a definition that says what is measured and when that is too much. */
export type Rule = Omit<Unnamed, "madeBy" | "severity" | "summary" | "runbook" | "id">;

export const minute = 60;

export const fiveMinutes = 300;

export const hour = 3600;

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

/** What must not happen at all, and has, in some five minutes. */
export function hasHappened(stage: string, metricName: MetricName): Rule {
  return {
    metrics: [ownMetric(stage, metricName, { id: "happened", statistic: "Sum", periodSeconds: fiveMinutes })],
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    ...inARow(1),
    missingData: "notBreaching",
  };
}

/** Fewer days are left than it takes to do something about it without haste. */
export function endsWithin(days: number, stage: string, metricName: MetricName): Rule {
  return {
    metrics: [ownMetric(stage, metricName, { id: "days", statistic: "Minimum", periodSeconds: hour })],
    comparison: "LessThanThreshold",
    threshold: days,
    ...inARow(1),
    missingData: "notBreaching",
  };
}

export function onQueue(queueName: string, metricName: string): Pick<Rule, "metrics"> {
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

export function inARow(periods: number): Pick<Rule, "evaluationPeriods" | "datapointsToAlarm"> {
  return { evaluationPeriods: periods, datapointsToAlarm: periods };
}

export function atLeastOne(metrics: AlarmMetric[]): AlarmDefinition["metrics"] {
  const [first, ...rest] = metrics;
  if (first === undefined) throw new RangeError("an alarm needs a metric");
  return [first, ...rest];
}
