import type { RolloutParameters } from "@steward/contracts/plan";

/** How many of so many appliances may fail. A part of one appliance is none: the canary of one has no budget. */
export function toleratedOf({ errorBudget }: RolloutParameters, appliances: number): number {
  if (errorBudget === undefined) return 0;
  return "count" in errorBudget ? errorBudget.count : Math.floor((appliances * errorBudget.percent) / 100);
}
