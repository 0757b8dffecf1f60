import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { commit, type Write } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { judgeLateStart, takePlace } from "@steward/core/rollout/judge-late-start";
import type { RunState } from "@steward/core/run/run-state";
import { changeRun } from "./change-run.ts";
import type { Context } from "./context.ts";
import { fleetOf } from "./fleet-of.ts";

/**
 * The place of an appliance that was away went to another: when it comes back, it asks for one. It is taken first and
 * counted then: a dispatcher that has counted the places before sends nothing more (`rolloutUnchanged`), and what it has sent
 * until then is counted here. What is answered belongs into the transaction of the start: no dispatcher has decided since.
 *
 *     dispatch   v7: 1 place free ─────────────── send ✗ conflict: counted again
 *     late start       1 place free ── take it, v8 ✓ ── still 1 free ── start and v9 ✓
 *
 * Throws `denied_by_gate` where there is none: the appliance asks again in a while, and the next place is kept for it.
 */
export async function askForPlace(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  run: RunState,
  nowMs: number,
  who: string,
): Promise<Write[]> {
  const key = { tenantId: run.tenantId, rolloutId: run.rolloutId };
  const rollout = await getRollout(deps.table, key);
  if (rollout === undefined) return [];
  const fleet = await fleetOf(deps, rollout);
  const judge = async () => {
    const none = judgeLateStart(rollout, await listRunsOfRollout(deps.table, key), run, nowMs, fleet);
    if (none === undefined) return;
    if (none.isFull) await changeRun(deps, run, { type: "await_place" }, who);
    throw new AppError("denied_by_gate", none.why, { retryAfterSeconds: 30 });
  };
  // First of all: those for whom there is no place ask every minute, and must not keep the dispatcher from sending.
  await judge();
  const taken = takePlace(rollout, nowMs);
  await commit(deps.table, [replaceRollout(rollout, taken)]);
  await judge();
  return [replaceRollout(taken, { ...taken, version: taken.version + 1 })];
}
