import { claimLook } from "@steward/aws/records/rollout-look";
import type { RunState } from "@steward/core/run/run-state";
import type { Context } from "./context.ts";
import { sendAfterCommit } from "./send-later.ts";

/** Up to so many runs each result is looked at when it comes. */
const atOnceUpTo = 50;
/** For each further thousand a second: so often are all of them counted. */
const runsPerSecond = 1_000;

/** Has the rollout of a run looked at, now that the run has changed; of many runs, with others that change meanwhile. */
export async function wakeRollout(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log">,
  { tenantId, rolloutId, of = 1 }: Pick<RunState, "tenantId" | "rolloutId" | "of">,
): Promise<void> {
  if (of <= atOnceUpTo) {
    await sendAfterCommit(deps, "rollouts", { tenantId, rolloutId }, tenantId);
    return;
  }
  const delaySeconds = Math.ceil(of / runsPerSecond);
  const nowMs = deps.nowMs();
  try {
    if (!(await claimLook(deps.table, { tenantId, rolloutId }, { nowMs, atMs: nowMs + delaySeconds * 1000 }))) return;
  } catch (error) {
    // One look too many is better than none.
    deps.log("warn", "look_not_claimed", { tenantId, rolloutId, error: String(error) });
  }
  await sendAfterCommit(deps, "rollouts", { tenantId, rolloutId }, tenantId, { delaySeconds });
}
