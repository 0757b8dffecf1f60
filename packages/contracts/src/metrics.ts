import { lanes, secretNames } from "./names.ts";
import { tiers } from "./states.ts";

/**
 * What Steward itself measures, beside what AWS measures of its services: sums over the whole installation, never of one
 * node or tenant. Each is in the namespace `Steward` with the dimension `Stage`, and the further ones that stand here.
 */
export const metricNamespace = "Steward";

export interface MetricDefinition {
  unit: "Count" | "Seconds" | "None";
  /** Further dimensions, each with all the values that it can have: every value is a metric of its own on the bill. */
  dimensions: Readonly<Record<string, readonly string[]>>;
  /** Says what it is, for people. */
  about: string;
}

/** How an appliance may say that a run ended. */
const endedStatuses = ["succeeded", "failed", "simulated"] as const;
/** Not signed in; not allowed; somebody else's. */
const deniedStatuses = ["401", "403", "404"] as const;
/** The functions, whose names stand beside their code. */
const functions: readonly string[] = [];

export const metricDefinitions = {
  NodesExpected: { unit: "Count", dimensions: {}, about: "nodes that have beaten and were not removed" },
  NodesOnline: { unit: "Count", dimensions: {}, about: "of those, the ones that are not silent" },
  Transitions: { unit: "Count", dimensions: {}, about: "changes of health that a sweep announced" },
  QueuedJobs: { unit: "Count", dimensions: { Lane: lanes }, about: "jobs that wait in a lane" },
  OldestQueuedSeconds: { unit: "Seconds", dimensions: { Lane: lanes }, about: "age of the oldest job that waits" },
  HeldBackJobs: {
    unit: "Count",
    dimensions: { Lane: lanes },
    about: "of those, the ones that their tenant's window holds back",
  },
  ExpectedWaitSeconds: {
    unit: "Seconds",
    dimensions: { Lane: lanes },
    about: "how long a job that is queued now will wait; nothing while no worker lives",
  },
  PredictionErrorFactor: {
    unit: "None",
    dimensions: { Lane: lanes },
    about: "by what factor half of the predictions of a job's length were off at most; nothing where no job ended",
  },
  Slots: { unit: "Count", dimensions: {}, about: "slots of the workers that would take a job" },
  SlotsUsed: { unit: "Count", dimensions: {}, about: "of those, the ones at work" },
  BacklogPerSlot: { unit: "None", dimensions: {}, about: "queued jobs ÷ max(1, slots): what workers are scaled by" },
  JobsRunning: { unit: "Count", dimensions: {}, about: "queued jobs and used slots: zero means idle" },
  Tokens: { unit: "Count", dimensions: { Tier: tiers }, about: "tokens that models have written" },
  ModelSpendUsd: { unit: "None", dimensions: {}, about: "what Claude has cost at list prices, in US dollars" },
  RunsEnded: { unit: "Count", dimensions: { Status: endedStatuses }, about: "runs that appliances have reported" },
  NodesQuarantined: {
    unit: "Count",
    dimensions: {},
    about: "nodes whose enrolment token was used with a second key",
  },
  CertificatesExpiring: {
    unit: "Count",
    dimensions: {},
    about: "nodes that beat, and whose certificate ends within five days without having been renewed",
  },
  TrustDaysLeft: { unit: "Count", dimensions: {}, about: "days until the trust document of the appliances ends" },
  ReleaseDaysLeft: { unit: "Count", dimensions: {}, about: "days until the release of the appliances ends" },
  CaDaysLeft: { unit: "Count", dimensions: {}, about: "days until the CA that issues certificates ends" },
  ScheduleLatenessSeconds: {
    unit: "Seconds",
    dimensions: {},
    about: "how long the oldest due time of a schedule had waited when somebody looked; zero where none was due",
  },
  GlassBroken: { unit: "Count", dimensions: {}, about: "plans that somebody has let run past the rules" },
  NoticesSent: {
    unit: "Count",
    dimensions: { Outcome: ["delivered", "failed"] },
    about: "attempts to tell a receiver of a task or an alert",
  },
  AlertsUndelivered: {
    unit: "Count",
    dimensions: {},
    about: "notices of alerts that were given up without having reached anybody whom they were for",
  },
  AlertsTold: {
    unit: "Count",
    dimensions: { Event: ["raised", "resolved", "escalated"] },
    about: "times that an alert gave something to tell; one machine's at one time count once",
  },
  DoorbellsFailed: { unit: "Count", dimensions: {}, about: "appliances for which SSM took no doorbell" },
  SealsMade: { unit: "Count", dimensions: {}, about: "seals of the audit trail; one a minute, also of nothing" },
  EntriesSealed: { unit: "Count", dimensions: {}, about: "entries of the audit trail that they hold" },
  UnsealedSeconds: { unit: "Seconds", dimensions: {}, about: "age of the oldest entry that a run of the sealer left" },
  SealChainBroken: { unit: "Count", dimensions: {}, about: "runs that found another chain of seals than they left" },
  Denials: { unit: "Count", dimensions: { Status: deniedStatuses }, about: "calls refused for who made them" },
  SecretAgeDays: {
    unit: "None",
    dimensions: { Secret: secretNames },
    about: "age of a secret's value in force, in days",
  },
  RefusedKeys: { unit: "Count", dimensions: {}, about: "calls for which Anthropic refused the key in force" },
  Faults: {
    unit: "Count",
    dimensions: { Function: functions },
    about: "calls answered with a server error, messages given up, records that could not be worked on",
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;
type DimensionsOf<Name extends MetricName> = (typeof metricDefinitions)[Name]["dimensions"];

/** `{Lane: "express"}`; nothing where the metric has no further dimension. */
export type MetricDimensions<Name extends MetricName> = {
  readonly [Dimension in keyof DimensionsOf<Name>]: DimensionsOf<Name>[Dimension] extends readonly (infer Value extends
    string)[]
    ? Value
    : never;
};

/** Notes one measured value. Costs no call: the value goes out with the function's log. */
export type Meter = <Name extends MetricName>(
  metric: Name,
  value: number,
  ...dimensions: keyof DimensionsOf<Name> extends never ? [] : [MetricDimensions<Name>]
) => void;
