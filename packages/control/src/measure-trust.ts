import { AppError, hasCode } from "@steward/contracts/errors";
import type { Context } from "./context.ts";
import { readTrust } from "./read-trust.ts";

type Deps = Pick<Context, "trust" | "release" | "nowMs">;

const dayMs = 86_400_000;
/** From then on it is wrong, and not only something to think of. */
const urgentDays = 30;

/** How long appliances go on accepting what the stage says of itself. A stage that is not set up yet says nothing. */
export async function measureTrust(deps: Deps & Pick<Context, "meter">): Promise<void> {
  const trust = await daysLeft(deps, () => trustEndsAtMs(deps));
  if (trust !== undefined) deps.meter("TrustDaysLeft", trust);
  const release = await daysLeft(deps, async () => (await deps.release()).release.expiresAtMs);
  if (release !== undefined) deps.meter("ReleaseDaysLeft", release);
}

async function daysLeft(deps: Pick<Deps, "nowMs">, endsAtMs: () => Promise<number>): Promise<number | undefined> {
  try {
    return daysUntil(await endsAtMs(), deps.nowMs());
  } catch (error) {
    if (!hasCode(error, "unavailable")) throw error;
    return undefined;
  }
}

/** Throws where the trust document ends soon: no appliance does anything from then on. */
export async function requireLastingTrust(deps: Deps): Promise<void> {
  const days = daysUntil(await trustEndsAtMs(deps), deps.nowMs());
  if (days > urgentDays) return;
  throw new AppError("expired", `the trust document ends in ${days} days`, { next: "steward keys trust --renew" });
}

async function trustEndsAtMs(deps: Pick<Deps, "trust">): Promise<number> {
  return readTrust(await deps.trust()).expiresAtMs;
}

function daysUntil(atMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((atMs - nowMs) / dayMs));
}
