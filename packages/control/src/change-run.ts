import { getRun, replaceRun } from "@steward/aws/records/run";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { runHasEnded } from "@steward/contracts/states";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { RunEvent, RunState } from "@steward/core/run/run-state";
import { audited } from "./audit.ts";
import { forgetDoorbell } from "./doorbell.ts";
import type { Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/**
 * One event on one run, decided on the run as it was read; where somebody else was first, on the run as it is then. What
 * has ended meanwhile stays as it is. Answers what it is afterwards.
 */
export async function changeRun(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  known: RunState,
  event: Exclude<RunEvent, { type: "send" }>,
  who: string,
): Promise<RunState | undefined> {
  let run: RunState | undefined = known;
  return retryOnConflict(async () => {
    run ??= await getRun(deps.table, { tenantId: known.tenantId, runId: known.runId });
    const before = run;
    run = undefined;
    if (before === undefined) return undefined;
    // Only a further attempt leads out of an end.
    if (runHasEnded(before.status) && event.type !== "retry" && event.type !== "begin_undo") return before;
    let step: ReturnType<typeof reduceRun>;
    try {
      step = reduceRun(before, event, deps.nowMs());
    } catch (error) {
      // It moved on between the decision and now, for example started while we were ringing.
      if (hasCode(error, "invalid_transition")) return before;
      throw error;
    }
    if (step.state === before) return before;
    const { tenantId, runId } = before;
    const what = `${event.type.replaceAll("_", "-")}-run`;
    await commit(deps.table, [
      replaceRun(before, step.state),
      // Both say that somebody waits, many times, and decide nothing.
      ...(event.type === "ring" || event.type === "await_place"
        ? []
        : [audited(deps.nowMs(), { tenantId, who, what, record: runId, before, after: step.state })]),
    ]);
    if (step.effects.some((effect) => effect.type === "forget_doorbell")) {
      await forgetDoorbell(deps, before.applianceId, runId);
    }
    return step.state;
  });
}
