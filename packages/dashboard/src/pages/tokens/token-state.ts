import type { TokenView } from "@steward/contracts/principals";
import type { Tone } from "../../text.ts";

export const tokenStates = ["active", "powerless", "ending", "revoked"] as const;
export type TokenStateName = (typeof tokenStates)[number];

/** A token that ends within this is worth a look: whatever uses it needs another one. */
const endsSoonMs = 14 * 86_400_000;

export function tokenState(token: TokenView, nowMs: number): TokenStateName {
  if (token.revokedAt !== undefined) return "revoked";
  if (token.effectiveGrants.length === 0) return "powerless";
  return Date.parse(token.expiresAt) - nowMs < endsSoonMs ? "ending" : "active";
}

export const tokenStateWords: Record<TokenStateName, { text: string; tone: Tone; means: string }> = {
  active: { text: "active", tone: "good", means: "may do what it was made for" },
  powerless: { text: "may do nothing", tone: "wait", means: "whoever made it has lost that role, or is disabled" },
  ending: { text: "ends soon", tone: "wait", means: "ends within two weeks" },
  revoked: { text: "revoked", tone: "still", means: "is not accepted any more" },
};

/** Whether it can do less now than it was made for: its maker may do less. */
export function isLessened({ grants, effectiveGrants, revokedAt }: TokenView): boolean {
  if (revokedAt !== undefined || effectiveGrants.length === 0) return false;
  const now = new Map(effectiveGrants.map(({ tenant, role }) => [tenant, role]));
  return grants.some(({ tenant, role }) => now.get(tenant) !== role);
}
