import type { GateExplanation } from "./task.ts";

// The gate in words, the same on a terminal and on a page.

export const gateMoments: Record<GateExplanation["moment"], string> = {
  plan: "before anything is approved",
  approval: "at an approval",
  doorbell: "before the next appliance is told",
  start: "before an appliance starts",
};

export const approverWords: Record<NonNullable<GateExplanation["approver"]>, string> = {
  requester: "whoever asked may say yes",
  other: "another person with the role approver must say yes",
  retype: "whoever asked may say yes, by retyping the target’s name",
  break_glass: "nobody’s yes is enough as it is",
};

/** What a rule that has nothing to say has looked at. */
const fine: Readonly<Record<string, string>> = {
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

/** Of a rule that is newer than whoever reads: that nothing is against it. */
export function fineText(rule: string): string {
  return fine[rule] ?? "Nothing against it.";
}

/** `twoPerson`: Two person. */
export function ruleName(rule: string): string {
  const words = rule.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
