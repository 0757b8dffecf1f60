import { gateUnchanged, readGateEpoch } from "@steward/aws/records/gate-epoch";
import { getEnvelope, replaceRun } from "@steward/aws/records/run";
import { commit } from "@steward/aws/table";
import { envelopeSchema } from "@steward/contracts/envelope";
import { AppError } from "@steward/contracts/errors";
import type { ExecutorName } from "@steward/contracts/run";
import type { SignedDocument } from "@steward/contracts/signed";
import { gate } from "@steward/core/gate/gate";
import { isAway } from "@steward/core/rollout/recount";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { RunState } from "@steward/core/run/run-state";
import { audited } from "./audit.ts";
import type { Context, NodeCaller } from "./context.ts";
import { forgetDoorbell } from "./doorbell.ts";
import { gateContext } from "./gate-context.ts";
import { loadOwnRun } from "./load-run.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/**
 * `sent → running` on the server's clock, with the gate asked again. Only after this answer does anything run. The same
 * ledger id gets the same answer, another one is refused: this, not the network, makes a run happen once. A freeze, a
 * cancellation or whatever else the gate looks at that is committed before the start is, is obeyed (`gate-epoch.ts`).
 */
export async function startRun(
  deps: Pick<Context, "table" | "nowMs" | "release" | "log">,
  node: NodeCaller,
  params: { runId: string },
  body: { attempt: number; ledgerId: string; executor: ExecutorName },
): Promise<{ startedAtMs: number; deadlineMs: number; serverTimeMs: number }> {
  const started = await retryOnConflict(async () => {
    const run = await loadOwnRun(deps, node, params.runId);
    const nowMs = deps.nowMs();
    const { state } = reduceRun(
      run,
      { type: "start", attempt: body.attempt, ledgerId: body.ledgerId, executor: body.executor },
      nowMs,
    );
    if (state === run) return run;
    // Before anything that the gate is told: what changes from here on makes the commit below fail, and this is asked again.
    const epoch = await readGateEpoch(deps.table, { tenantId: run.tenantId, runId: run.runId });
    const task = await loadTask(deps, run.tenantId, run.taskId);
    if (task.plan === undefined || task.status !== "running") {
      throw new AppError("denied_by_gate", `the task is ${task.status}; nothing starts any more`);
    }
    // The appliance runs what was signed, the gate judges what is stored: they have to be one.
    if (!commands(await getEnvelope(deps.table, run), task.plan.planHash, run)) {
      throw new AppError("denied_by_gate", "what was sent to the appliance is not the plan of this task");
    }
    const context = await gateContext(deps, task, task.plan, "start", { targetIds: [run.applianceId] });
    const decision = gate(task.plan, context);
    if (decision.decision !== "allow") {
      const why = decision.reasons.filter((reason) => reason.decision !== "allow").map((reason) => reason.why);
      throw new AppError("denied_by_gate", why.join("; "), { retryAfterSeconds: 30 });
    }
    // Few are: the others do not load what it takes.
    const place = isAway(run, nowMs)
      ? await (await import("./ask-for-place.ts")).askForPlace(deps, run, nowMs, node.nodeId)
      : [];
    await commit(deps.table, [
      replaceRun(run, state),
      ...place,
      ...gateUnchanged(epoch),
      audited(nowMs, {
        tenantId: run.tenantId,
        who: node.nodeId,
        what: "start-run",
        record: run.runId,
        before: run,
        after: state,
        requestId: run.requestId ?? node.requestId,
      }),
    ]);
    return state;
  });
  await forgetDoorbell(deps, node.nodeId, params.runId);
  return {
    startedAtMs: started.startedAtMs ?? 0,
    deadlineMs: started.deadlineAtMs ?? 0,
    serverTimeMs: deps.nowMs(),
  };
}

/** Whether the signed command is for this attempt of this run, for this plan, and to do or to undo it as the run says. What cannot be read is not. */
function commands(
  envelope: SignedDocument | undefined,
  planHash: string,
  run: Pick<RunState, "runId" | "attempt" | "operation">,
): boolean {
  if (envelope === undefined) return false;
  const payload = envelopeSchema.safeParse(JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8")));
  return (
    payload.success &&
    payload.data.planHash === planHash &&
    payload.data.runId === run.runId &&
    payload.data.attempt === run.attempt &&
    payload.data.operation === run.operation
  );
}
