import type { SecretVersions } from "@steward/aws/secret-versions";
import type { Context } from "./context.ts";
import { secretAges } from "./stage-secrets.ts";

/** Ages are counted in days: to ask every minute would cost more than the secrets themselves. */
const everyMs = 3_600_000;

/** Makes the measure of how old the secrets' values are, which asks at most once an hour for as long as it is kept. */
export function createSecretMeasure(): (
  deps: Pick<Context, "stage" | "nowMs" | "meter" | "log"> & { versions: SecretVersions },
) => Promise<void> {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return async (deps) => {
    const nowMs = deps.nowMs();
    if (nowMs - askedAtMs < everyMs) return;
    askedAtMs = nowMs;
    try {
      for (const { name, days } of await secretAges(deps)) deps.meter("SecretAgeDays", days, { Secret: name });
    } catch (error) {
      // The next turn asks again; lanes and workers are measured all the same.
      askedAtMs = Number.NEGATIVE_INFINITY;
      deps.log("error", "secrets_not_measured", { error });
    }
  };
}
