import { listRunsOfRollout } from "@steward/aws/records/run";
import { listTasks } from "@steward/aws/records/task";
import { hasCode } from "@steward/contracts/errors";
import type { CleanupAnswer, CommandStats } from "@steward/contracts/commands";
import { runHasEnded, taskHasEnded, type TaskStatus } from "@steward/contracts/states";
import { isOverdue, judgeStuck } from "@steward/core/run/judge-stuck";
import { doorbellOf } from "@steward/core/node/node-state";
import type { RunState } from "@steward/core/run/run-state";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import type { Caller, Context } from "./context.ts";
import { loadNodes } from "./load-targets.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { sendAfterCommit } from "./send-later.ts";
import { storeTask } from "./store-task.ts";
import { loadTask } from "./load-task.ts";

/** Running tasks that one call looks at, newest first. */
const maxTasks = 50;
const maxStuck = 50;

/** What is under way in the tenant. All of it is counted from the records as they are now. */
export async function commandStats(deps: Pick<Context, "table" | "nowMs">, caller: Caller): Promise<CommandStats> {
  const nowMs = deps.nowMs();
  const [running, waiting] = await Promise.all([
    runningTasks(deps, caller.tenantId),
    listTasks(deps.table, caller.tenantId, { status: "awaiting_approval", limit: 200 }),
  ]);
  const { runs, more } = await runsOfAll(deps, running.tasks);
  const open = runs.filter((run) => !runHasEnded(run.status));
  const told = open.filter((run) => run.sentAtMs !== undefined && run.startedAtMs === undefined);
  const started = open.filter((run) => run.startedAtMs !== undefined);
  const nodes = await loadNodes(
    deps,
    caller.tenantId,
    told.map((run) => run.applianceId),
  );
  const bySsm = told.filter((_, index) => {
    const node = nodes[index];
    return node !== undefined && doorbellOf(node) === "ssm";
  }).length;
  const counts: Record<string, number> = {};
  for (const run of runs) counts[run.status] = (counts[run.status] ?? 0) + 1;
  const longest = (since: (run: RunState) => number | undefined, of: readonly RunState[]) =>
    Math.round(of.reduce((most, run) => Math.max(most, nowMs - (since(run) ?? nowMs)), 0) / 1000);
  return {
    tasks: { running: running.tasks.length, waitingForApproval: waiting.items.length },
    runs: counts,
    doorbells: {
      pull: told.length - bySsm,
      ssm: bySsm,
      again: told.filter((run) => (run.rings ?? 0) > 1).length,
      refused: open.reduce((sum, run) => sum + (run.ringsRefused ?? 0), 0),
    },
    ...(told.length === 0 ? {} : { longestWaitSeconds: longest((run) => run.sentAtMs, told) }),
    ...(started.length === 0 ? {} : { longestRunSeconds: longest((run) => run.startedAtMs, started) }),
    stuck: open
      .flatMap((run) => {
        const stuck = judgeStuck(run, nowMs);
        const { taskId, runId, applianceId, applianceName, status } = run;
        return stuck === undefined ? [] : [{ taskId, runId, applianceId, applianceName, status, ...stuck }];
      })
      .sort((a, b) => b.forSeconds - a.forSeconds)
      .slice(0, maxStuck),
    more: running.more || more,
  };
}

/**
 * Ends what is past its deadline now instead of at the reconciler's next round: tasks here, runs by the dispatcher, which
 * alone may. Doing it twice changes nothing.
 */
export async function cleanupCommands(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">,
  caller: Caller,
): Promise<CleanupAnswer> {
  const { tenantId } = caller;
  const ended: CleanupAnswer = { tasks: [], runs: [] };
  for (const status of ["queued", "thinking", "needs_input", "awaiting_approval"] as const) {
    const { items } = await listTasks(deps.table, tenantId, { status, limit: 200 });
    for (const { taskId, dueAtMs } of items) {
      if (dueAtMs !== undefined && deps.nowMs() >= dueAtMs && (await expireTask(deps, caller, taskId)))
        ended.tasks.push(taskId);
    }
  }
  for (const task of (await runningTasks(deps, tenantId)).tasks) {
    const overdue = (await runsOf(deps, task)).filter((run) => isOverdue(run, deps.nowMs()));
    if (overdue.length === 0 || task.rolloutId === undefined) continue;
    ended.runs.push(...overdue.map(({ runId }) => runId));
    await sendAfterCommit(deps, "rollouts", { tenantId, rolloutId: task.rolloutId }, tenantId);
  }
  return ended;
}

/** Whether it was this call that ended it: the reconciler may have been quicker, or somebody approved it just then. */
async function expireTask(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">,
  caller: Caller,
  taskId: string,
): Promise<boolean> {
  return retryOnConflict(async () => {
    const task = await loadTask(deps, caller.tenantId, taskId);
    if (taskHasEnded(task.status)) return false;
    try {
      const { state, effects } = reduceTask(task, { type: "expire" }, deps.nowMs());
      if (state === task) return false;
      const { requestId } = caller;
      const who = caller.principal.id;
      await storeTask(deps, { before: task, after: state, effects, who, what: "expire-task", requestId });
      return true;
    } catch (error) {
      if (hasCode(error, "invalid_transition")) return false;
      throw error;
    }
  });
}

async function runningTasks(
  deps: Pick<Context, "table">,
  tenantId: string,
): Promise<{ tasks: TaskState[]; more: boolean }> {
  const pages = await Promise.all(
    (["running", "cancelling"] satisfies TaskStatus[]).map((status) =>
      listTasks(deps.table, tenantId, { status, limit: maxTasks }),
    ),
  );
  return { tasks: pages.flatMap(({ items }) => items), more: pages.some(({ after }) => after !== undefined) };
}

/** Runs that one call counts: what a function can hold. */
const maxRuns = 10_000;

/** Task by task, the newest first, until there are more runs than one call can hold. */
async function runsOfAll(
  deps: Pick<Context, "table">,
  tasks: readonly TaskState[],
): Promise<{ runs: RunState[]; more: boolean }> {
  const runs: RunState[] = [];
  for (const task of tasks) {
    if (runs.length > 0 && runs.length + task.targets.length > maxRuns) return { runs, more: true };
    runs.push(...(await runsOf(deps, task)));
  }
  return { runs, more: false };
}

async function runsOf(deps: Pick<Context, "table">, { tenantId, rolloutId }: TaskState): Promise<RunState[]> {
  return rolloutId === undefined ? [] : listRunsOfRollout(deps.table, { tenantId, rolloutId });
}
