import { replaceRun } from "@steward/aws/records/run";
import { commit } from "@steward/aws/table";
import { redact, redactText, whole } from "@steward/contracts/redact";
import type { RunResult, StepResult } from "@steward/contracts/run";
import { reduceRun } from "@steward/core/run/reduce-run";
import { audited } from "./audit.ts";
import { forgetDoorbell } from "./doorbell.ts";
import type { Context, NodeCaller } from "./context.ts";
import { loadOwnRun } from "./load-run.ts";
import { offerRunSecrets } from "./offer-run-secrets.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { wakeRollout } from "./wake-rollout.ts";

/** How a run ended, as the appliance says. The same result again is accepted again and changes nothing. */
export async function recordRun(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log" | "meter">,
  node: NodeCaller,
  params: { runId: string },
  body: RunResult,
): Promise<{ accepted: boolean; status: string }> {
  let recorded = false;
  // What a step found, or why it failed, is the machine's text: an older agent may not have looked through it.
  const steps = body.steps.map((step) => ({
    ...(redact(step, whole) as StepResult),
    // Names, not values.
    ...(step.secrets === undefined ? {} : { secrets: step.secrets }),
  }));
  const reason = body.reason === undefined ? {} : { reason: redactText(body.reason) };
  const run = await retryOnConflict(async () => {
    const current = await loadOwnRun(deps, node, params.runId);
    const nowMs = deps.nowMs();
    const { state } = reduceRun(current, { type: "result", ...body, ...reason, steps }, nowMs);
    if (state === current) return current;
    await commit(deps.table, [
      replaceRun(current, state),
      ...(await offerRunSecrets(deps, current, steps, nowMs)),
      audited(nowMs, {
        tenantId: current.tenantId,
        who: node.nodeId,
        what: "record-run",
        record: current.runId,
        before: current,
        after: state,
        requestId: current.requestId ?? node.requestId,
      }),
    ]);
    recorded = true;
    return state;
  });
  if (recorded) deps.meter("RunsEnded", 1, { Status: body.status });
  // Also where it was recorded before: whoever recorded it may have died before this.
  await forgetDoorbell(deps, node.nodeId, run.runId);
  await wakeRollout(deps, run);
  return { accepted: true, status: run.status };
}
