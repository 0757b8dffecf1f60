import type { Risk } from "@steward/contracts/risk";
import type { Tone } from "../text.ts";
import { Badge } from "../ui/badge.tsx";

const tones: Record<Risk, Tone> = { low: "good", medium: "wait", high: "bad" };

/** `low risk`, or from one to another where values can raise it. */
export function RiskBadge({ risk, upTo = risk }: { risk: Risk; upTo?: Risk }) {
  return <Badge tone={tones[upTo]}>{upTo === risk ? `${risk} risk` : `${risk} to ${upTo} risk`}</Badge>;
}
