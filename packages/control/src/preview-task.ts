import { listRunsOfRollout } from "@steward/aws/records/run";
import { replaceTask } from "@steward/aws/records/task";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { PreviewView } from "@steward/contracts/preview";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { gate } from "@steward/core/gate/gate";
import { previewPlan } from "@steward/core/planning/preview-plan";
import { groupRuns, shownGroups } from "@steward/core/run/group-runs";
import type { RunState } from "@steward/core/run/run-state";
import { newTask } from "@steward/core/task/new-task";
import { reduceTask } from "@steward/core/task/reduce-task";
import { acceptOnce } from "./accept-once.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { loadTask } from "./load-task.ts";
import { countTask } from "./quotas.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

type Deps = Pick<Context, "table" | "queues" | "release" | "nowMs" | "secret" | "log">;

/**
 * Looks what a plan that waits for its approval would change: a task of its own with the same content in the mode `check`,
 * judged by the gate like any. Throws `invalid_transition` for a task that does not wait for an approval.
 */
export async function previewTask(
  deps: Deps,
  caller: Caller,
  params: { taskId: string },
  repeatable?: Repeatable,
): Promise<TaskView> {
  return acceptOnce(deps, caller, repeatable, {
    count: () => countTask(deps, caller.tenantId),
    accept: (previewId) => retryOnConflict(() => begin(deps, caller, params.taskId, previewId)),
    shown: (task) => fullTaskView(deps, task),
  });
}

async function begin(deps: Deps, caller: Caller, taskId: string, previewId: string): Promise<TaskView> {
  const nowMs = deps.nowMs();
  const original = await loadTask(deps, caller.tenantId, taskId);
  const noted = reduceTask(original, { type: "preview", previewTaskId: previewId }, nowMs).state;
  if (original.plan === undefined || noted === original) {
    throw new AppError("invalid_transition", "this task has no plan to look at");
  }
  const plan = previewPlan(original.plan, previewId);
  const preview = newTask(
    {
      tenantId: original.tenantId,
      taskId: previewId,
      kind: "action",
      requestId: caller.requestId,
      requestedBy: { id: caller.principal.id, name: caller.principal.name },
      targets: original.targets,
      mode: "check",
      verbosity: original.verbosity,
      previewOf: taskId,
      ...(original.instruction === undefined ? {} : { instruction: original.instruction }),
    },
    nowMs,
  );
  const decision = gate(plan, await gateContext(deps, preview, plan, "plan"));
  const { state, effects } = reduceTask(
    preview,
    { type: "plan", plan, gate: decision, rolloutId: newId("rollout", nowMs) },
    nowMs,
  );
  await storeTask(deps, {
    after: state,
    effects,
    who: caller.principal.id,
    what: "preview-task",
    requestId: caller.requestId,
    writes: [replaceTask(original, noted)],
  });
  return fullTaskView(deps, state);
}

/** What the newest preview found so far. Throws `not_found` where none was asked for. */
export async function viewPreview(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { taskId: string },
): Promise<PreviewView> {
  const asked = await loadTask(deps, caller.tenantId, params.taskId);
  const preview =
    asked.previewTaskId === undefined ? asked : await loadTask(deps, caller.tenantId, asked.previewTaskId);
  if (preview.previewOf === undefined || preview.plan === undefined) {
    throw new AppError("not_found", "nobody has asked for a preview of this task yet", {
      next: `ask for one: steward tasks preview ${asked.taskId}`,
    });
  }
  const { tenantId, rolloutId } = preview;
  const runs = rolloutId === undefined ? [] : await listRunsOfRollout(deps.table, { tenantId, rolloutId });
  const groups = groupRuns(
    runs.filter((run) => runHasEnded(run.status)),
    contentOf,
  );
  return {
    taskId: preview.taskId,
    previewOf: preview.previewOf,
    status: preview.status,
    contentHash: preview.plan.contentHash,
    startedAt: new Date(preview.createdAtMs).toISOString(),
    ...(taskHasEnded(preview.status) ? { endedAt: new Date(preview.updatedAtMs).toISOString() } : {}),
    appliances: preview.targets.length,
    groups: groups.slice(0, shownGroups),
    moreGroups: Math.max(0, groups.length - shownGroups),
  };
}

function contentOf(run: RunState) {
  return {
    status: run.status,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    steps: run.steps.map(({ action, status, changed, changes, reason }) => ({
      action,
      status,
      changed,
      ...(changes === undefined ? {} : { changes }),
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}
