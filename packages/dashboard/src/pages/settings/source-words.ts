import type { sourceKinds } from "@steward/contracts/source";

export type SourceKind = (typeof sourceKinds)[number];

/** What makes a plan be asked for. */
export const sourceWords: Record<SourceKind, string> = {
  person: "a person",
  token: "a service token",
  schedule: "a schedule",
  git: "Git",
  alert: "an alert",
  model: "a model",
};
