import type { MetricName } from "@steward/contracts/metrics";
import { lanes, resourceNames } from "@steward/contracts/names";
import { type AlarmMetric, type Unnamed, hour, minute, ownMetric, inARow } from "./alarm.ts";

export function workerAlarms(stage: string): Unnamed[] {
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
    ...lanes.map(
      (lane): Unnamed => ({
        id: `predictions-off-${lane}`,
        madeBy: "stacks",
        severity: "ticket",
        summary: `Half of the jobs of the lane ${lane} took four times as long as predicted, or a quarter: they wait in the wrong lane.`,
        runbook: "predictions-off",
        metrics: [
          ownMetric(stage, "PredictionErrorFactor", {
            id: "factor",
            statistic: "Average",
            periodSeconds: hour,
            dimensions: { Lane: lane },
          }),
        ],
        comparison: "GreaterThanThreshold",
        threshold: 4,
        // The predictor learns from what recent jobs took; a new model or host puts it off for a while.
        ...inARow(3),
        missingData: "notBreaching",
      }),
    ),
  ];
}
