import type { GateExplanation } from "@steward/contracts/task";

/** `twoPerson` → `Two person`. */
export function ruleName(rule: string): string {
  const words = rule.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export const momentWords: Record<GateExplanation["moment"], string> = {
  plan: "before anything is approved",
  approval: "at an approval",
  doorbell: "before the next appliance is told",
  start: "before an appliance starts",
};

export const approverWords: Record<NonNullable<GateExplanation["approver"]>, string> = {
  requester: "Whoever asked may say yes",
  other: "Another person with the role approver must say yes",
  retype: "Whoever asked may say yes, by retyping the target’s name",
  break_glass: "Nobody’s yes is enough as it is",
};

/** What a rule that has nothing to say has looked at. */
export const fineWords: Readonly<Record<string, string>> = {
  tenancy: "The plan and all of its targets are this tenant’s.",
  tenant: "The tenant is active.",
  targets: "All targets are there, and somebody has confirmed their keys.",
  source: "Somebody asked for it directly.",
  hash: "The plan is what its hash says.",
  release: "All that it uses is in the release in force.",
  expiry: "It has not expired.",
  freeze: "Nothing is frozen.",
  forbid: "No rule of your organisation is against it.",
  shell: "It runs no command of a shell.",
  window: "No window holds it now.",
  blast: "It does not reach too much at once.",
  schedule: "No schedule’s limit is in its way.",
  words: "Nobody has to confirm that it is what was meant.",
  twoPerson: "It takes no second person.",
  preview: "No preview is wanted.",
  approval: "No yes is missing, or it is not asked for yet.",
};
