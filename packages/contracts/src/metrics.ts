/**
 * What Steward itself measures, beside what AWS measures of its services: sums over the whole installation, never of one
 * node. Each is in the namespace `Steward` with the dimension `Stage`, and the further dimensions that stand here.
 */
export const metricNamespace = "Steward";

export interface MetricDefinition {
  unit: "Count" | "Seconds" | "Milliseconds" | "None";
  /** Further dimensions, each with few values. */
  dimensions: readonly string[];
  /** Says what it is, for people. */
  about: string;
}

export const metricDefinitions = {
  NodesExpected: { unit: "Count", dimensions: [], about: "nodes that have beaten and were not removed" },
  NodesOnline: { unit: "Count", dimensions: [], about: "of those, the ones that are not silent" },
  Transitions: { unit: "Count", dimensions: [], about: "changes of health that a sweep announced" },
  QueuedJobs: { unit: "Count", dimensions: ["Lane"], about: "jobs that wait in a lane" },
  OldestQueuedSeconds: { unit: "Seconds", dimensions: ["Lane"], about: "age of the oldest job that waits in a lane" },
  Slots: { unit: "Count", dimensions: [], about: "slots of the workers that are there" },
  SlotsUsed: { unit: "Count", dimensions: [], about: "of those, the ones at work" },
  BacklogPerSlot: { unit: "None", dimensions: [], about: "queued jobs ÷ max(1, slots): what workers are scaled by" },
  JobsRunning: { unit: "Count", dimensions: [], about: "queued jobs and used slots: zero means idle" },
  Tokens: { unit: "Count", dimensions: ["Tier"], about: "tokens that models have written" },
  ModelSpendUsd: { unit: "None", dimensions: [], about: "what Claude has cost, in US dollars" },
  RunsEnded: { unit: "Count", dimensions: ["Status"], about: "runs that appliances have reported" },
  DoorbellsFailed: { unit: "Count", dimensions: [], about: "doorbells that SSM did not take" },
} as const satisfies Record<string, MetricDefinition>;
export type MetricName = keyof typeof metricDefinitions;
