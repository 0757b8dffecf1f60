import { hasHappened, hour, inARow, ownMetric, type Unnamed } from "./alarm.ts";

/** A receiver that is down has four attempts in its first hour: by itself it is its owner's to mend, and no alarm. */
const moreThanOneReceivers = 5;

/** Whether anybody is told of what happens. Without it the first to notice would be whoever was not. */
export function noticeAlarms(stage: string): Unnamed[] {
  const sent = (id: string, Outcome: string) =>
    ownMetric(stage, "NoticesSent", { id, statistic: "Sum", periodSeconds: hour, dimensions: { Outcome } });
  return [
    {
      id: "notices-failing",
      madeBy: "stacks",
      severity: "ticket",
      summary: "Within an hour more attempts to tell somebody of a task or an alert failed than arrived.",
      runbook: "notices-failing",
      metrics: [sent("failed", "failed"), sent("delivered", "delivered")],
      // An hour in which nothing arrived has no datapoint, not a zero.
      expression: "IF(failed > FILL(delivered, 0), failed, 0)",
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: moreThanOneReceivers,
      ...inARow(1),
      missingData: "notBreaching",
    },
    {
      id: "alerts-undelivered",
      madeBy: "stacks",
      severity: "ticket",
      summary: "An alert was given up at everybody who was to be told of it: nobody knows of it.",
      runbook: "notices-failing",
      ...hasHappened(stage, "AlertsUndelivered"),
    },
  ];
}
