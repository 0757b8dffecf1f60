import { resourceNames } from "@steward/contracts/names";
import { type FunctionDefinition, type FunctionName, functionDefinitions } from "../definitions.ts";
import {
  type AlarmMetric,
  type AlarmDefinition,
  type Unnamed,
  minute,
  fiveMinutes,
  ownMetric,
  inARow,
} from "./alarm.ts";

/**
 * What deserves an alarm depends on what starts a function:
 * - a door: somebody waits for the answer, so errors, refusals for want of capacity, and answers near the timeout;
 * - a queue: a failed or throttled batch comes again, and the queue's age and dead letters tell whether it ever gets
 *   through. Crashes, and messages given up, are told where they go on: they are why;
 * - a schedule: one miss is made good by the next, so only that it stands still, and that it soon will not be done in time;
 * - the worker group: an event that Lambda gave up on is an instance that nobody serves;
 * - rotation: Secrets Manager tries again by itself and tells nobody.
 * - direct: whoever invokes it reads the error.
 */
export function functionAlarms(stage: string, name: FunctionName): Unnamed[] {
  const definition: FunctionDefinition = functionDefinitions[name];
  const functionName = resourceNames(stage).lambda(name);
  const on = (id: string, metricName: string, statistic: AlarmMetric["statistic"], periodSeconds: number) => ({
    id,
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: functionName },
    statistic,
    periodSeconds,
  });
  const nearTimeout = (statistic: "p99" | "Maximum"): Unnamed => ({
    id: `${name}-near-timeout`,
    madeBy: "infra",
    severity: "ticket",
    summary: `${name} takes nearly the ${definition.timeoutSeconds} s after which Lambda cuts it off.`,
    runbook: "function-near-timeout",
    metrics: [on("duration", "Duration", statistic, fiveMinutes)],
    comparison: "GreaterThanThreshold",
    threshold: definition.timeoutSeconds * 1000 * 0.8,
    ...inARow(3),
    missingData: "notBreaching",
  });

  // Lambda's own count has what the handler did not catch: crashes and timeouts. A 500, and a message that is given up,
  // is a fault. SUM and not +, because a metric without a datapoint must not take the other one's away.
  const failures: AlarmDefinition["metrics"] = [
    on("errors", "Errors", "Sum", fiveMinutes),
    ownMetric(stage, "Faults", {
      id: "faults",
      statistic: "Sum",
      periodSeconds: fiveMinutes,
      dimensions: { Function: name },
    }),
  ];

  switch (definition.trigger.kind) {
    case "http":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: pagingDoors.has(name) ? "page" : "ticket",
          summary: `More than 5 % of the calls of ${name} fail.`,
          runbook: "function-errors",
          metrics: [...failures, on("calls", "Invocations", "Sum", fiveMinutes)],
          // A single call that fails at night is no rate.
          expression: "IF(SUM([errors, faults]) >= 5, 100 * SUM([errors, faults]) / calls, 0)",
          comparison: "GreaterThanThreshold",
          threshold: 5,
          ...inARow(2),
          missingData: "notBreaching",
        },
        {
          id: `${name}-throttles`,
          madeBy: "infra",
          severity: name === "heartbeat" ? "page" : "ticket",
          summary: `Lambda has been refusing calls of ${name} for want of concurrency.`,
          runbook: "function-throttles",
          metrics: [on("throttles", "Throttles", "Sum", minute)],
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(5),
          missingData: "notBreaching",
        },
        nearTimeout("p99"),
      ];
    case "queue":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: "ticket",
          summary: `${name} has been failing for a quarter of an hour: it crashes, or gives messages up.`,
          runbook: "function-errors",
          metrics: failures,
          expression: "SUM([errors, faults])",
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(3),
          missingData: "notBreaching",
        },
      ];
    case "schedule":
      return [
        // These tell by a metric of their own that they came to their end.
        ...(name === "sweep" || name === "seal"
          ? []
          : [
              {
                id: `${name}-stalled`,
                madeBy: "infra",
                severity: name === "reconcile" ? "page" : "ticket",
                summary: stalls[name] ?? `${name} has not run to its end for 5 minutes.`,
                runbook: "schedule-stalled",
                metrics: [on("calls", "Invocations", "Sum", minute), on("errors", "Errors", "Sum", minute)],
                expression: "calls - errors",
                comparison: "LessThanThreshold",
                threshold: 1,
                ...inARow(5),
                // What never runs has no data.
                missingData: "breaching",
              } satisfies Unnamed,
            ]),
        nearTimeout("Maximum"),
      ];
    case "worker-group":
      return [
        {
          id: `${name}-lost-events`,
          madeBy: "infra",
          severity: "ticket",
          summary: "Lambda gave up on the news that a GPU host started or ended: a host cannot enrol, or stays listed.",
          runbook: "lost-instance-events",
          metrics: [on("dropped", "AsyncEventsDropped", "Sum", fiveMinutes)],
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(1),
          missingData: "notBreaching",
        },
      ];
    case "rotation":
      return [
        {
          id: `${name}-errors`,
          madeBy: "infra",
          severity: "ticket",
          summary: "A secret was to be made anew and was not: the one in force stays, and grows old.",
          runbook: "secret-rotation",
          metrics: failures,
          expression: "SUM([errors, faults])",
          comparison: "GreaterThanThreshold",
          threshold: 0,
          ...inARow(1),
          missingData: "notBreaching",
        },
      ];
    case "direct":
      return [];
  }
}

/** Doors without which customers or their machines stand outside. */
const pagingDoors: ReadonlySet<FunctionName> = new Set(["api", "nodes", "heartbeat", "sessions", "approve"]);

const stalls: Partial<Record<FunctionName, string>> = {
  reconcile:
    "The reconciler has not run to its end for 5 minutes: nothing enforces deadlines or resends what was lost.",
  purge: "Tenants whose grace period is over have not been removed for 5 minutes, or one of them cannot be.",
  schedule: "Nothing that customers have scheduled has been started for 5 minutes.",
  measure: "Nobody has measured the lanes for 5 minutes: GPU workers are neither started nor ended.",
};
