import { listRunsOfRollout } from "@steward/aws/records/run";
import type { RunView } from "@steward/contracts/run";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import type { RunState } from "@steward/core/run/run-state";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";

const iso = (timeMs: number) => new Date(timeMs).toISOString();

export function runView(run: RunState): RunView {
  return {
    id: run.runId,
    applianceId: run.applianceId,
    applianceName: run.applianceName,
    wave: run.wave,
    attempt: run.attempt,
    status: run.status,
    steps: run.steps,
    ...(run.executor === undefined ? {} : { executor: run.executor }),
    ...(run.startedAtMs === undefined ? {} : { startedAt: iso(run.startedAtMs) }),
    ...(run.endedAtMs === undefined ? {} : { endedAt: iso(run.endedAtMs) }),
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(run.output === undefined ? {} : { outputBytes: run.output.bytes }),
  };
}

/** A task as people see it. `version` grows with every change of the task or of one of its runs. */
export function taskView(task: TaskState, runs?: readonly RunState[]): TaskView {
  return {
    id: task.taskId,
    tenantId: task.tenantId,
    kind: task.kind,
    status: task.status,
    version: task.version + (runs ?? []).reduce((sum, run) => sum + run.version, 0),
    mode: task.mode,
    requestedBy: task.requestedBy,
    ...(task.source === undefined ? {} : { source: task.source }),
    targets: task.targets,
    createdAt: iso(task.createdAtMs),
    updatedAt: iso(Math.max(task.updatedAtMs, ...(runs ?? []).map((run) => run.updatedAtMs))),
    ...(task.instruction === undefined ? {} : { instruction: task.instruction }),
    ...(task.dueAtMs === undefined || taskHasEnded(task.status) ? {} : { expiresAt: iso(task.dueAtMs) }),
    ...(task.question === undefined ? {} : { question: task.question }),
    ...(task.plan === undefined ? {} : { plan: task.plan }),
    ...(task.gate === undefined ? {} : { gate: task.gate }),
    ...(task.planning === undefined ? {} : { planning: task.planning }),
    ...(task.approval === undefined ? {} : { approval: { by: task.approval.by, at: iso(task.approval.atMs) } }),
    ...(task.breakGlass === undefined ? {} : { breakGlass: breakGlassView(task.breakGlass) }),
    ...(task.result === undefined ? {} : { result: task.result }),
    ...(runs === undefined ? {} : { runs: runs.map(runView) }),
  };
}

function breakGlassView({ by, name, reason, atMs }: NonNullable<TaskState["breakGlass"]>) {
  return { by, name, reason, at: iso(atMs) };
}

/** The task with its runs. */
export async function fullTaskView(deps: Pick<Context, "table">, task: TaskState): Promise<TaskView> {
  const runs =
    task.rolloutId === undefined
      ? []
      : await listRunsOfRollout(deps.table, { tenantId: task.tenantId, rolloutId: task.rolloutId });
  return taskView(task, runs);
}
