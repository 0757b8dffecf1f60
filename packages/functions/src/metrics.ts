import { type Meter, type MetricName, metricDefinitions, metricNamespace } from "@steward/contracts/metrics";
import { writeLine } from "./write-line.ts";

/**
 * One value in CloudWatch's Embedded Metric Format: CloudWatch reads it out of the log by itself, so measuring costs a
 * line and needs neither a call nor a right.
 */
export function embeddedMetric(
  stage: string,
  metric: MetricName,
  measured: { value: number; dimensions?: Readonly<Record<string, string>>; nowMs: number },
): Record<string, unknown> {
  const { value, dimensions = {}, nowMs } = measured;
  const { unit } = metricDefinitions[metric];
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [["Stage", ...Object.keys(dimensions)]],
          Metrics: [{ Name: metric, Unit: unit }],
        },
      ],
    },
    Stage: stage,
    ...dimensions,
    [metric]: value,
  };
}

export function createMeter(stage: string): Meter {
  return (metric, value, ...[dimensions = {}]) => {
    writeLine(embeddedMetric(stage, metric, { value, dimensions, nowMs: Date.now() }));
  };
}
