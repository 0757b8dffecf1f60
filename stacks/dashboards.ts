import { queueDefinitions, queueNames, resourceNames } from "@steward/contracts/names";
import { alarmDefinitions } from "@steward/functions/alarms";
import { type DashboardName, dashboardNames } from "@steward/functions/alarms/alarm";
import { type FunctionDefinition, functionDefinitions, functionNames } from "@steward/functions/definitions";
import { Duration, type Stack } from "aws-cdk-lib";
import { Alarm, AlarmStatusWidget, Dashboard, type IWidget, MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import { graph, type Lines, linesOf, perSecond } from "./panels.ts";
import type { StageProps } from "./stage-props.ts";

const day = Duration.days(1);
const atDoors = functionNames.filter((name) => triggerOf(name) === "http");
const behind = functionNames.filter((name) => triggerOf(name) !== "http");

/** All dashboards of the stage. Each begins with the states of its alarms; what one looks at first stands above. */
export function makeDashboards(stack: Stack, { stage, settings }: StageProps): void {
  const lines = linesOf(stage);
  const rows: Record<DashboardName, IWidget[][]> = {
    queues: queueRows(lines),
    workers: workerRows(lines),
    fleet: fleetRows(lines),
    api: apiRows(lines),
    rollouts: rolloutRows(lines),
    cost: costRows(lines, settings.monthlyBudgetUsd),
  };
  const alarms = alarmDefinitions(stage);
  for (const name of dashboardNames) {
    const shown = alarms.filter((alarm) => alarm.dashboard === name);
    const states = new AlarmStatusWidget({
      title: "Alarms",
      width: 24,
      height: 1 + Math.ceil(shown.length / 6),
      alarms: shown.map((alarm) => Alarm.fromAlarmName(stack, `Shown-${alarm.id}`, alarm.name)),
    });
    new Dashboard(stack, `Dashboard-${name}`, {
      dashboardName: `${resourceNames(stage).prefix}-${name}`,
      defaultInterval: name === "cost" ? Duration.days(30) : Duration.hours(6),
      widgets: [[states], ...rows[name]],
    });
  }
}

function queueRows(lines: Lines): IWidget[][] {
  const depth = queueNames.map((queue) => {
    const { ageSloSeconds } = queueDefinitions[queue];
    return graph(
      `${queue}: promises ${ageSloSeconds} s`,
      [
        lines.queue(queue, "ApproximateNumberOfMessagesVisible", { label: "waiting", statistic: "Maximum" }),
        lines.queue(queue, "ApproximateNumberOfMessagesNotVisible", { label: "at work", statistic: "Maximum" }),
      ],
      {
        unit: "messages",
        right: [
          lines.queue(queue, "ApproximateAgeOfOldestMessage", { label: "age of the oldest", statistic: "Maximum" }),
        ],
        rightUnit: "s",
        rightLimit: { value: ageSloSeconds, label: "promise" },
      },
    );
  });
  const records = [
    graph("Jobs that wait, by the records", lines.own("QueuedJobs", { statistic: "Maximum" }), { stacked: true }),
    graph("Oldest job that waits, by the records", lines.own("OldestQueuedSeconds", { statistic: "Maximum" }), {
      unit: "s",
    }),
    graph("How long a new job will wait", lines.own("ExpectedWaitSeconds", { statistic: "Maximum" }), { unit: "s" }),
    graph("Jobs held back by their tenant's window", lines.own("HeldBackJobs", { statistic: "Maximum" }), {
      stacked: true,
    }),
    graph("Predicted lengths: half are off by at most", lines.own("PredictionErrorFactor", { statistic: "Maximum" }), {
      unit: "times",
    }),
  ];
  const dead = graph("Dead letters", queueNames.map(lines.deadLetters), { stacked: true });
  return [...inThrees([dead, ...records]), ...inThrees(depth)];
}

function workerRows(lines: Lines): IWidget[][] {
  const [slots, used] = [
    lines.own("Slots", { statistic: "Maximum" }),
    lines.own("SlotsUsed", { statistic: "Maximum" }),
  ];
  const free = new MathExpression({
    expression: "slots - used",
    usingMetrics: { slots: only(slots), used: only(used) },
    label: "free",
    period: Duration.minutes(1),
  });
  return [
    [
      graph("Slots", [only(lines.own("SlotsUsed", { label: "used", statistic: "Maximum" })), free], { stacked: true }),
      graph("Backlog per slot", lines.own("BacklogPerSlot", { label: "backlog per slot", statistic: "Maximum" }), {
        right: lines.own("JobsRunning", { label: "queued and at work", statistic: "Maximum" }),
        rightUnit: "jobs",
      }),
      graph(
        "Tokens written",
        lines
          .own("Tokens")
          .map((tokens, index) => perSecond(tokens, { id: `tokens${index}`, label: tokens.label ?? "" })),
        {
          unit: "tokens/s",
          stacked: true,
        },
      ),
    ],
    [
      graph(
        "GPU hosts of the worker group",
        [
          lines.group("GroupDesiredCapacity", "wanted"),
          lines.group("GroupInServiceInstances", "in service"),
          lines.group("GroupMaxSize", "most"),
        ],
        { wide: true, unit: "hosts" },
      ),
      graph(
        "GPU hosts on their way",
        [lines.group("GroupPendingInstances", "starting"), lines.group("GroupTerminatingInstances", "ending")],
        { wide: true, unit: "hosts" },
      ),
    ],
  ];
}

function fleetRows(lines: Lines): IWidget[][] {
  const highest = { statistic: "Maximum" };
  return [
    [
      graph("Nodes", [
        ...lines.own("NodesExpected", { label: "expected", ...highest }),
        ...lines.own("NodesOnline", { label: "online", ...highest }),
      ]),
      graph("Heartbeats", [perSecond(lines.lambda("heartbeat", "Invocations"), { id: "beats", label: "heartbeats" })], {
        unit: "per second",
      }),
      graph("Changes of health that a sweep announced", lines.own("Transitions", { label: "transitions" })),
    ],
    [
      graph("Certificates that are not renewed", lines.own("CertificatesExpiring", { label: "nodes", ...highest })),
      graph("Enrolment tokens used with a second key", lines.own("NodesQuarantined", { label: "nodes" })),
      graph("Days until the CA ends", lines.own("CaDaysLeft", { label: "days", ...highest })),
      graph("Days until what appliances trust ends", [
        ...[lines.own("TrustDaysLeft", { label: "trust document", ...highest })].flat(),
        ...[lines.own("ReleaseDaysLeft", { label: "release", ...highest })].flat(),
      ]),
    ],
    [
      graph("Refused for who called", lines.own("Denials"), {
        unit: "calls",
        stacked: true,
        right: lines.own("GlassBroken", { label: "let through past the rules" }),
        rightUnit: "plans",
      }),
      graph("Seals of the audit trail", lines.own("SealsMade", { label: "seals" }), {
        right: lines.own("EntriesSealed", { label: "entries in them" }),
        rightUnit: "entries",
      }),
      graph("Audit entries that wait", lines.own("UnsealedSeconds", { label: "the oldest", statistic: "Maximum" }), {
        unit: "s",
        right: lines.own("SealChainBroken", { label: "the chain is broken" }),
        rightUnit: "runs",
      }),
    ],
    [
      graph(
        "A heartbeat takes",
        ["p50", "p99"].map((statistic) => lines.lambda("heartbeat", "Duration", { label: statistic, statistic })),
        { unit: "ms" },
      ),
      graph(
        "Heartbeats at one time",
        [lines.lambda("heartbeat", "ConcurrentExecutions", { label: "at one time", ...highest })],
        { right: [lines.lambda("heartbeat", "Throttles", { label: "refused" })], rightUnit: "refused" },
      ),
      graph("The sweep takes", [lines.lambda("sweep", "Duration", highest)], {
        unit: "ms",
        limit: { value: functionDefinitions.sweep.timeoutSeconds * 1000, label: "timeout" },
      }),
    ],
  ];
}

function apiRows(lines: Lines): IWidget[][] {
  const durations = (statistic: string, names: typeof functionNames) =>
    names.map((name) => lines.lambda(name, "Duration", { statistic, period: Duration.minutes(5) }));
  return [
    [
      graph("Requests, both doors", [lines.httpApi("Count", { label: "requests" })], { unit: "in 5 minutes" }),
      graph(
        "Answered with an error",
        [lines.httpApi("5xx", { label: "server's (5xx)" }), lines.httpApi("4xx", { label: "caller's (4xx)" })],
        { unit: "in 5 minutes" },
      ),
      graph(
        "A request takes",
        ["p50", "p99"].map((statistic) => lines.httpApi("Latency", { label: statistic, statistic })),
        { unit: "ms" },
      ),
    ],
    [
      graph(
        "Calls by function",
        functionNames.map((name) => lines.lambda(name, "Invocations")),
        { wide: true },
      ),
      graph("Faults (500s, messages given up)", lines.own("Faults", {}, functionNames), { wide: true, stacked: true }),
    ],
    [
      graph(
        "Crashes and timeouts",
        functionNames.map((name) => lines.lambda(name, "Errors")),
        {
          wide: true,
          stacked: true,
        },
      ),
      graph(
        "Refused for want of concurrency",
        functionNames.map((name) => lines.lambda(name, "Throttles")),
        {
          wide: true,
          stacked: true,
        },
      ),
    ],
    [
      graph("Functions at the doors: half of the calls take less (p50)", durations("p50", atDoors), {
        wide: true,
        unit: "ms",
      }),
      graph("Functions at the doors: the slowest hundredth (p99)", durations("p99", atDoors), {
        wide: true,
        unit: "ms",
      }),
    ],
    [
      graph("Functions behind: p50", durations("p50", behind), { wide: true, unit: "ms" }),
      graph("Functions behind: p99", durations("p99", behind), { wide: true, unit: "ms" }),
    ],
  ];
}

function rolloutRows(lines: Lines): IWidget[][] {
  const { ageSloSeconds } = queueDefinitions.rollouts;
  return [
    [
      graph(
        "Rollouts that wait for the dispatcher",
        [
          lines.queue("rollouts", "ApproximateNumberOfMessagesVisible", { label: "waiting", statistic: "Maximum" }),
          lines.queue("rollouts", "ApproximateNumberOfMessagesNotVisible", { label: "at work", statistic: "Maximum" }),
        ],
        {
          right: [lines.queue("rollouts", "ApproximateAgeOfOldestMessage", { label: "oldest", statistic: "Maximum" })],
          rightUnit: "s",
          rightLimit: { value: ageSloSeconds, label: "promise" },
        },
      ),
      graph("Runs that ended", lines.own("RunsEnded", { period: Duration.minutes(5) }), {
        stacked: true,
        unit: "in 5 minutes",
      }),
      graph("Lateness of schedules", lines.own("ScheduleLatenessSeconds", { label: "oldest", statistic: "Maximum" }), {
        unit: "s",
      }),
      graph(
        "Doorbells that failed",
        lines.own("DoorbellsFailed", { label: "appliances", period: Duration.minutes(5) }),
        { unit: "in 5 minutes" },
      ),
    ],
    [
      graph("Notifications", lines.own("NoticesSent", { period: Duration.minutes(5) }), {
        stacked: true,
        unit: "in 5 minutes",
        right: lines.own("AlertsUndelivered", { label: "alerts given up", period: Duration.minutes(5) }),
        rightUnit: "in 5 minutes",
      }),
      graph("Alerts", lines.own("AlertsTold", { period: Duration.minutes(5) }), {
        stacked: true,
        unit: "in 5 minutes",
      }),
      graph("The dispatcher", [
        lines.lambda("dispatch", "Invocations", { label: "calls" }),
        lines.lambda("dispatch", "Errors", { label: "crashes" }),
        ...lines.own("Faults", {}, ["dispatch"]).map((faults) => faults.with({ label: "faults" })),
      ]),
      graph(
        "The dispatcher takes",
        ["p50", "p99"].map((statistic) => lines.lambda("dispatch", "Duration", { label: statistic, statistic })),
        { unit: "ms" },
      ),
      graph("Approvals", [lines.lambda("approve", "Invocations", { label: "calls" })]),
    ],
  ];
}

function costRows(lines: Lines, monthlyBudgetUsd: number): IWidget[][] {
  const daily = (drawing: { label: string; statistic?: string }) => ({ ...drawing, period: day });
  // In this region only: bills are measured nowhere else.
  const charges = new Metric({
    namespace: "AWS/Billing",
    metricName: "EstimatedCharges",
    dimensionsMap: { Currency: "USD" },
    region: "us-east-1",
    label: "this month so far",
    statistic: "Maximum",
    period: Duration.hours(6),
  });
  return [
    [
      graph("The account's bill", [charges], {
        unit: "USD",
        limit: { value: monthlyBudgetUsd, label: "budget of the month" },
      }),
      graph("Claude, at list prices", lines.own("ModelSpendUsd", { label: "a day", period: day }), { unit: "USD" }),
      graph("Tokens written", lines.own("Tokens", { period: day }), { unit: "a day", stacked: true }),
    ],
    [
      graph("GPU hosts", [lines.group("GroupInServiceInstances", "in service")], { unit: "hosts" }),
      graph(
        "The table",
        [
          lines.table("ConsumedReadCapacityUnits", daily({ label: "read units" })),
          lines.table("ConsumedWriteCapacityUnits", daily({ label: "write units" })),
        ],
        { unit: "a day" },
      ),
      graph(
        "Calls of functions",
        functionNames.map((name) => lines.lambda(name, "Invocations", { period: day })),
        {
          unit: "a day",
          stacked: true,
        },
      ),
    ],
    [
      graph(
        "Computing time of functions",
        functionNames.map((name) => lines.lambda(name, "Duration", { period: day })),
        { unit: "ms a day", stacked: true },
      ),
      graph(
        "Messages sent",
        queueNames.map((queue) => lines.queue(queue, "NumberOfMessagesSent", daily({ label: queue }))),
        { unit: "a day", stacked: true },
      ),
      graph("Age of secrets", lines.own("SecretAgeDays", { statistic: "Maximum", period: Duration.hours(6) }), {
        unit: "days",
      }),
      graph("Refused keys of Claude", lines.own("RefusedKeys", { label: "calls", period: day }), { unit: "a day" }),
    ],
    [
      graph("Requests and logs", [lines.httpApi("Count", daily({ label: "requests" }))], {
        unit: "requests a day",
        right: [lines.line("AWS/Logs", "IncomingBytes", {}, daily({ label: "logs" }))],
        rightUnit: "bytes a day",
      }),
    ],
  ];
}

function triggerOf(name: (typeof functionNames)[number]): FunctionDefinition["trigger"]["kind"] {
  return functionDefinitions[name].trigger.kind;
}

function only(metrics: readonly Metric[]): Metric {
  const [metric, ...others] = metrics;
  if (metric === undefined || others.length > 0) throw new RangeError("not one line");
  return metric;
}

function inThrees(widgets: readonly IWidget[]): IWidget[][] {
  const rows: IWidget[][] = [];
  for (let start = 0; start < widgets.length; start += 3) rows.push(widgets.slice(start, start + 3));
  return rows;
}
