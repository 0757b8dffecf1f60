import type { GateExplanation } from "@steward/contracts/task";
import type { Term } from "../../text.ts";

export const verdicts: Record<GateExplanation["decision"], Term> = {
  allow: { text: "allowed", tone: "good" },
  needs_approval: { text: "needs a yes", tone: "wait" },
  deny: { text: "refused", tone: "bad" },
};
