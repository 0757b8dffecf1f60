import { AppError, hasCode } from "@steward/contracts/errors";
import type { MetricName } from "@steward/contracts/metrics";
import { trustDocumentSchema } from "@steward/contracts/trust";
import type { Context } from "./context.ts";

type Deps = Pick<Context, "trust" | "release" | "nowMs">;

const dayMs = 86_400_000;
/** From then on it is wrong, and not only something to think of. */
const urgentDays = 30;

/** How long appliances go on accepting what the stage says of itself. A stage that is not set up yet says nothing. */
export async function measureTrust(deps: Deps & Pick<Context, "meter">): Promise<void> {
  const left = async (
    metric: Extract<MetricName, "TrustDaysLeft" | "ReleaseDaysLeft">,
    endsAtMs: () => Promise<number>,
  ) => {
    try {
      deps.meter(metric, daysUntil(await endsAtMs(), deps.nowMs()));
    } catch (error) {
      if (!hasCode(error, "unavailable")) throw error;
    }
  };
  await left("TrustDaysLeft", () => trustEndsAtMs(deps));
  await left("ReleaseDaysLeft", async () => (await deps.release()).release.expiresAtMs);
}

/** Throws where the trust document ends soon: no appliance does anything from then on. */
export async function requireLastingTrust(deps: Deps): Promise<void> {
  const days = daysUntil(await trustEndsAtMs(deps), deps.nowMs());
  if (days > urgentDays) return;
  throw new AppError("expired", `the trust document ends in ${days} days`, { next: "steward keys trust --renew" });
}

async function trustEndsAtMs(deps: Pick<Deps, "trust">): Promise<number> {
  const { payload } = await deps.trust();
  return trustDocumentSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString("utf8"))).expiresAtMs;
}

function daysUntil(atMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((atMs - nowMs) / dayMs));
}
