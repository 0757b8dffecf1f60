import { listRunsOfRollout } from "@steward/aws/records/run";
import type { Action } from "@steward/contracts/actions";
import type { TaskResults } from "@steward/contracts/commands";
import { runHasEnded } from "@steward/contracts/states";
import { groupRuns, shownGroups } from "@steward/core/run/group-runs";
import type { RunState } from "@steward/core/run/run-state";
import type { Caller, Context } from "./context.ts";
import { loadTask } from "./load-task.ts";

/**
 * What the appliances said. Equal answers stand together; an action whose answers are never quite the same (how full the
 * disks are) says what of them is looked at. What failed comes first, then what its action says needs a look.
 */
export async function viewResults(
  deps: Pick<Context, "table" | "actions">,
  caller: Caller,
  params: { taskId: string },
): Promise<TaskResults> {
  const task = await loadTask(deps, caller.tenantId, params.taskId);
  const { tenantId, rolloutId } = task;
  const runs = rolloutId === undefined ? [] : await listRunsOfRollout(deps.table, { tenantId, rolloutId });
  const ended = runs.filter((run) => runHasEnded(run.status) || run.status === "unreachable");
  const groups = groupRuns(
    ended,
    (run) => contentOf(run, deps.actions),
    ({ steps, rank: _rank, ...content }) =>
      content.glance === undefined ? { ...content, steps } : { ...content, steps: steps.map(({ status }) => status) },
  ).sort((a, b) => urgency(b) - urgency(a) || b.rank - a.rank || b.count - a.count);
  return {
    taskId: task.taskId,
    status: task.status,
    appliances: task.targets.length,
    answered: ended.length,
    groups: groups.slice(0, shownGroups).map(({ rank: _rank, ...group }) => group),
    moreGroups: Math.max(0, groups.length - shownGroups),
  };
}

function urgency({ status }: { status: RunState["status"] }): number {
  return status === "failed" || status === "unreachable" ? 1 : 0;
}

function contentOf(run: RunState, actions: readonly Action[]) {
  const glances = run.steps.flatMap((step) => {
    const glance = actions.find((action) => action.id === step.action)?.glance;
    const seen = step.result === undefined ? undefined : glance?.(step.result);
    return seen === undefined ? [] : [seen];
  });
  return {
    status: run.status,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(glances.length === 0 ? {} : { glance: glances.map(({ text }) => text).join("; ") }),
    rank: Math.max(0, ...glances.map(({ rank = 0 }) => rank)),
    steps: run.steps.map(({ durationMs: _durationMs, slowest: _slowest, ...step }) => step),
  };
}
