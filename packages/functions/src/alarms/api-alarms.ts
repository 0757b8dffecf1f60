import { type AlarmMetric, type Unnamed, fiveMinutes, inARow } from "./alarm.ts";

export function apiAlarms(): Unnamed[] {
  const on = (id: string, metricName: string): AlarmMetric => ({
    id,
    namespace: "AWS/ApiGateway",
    metricName,
    dimensions: { ApiId: { fromInfra: "apiId" } },
    statistic: "Sum",
    periodSeconds: fiveMinutes,
  });
  return [
    {
      id: "api-5xx",
      madeBy: "infra",
      severity: "page",
      summary: "More than 5 % of all requests at both doors are answered with a server error.",
      runbook: "api-5xx",
      metrics: [on("failed", "5xx"), on("requests", "Count")],
      expression: "IF(failed >= 10, 100 * failed / requests, 0)",
      comparison: "GreaterThanThreshold",
      threshold: 5,
      ...inARow(2),
      missingData: "notBreaching",
    },
  ];
}
