import { type Unnamed, minute, fiveMinutes, ownMetric, inARow } from "./alarm.ts";

export function doorbellAlarms(stage: string): Unnamed[] {
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

export function scheduleAlarms(stage: string): Unnamed[] {
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
