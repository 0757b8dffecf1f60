import { listNewestRunsOfAppliance, listRunsPage } from "@steward/aws/records/run";
import { listTasks as listTaskRecords } from "@steward/aws/records/task";
import { releaseWaitSlot, takeWaitSlot, type WaitSlot } from "@steward/aws/records/wait-slot";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { NodeRunView, RunView } from "@steward/contracts/run";
import { type RunStatus, type TaskStatus, taskHasEnded } from "@steward/contracts/states";
import type { GateExplanation, TaskView } from "@steward/contracts/task";
import { explain, gate } from "@steward/core/gate/gate";
import type { Caller, Context } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { loadTask } from "./load-task.ts";
import { loadNode } from "./revoke-node.ts";
import { briefView, fullTaskView, runView, taskView } from "./task-view.ts";

/** One task with its plan and runs. */
export async function viewTask(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { taskId: string },
): Promise<TaskView> {
  return fullTaskView(deps, await loadTask(deps, caller.tenantId, params.taskId));
}

/**
 * The task as soon as its version is above `since` (by default: the version now), or after `wait` seconds as it is. Reading
 * in growing steps keeps a waiting call cheap; an ended task never waits, and neither does a principal's third call at one
 * time: each holds an invocation of a pool that all share.
 */
export async function waitForTask(
  deps: Pick<Context, "table" | "nowMs" | "log"> & { pause: (ms: number) => Promise<void> },
  caller: Caller,
  params: { taskId: string },
  query: {
    wait?: number | undefined;
    since?: number | undefined;
    view?: "full" | "brief" | undefined;
    answerFrom?: number | undefined;
  },
): Promise<TaskView> {
  const untilMs = deps.nowMs() + (query.wait ?? 0) * 1000;
  let since = query.since;
  let slot: WaitSlot | undefined;
  try {
    for (let pauseMs = 50; ; pauseMs = Math.min(500, pauseMs * 1.5)) {
      const full = await viewTask(deps, caller, params);
      const view = query.view === "brief" ? briefView(full) : full;
      const leftMs = untilMs - deps.nowMs();
      since ??= view.version;
      if (view.kind === "support" && view.status === "thinking" && query.answerFrom !== undefined) {
        const { readGrowing } = await import("./read-growing.ts");
        const growing = await readGrowing(deps, { tenantId: caller.tenantId, ...params }, query.answerFrom);
        if (growing !== undefined && (growing.text !== "" || leftMs <= 0)) return { ...view, growing };
      }
      if (view.version > since || taskHasEnded(view.status) || leftMs <= 0) return view;
      slot ??= await takeSlot(deps, caller, untilMs);
      if (slot === undefined) return view;
      // Each look reads every run: of thousands, one a few seconds is enough.
      await deps.pause(Math.min(Math.max(pauseMs, countRuns(view)), leftMs));
    }
  } finally {
    if (slot !== undefined) await releaseSlot(deps, slot);
  }
}

function countRuns(view: TaskView): number {
  return (view.waves ?? []).reduce((sum, wave) => sum + wave.total, 0);
}

/** A waiting call that died keeps its place for so much longer than it could have waited. */
const slotGraceMs = 5_000;

/** Undefined also where the table does not answer: not to wait is never wrong. */
async function takeSlot(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  caller: Caller,
  untilMs: number,
): Promise<WaitSlot | undefined> {
  try {
    return await takeWaitSlot(deps.table, {
      principalId: caller.principal.id,
      owner: caller.requestId,
      slots: defaults.maxWaits,
      nowMs: deps.nowMs(),
      untilMs: untilMs + slotGraceMs,
    });
  } catch (error) {
    deps.log("warn", "wait_slots_unavailable", { error: String(error) });
    return undefined;
  }
}

/** The answer is there: that the place was not given back costs its owner a few seconds of waiting, not the answer. */
async function releaseSlot(deps: Pick<Context, "table" | "log">, slot: WaitSlot): Promise<void> {
  try {
    await releaseWaitSlot(deps.table, slot);
  } catch (error) {
    deps.log("warn", "wait_slots_unavailable", { error: String(error) });
  }
}

/** Tasks, newest first, without their runs. `after` is the record's own key; the API seals it into a cursor. */
export async function listTasks(
  deps: Pick<Context, "table">,
  caller: Caller,
  query: { limit: number; status?: TaskStatus | undefined; after?: string | undefined },
): Promise<{ items: TaskView[]; after?: string }> {
  const page = await listTaskRecords(deps.table, caller.tenantId, {
    limit: query.limit,
    ...(query.status === undefined ? {} : { status: query.status }),
    ...(query.after === undefined ? {} : { after: query.after }),
  });
  return {
    items: page.items.map((task) => briefView(taskView(task))),
    ...(page.after === undefined ? {} : { after: page.after }),
  };
}

/** A task's runs in the order of its targets. `after` is the record's own key; the API seals it into a cursor. */
export async function listRuns(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { taskId: string },
  query: { limit: number; wave?: number; status?: RunStatus; after?: string },
): Promise<{ items: RunView[]; after?: string }> {
  const { tenantId, rolloutId } = await loadTask(deps, caller.tenantId, params.taskId);
  if (rolloutId === undefined) return { items: [] };
  const { limit, wave, status, after } = query;
  const page = await listRunsPage(
    deps.table,
    { tenantId, rolloutId },
    {
      limit,
      ...(after === undefined ? {} : { after }),
      accept: (run) => (wave === undefined || run.wave === wave) && (status === undefined || run.status === status),
    },
  );
  return { items: page.items.map(runView), ...(page.after === undefined ? {} : { after: page.after }) };
}

/** What has run on one appliance and what is to, of all tasks, the newest first. */
export async function listNodeRuns(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { nodeId: string },
  page: { limit: number; after?: string },
): Promise<{ items: NodeRunView[]; after?: string }> {
  const { nodeId, tenantId } = await loadNode(deps, caller.tenantId, params.nodeId);
  const { items, after } = await listNewestRunsOfAppliance(deps.table, { tenantId, applianceId: nodeId }, page);
  return {
    items: items.map((run) => ({
      ...runView(run),
      taskId: run.taskId,
      createdAt: new Date(run.createdAtMs).toISOString(),
    })),
    ...(after === undefined ? {} : { after }),
  };
}

/**
 * Every rule with its verdict, asked now: at the next moment that this task comes to. Where it waits for a yes, also what
 * the caller's would be good for.
 */
export async function explainGate(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  caller: Caller,
  params: { taskId: string },
): Promise<GateExplanation> {
  const task = await loadTask(deps, caller.tenantId, params.taskId);
  const { plan } = task;
  if (plan === undefined) {
    throw new AppError("invalid_transition", "this task has no plan yet, so no rule has decided");
  }
  const moment = task.rolloutId === undefined ? "plan" : "doorbell";
  const [context, own] = await Promise.all([
    gateContext(deps, task, plan, moment),
    task.status !== "awaiting_approval" || caller.principal.kind !== "person"
      ? undefined
      : gateContext(deps, task, plan, "approval", {
          approver: { id: caller.principal.id, role: caller.role },
          approvedPlanHash: plan.planHash,
        }),
  ]);
  return { ...explain(plan, context), ...(own === undefined ? {} : { yourYes: gate(plan, own) }) };
}
