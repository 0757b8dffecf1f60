/** The stacks of a stage, `steward-{stage}-{name}`, in the order in which they are made. */
export const stackNames = [
  "network",
  "data",
  "queues",
  "appliances",
  "operations",
  "workers",
  "observability",
] as const;
