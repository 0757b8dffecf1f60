import { resourceNames } from "@steward/contracts/names";
import { type AlarmDefinition, type DashboardName, dashboardNames, type Unnamed } from "./alarms/alarm.ts";
import { apiAlarms } from "./alarms/api-alarms.ts";
import { operationsAlarms, secretAlarms, tableAlarms } from "./alarms/cost-alarms.ts";
import { auditAlarms, fleetAlarms } from "./alarms/fleet-alarms.ts";
import { functionAlarms } from "./alarms/function-alarms.ts";
import { noticeAlarms } from "./alarms/notice-alarms.ts";
import { queueAlarms } from "./alarms/queue-alarms.ts";
import { doorbellAlarms, scheduleAlarms } from "./alarms/rollout-alarms.ts";
import { workerAlarms } from "./alarms/worker-alarms.ts";
import { type FunctionName, functionNames } from "./definitions.ts";

/** Every alarm of a stage but the budget, which AWS Budgets watches. */
export function alarmDefinitions(stage: string): AlarmDefinition[] {
  const alarmsOf = (name: FunctionName) => functionAlarms(stage, name);
  const byDashboard: Record<DashboardName, Unnamed[]> = {
    queues: queueAlarms(stage),
    workers: workerAlarms(stage),
    fleet: [...fleetAlarms(stage), ...auditAlarms(stage)],
    api: [...apiAlarms(), ...functionNames.filter((name) => name !== "dispatch").flatMap(alarmsOf)],
    rollouts: [
      ...alarmsOf("dispatch"),
      ...doorbellAlarms(stage),
      ...scheduleAlarms(stage),
      // Beside the graphs of what was sent.
      ...noticeAlarms(stage),
    ],
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
