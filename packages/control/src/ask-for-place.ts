import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { listRunsOfRollout } from "@steward/aws/records/run";
import type { Write } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { judgeLateStart, takePlace } from "@steward/core/rollout/judge-late-start";
import type { RunState } from "@steward/core/run/run-state";
import type { Context } from "./context.ts";
import { fleetOf } from "./fleet-of.ts";

/**
 * The place of an appliance that was away went to another: when it comes back, it asks for one. What is answered belongs
 * into the transaction of the start: whoever has counted the places before counts again.
 *
 *     dispatch   read v7: 1 place free ───────────────────────── v8 ✗ conflict: counted again
 *     late start       read v7: 1 place free ── start and v8 ✓
 *
 * Throws `denied_by_gate` where there is none: the appliance asks again in a while.
 */
export async function askForPlace(
  deps: Pick<Context, "table" | "nowMs">,
  run: RunState,
  nowMs: number,
): Promise<Write[]> {
  const key = { tenantId: run.tenantId, rolloutId: run.rolloutId };
  const rollout = await getRollout(deps.table, key);
  if (rollout === undefined) return [];
  const [runs, fleet] = await Promise.all([listRunsOfRollout(deps.table, key), fleetOf(deps, rollout)]);
  const why = judgeLateStart(rollout, runs, run, nowMs, fleet);
  if (why !== undefined) throw new AppError("denied_by_gate", why, { retryAfterSeconds: 30 });
  return [replaceRollout(rollout, takePlace(rollout, nowMs))];
}
