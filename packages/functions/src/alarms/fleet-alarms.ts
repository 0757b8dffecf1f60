import { resourceNames } from "@steward/contracts/names";
import {
  type AlarmMetric,
  type Unnamed,
  minute,
  fiveMinutes,
  ownMetric,
  inARow,
  hasHappened,
  endsWithin,
} from "./alarm.ts";

export function auditAlarms(stage: string): Unnamed[] {
  const made = ownMetric(stage, "SealsMade", { id: "made", statistic: "Sum", periodSeconds: minute });
  const broken = ownMetric(stage, "SealChainBroken", { id: "broken", statistic: "Sum", periodSeconds: minute });
  return [
    {
      id: "seal-stalled",
      madeBy: "stacks",
      severity: "page",
      summary: "The audit trail has not been sealed for 5 minutes: what is cut from it now would not be seen.",
      runbook: "seal-stalled",
      metrics: [made],
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(5),
      missingData: "breaching",
    },
    {
      id: "seal-chain-broken",
      madeBy: "stacks",
      severity: "page",
      summary: "The seals of the audit trail are not the ones that the sealer left: somebody has been at them.",
      runbook: "seal-chain-broken",
      metrics: [broken],
      comparison: "GreaterThanThreshold",
      threshold: 0,
      ...inARow(1),
      missingData: "notBreaching",
    },
  ];
}

export function fleetAlarms(stage: string): Unnamed[] {
  const expected = (id: string, statistic: AlarmMetric["statistic"]) =>
    ownMetric(stage, "NodesExpected", { id, statistic, periodSeconds: minute });
  return [
    {
      id: "heartbeat-silence",
      madeBy: "stacks",
      severity: "page",
      summary: "No heartbeat has come in for 6 minutes although nodes are expected: the whole fleet is cut off.",
      runbook: "heartbeat-silence",
      metrics: [
        expected("expected", "Maximum"),
        {
          id: "beats",
          namespace: "AWS/Lambda",
          metricName: "Invocations",
          dimensions: { FunctionName: resourceNames(stage).lambda("heartbeat") },
          statistic: "Sum",
          periodSeconds: minute,
        },
      ],
      // Where nodes are expected and nothing beats, Lambda has no datapoint to give and the expression has none either;
      // the same where the sweep is dead and nobody says what is expected. Both are breaching: it fails loud.
      expression: "IF(expected > 0, beats, 1)",
      comparison: "LessThanThreshold",
      threshold: 1,
      // Longer than the longest interval that a node may be given (300 s): one slow node alone is no silence.
      ...inARow(6),
      missingData: "breaching",
    },
    {
      id: "sweep-stalled",
      madeBy: "stacks",
      severity: "page",
      summary: "The sweep has not finished for 3 minutes: a node that falls silent is not noticed.",
      runbook: "sweep-stalled",
      metrics: [expected("swept", "SampleCount")],
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(3),
      missingData: "breaching",
    },
    {
      id: "node-quarantined",
      madeBy: "stacks",
      severity: "page",
      summary: "An enrolment token was used with a second key: one of the two machines is not what it claims to be.",
      runbook: "node-quarantined",
      ...hasHappened(stage, "NodesQuarantined"),
    },
    {
      id: "glass-broken",
      madeBy: "stacks",
      severity: "page",
      summary: "An approver has let a plan run past the rules, alone. The reason is with the task.",
      runbook: "glass-broken",
      ...hasHappened(stage, "GlassBroken"),
    },
    {
      id: "certificates-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "Machines that are online do not manage to renew their certificates; the first is out within five days.",
      runbook: "certificates-expiring",
      metrics: [
        ownMetric(stage, "CertificatesExpiring", { id: "expiring", statistic: "Maximum", periodSeconds: fiveMinutes }),
      ],
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      // A node tries at each heartbeat: what is not over in an hour does not pass by itself.
      ...inARow(12),
      missingData: "notBreaching",
    },
    {
      id: "ca-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "The CA of the machines' certificates ends in less than half a year. When it does, no machine gets in.",
      runbook: "ca-expiring",
      ...endsWithin(180, stage, "CaDaysLeft"),
    },
    {
      id: "trust-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary:
        "The appliances' trust document ends in less than half a year. When it does, none of them starts anything.",
      runbook: "trust-expiring",
      ...endsWithin(180, stage, "TrustDaysLeft"),
    },
    {
      id: "release-expiring",
      madeBy: "stacks",
      severity: "ticket",
      summary: "The appliances' release ends in less than two months. When it does, none of them starts anything.",
      runbook: "trust-expiring",
      ...endsWithin(60, stage, "ReleaseDaysLeft"),
    },
  ];
}
