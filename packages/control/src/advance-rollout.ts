import { createNotice } from "@steward/aws/records/notice";
import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { createRun, listRunsOfRollout } from "@steward/aws/records/run";
import { replaceTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import { noticesOf } from "@steward/core/notification/notices-of";
import type { NoticeState } from "@steward/core/notification/notification-state";
import { advanceRollout as decide, type RolloutEffect } from "@steward/core/rollout/advance-rollout";
import type { Fleet } from "@steward/core/rollout/fleet-view";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { isOverdue, overdueEvent } from "@steward/core/run/judge-stuck";
import type { RunState } from "@steward/core/run/run-state";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { audited } from "./audit.ts";
import { changeRun } from "./change-run.ts";
import type { Context, WithSigner } from "./context.ts";
import type { WithDoorbell } from "./doorbell.ts";
import { fleetOf } from "./fleet-of.ts";
import { inParallel } from "./in-parallel.ts";
import { loadTask } from "./load-task.ts";
import { goOnFor } from "./request-scope.ts";
import { ringRuns } from "./ring-runs.ts";
import { sendAfterCommit } from "./send-later.ts";
import { heldAmong, sendRuns } from "./send-runs.ts";
import { sendNotices } from "./send-notices.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "release" | "log" | "meter"> & WithSigner & WithDoorbell;

const who = "steward:dispatch";
/** The function has 50 s, and what is under way when the time is over still comes to its end. */
const budgetMs = 20_000;
/** Each pass may make the next one possible (create, send, ring); more than so many in one go means a mistake. */
const maxPasses = 100;
const atOnce = 16;

/**
 * Takes a rollout as far as it goes now. Everything is decided from the runs as they are, every effect may be made
 * twice, and every write is conditional: killed anywhere, the next call goes on from there. What takes longer than one
 * call has time for is the next one's, which a message asks for.
 */
export async function advanceRollout(
  deps: Deps,
  message: { tenantId: string; rolloutId: string },
  options: { budgetMs?: number } = {},
): Promise<void> {
  const untilMs = performance.now() + (options.budgetMs ?? budgetMs);
  const held: HeldRuns = new Map();
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const outcome = await tryPass(deps, message, { untilMs, held });
    if (outcome === "settled") return;
    if (outcome === "cut" || performance.now() >= untilMs) {
      await sendAfterCommit(deps, "rollouts", message, message.tenantId);
      return;
    }
  }
  // It is due again within the minute.
  deps.log("error", "rollout_goes_in_circles", { ...message });
}

/** `settled`: nothing more is to be done now. `cut`: the time was over before all of it was done. */
type Outcome = "settled" | "again" | "cut";

/**
 * What the gate holds, and until when, where that is known. Noted for one call: those behind them come, and nobody is asked
 * about twice.
 */
type HeldRuns = Map<string, number | undefined>;

interface Call {
  untilMs: number;
  held: HeldRuns;
}

/** Somebody else decided at the same time: it is decided anew, on what is there then, for as long as there is time. */
async function tryPass(deps: Deps, message: { tenantId: string; rolloutId: string }, call: Call): Promise<Outcome> {
  for (;;) {
    try {
      return await onePass(deps, message, call);
    } catch (error) {
      if (!hasCode(error, "conflict")) throw error;
      if (performance.now() >= call.untilMs) return "cut";
    }
  }
}

async function onePass(deps: Deps, message: { tenantId: string; rolloutId: string }, call: Call): Promise<Outcome> {
  const { untilMs, held } = call;
  const rollout = await getRollout(deps.table, message);
  if (rollout === undefined) return "settled";
  goOnFor(rollout.requestId);
  const [runs, task, fleet] = await Promise.all([
    listRunsOfRollout(deps.table, message),
    loadTask(deps, rollout.tenantId, rollout.taskId),
    fleetOf(deps, rollout),
  ]);
  const { state, effects } = decide(rollout, runs, deps.nowMs(), fleet, new Set(held.keys()));
  if (effects.some((effect) => effect.type === "finish_task")) {
    await finish(deps, rollout, state, task);
    return "settled";
  }
  // First: of two that decide at one time only one acts, and a rollout that was stopped stays so whatever dies now. What
  // is not carried out is decided again, from the runs.
  if (state !== rollout) await commit(deps.table, [replaceRollout(rollout, state)]);
  const pass: Pass = { rollout: state, runs, task, fleet, ...call };
  const allowed = await stillAllowed(deps, pass, effects);
  const knownHeld = held.size;
  const carried = await carryOut(deps, pass, allowed);
  if (carried === "settled" && held.size > knownHeld && (await lookPastHeld(deps, pass))) return "again";
  if (carried === "settled") await sleepWhileHeld(deps, pass);
  // The reconciler does the same within a minute; whoever cleans up does not want to wait for it.
  const overdue = runs.filter((run) => isOverdue(run, deps.nowMs()));
  if (carried === "cut" || overdue.length === 0) return carried;
  const isDone = await inParallel(
    overdue,
    atOnce,
    (run) => changeRun(deps, run, { type: overdueEvent(run) }, who),
    untilMs,
  );
  return isDone ? "again" : "cut";
}

/**
 * Whoever decided by the version before may have sent until that commit, after these runs were read, and taken places that
 * are not free any more: what is sent is decided once more, from the runs as they are.
 *
 *     one    v7: places 1 and 2 ──── send 1 ✓ ──────────────────── send 2 ✓
 *     other  read v7, runs: 2 free ──────────── v8 ✓ ── runs: 1 free ── send 2: one of them does
 *
 * Both take the runs in one order, so that they mean the same ones, and each is sent once. What the first sends after the
 * second has looked is not fenced off: with the version as the fence, dispatchers that look at one time undid each other's
 * sending without an end. Only where they mean different ones (a window opens between them, an appliance falls ill) may
 * `maxConcurrency` be exceeded, by what the first still sends.
 */
async function stillAllowed(
  deps: Deps,
  pass: Pass,
  effects: readonly RolloutEffect[],
): Promise<readonly RolloutEffect[]> {
  if (!effects.some((effect) => effect.type === "send_run")) return effects;
  const { tenantId, rolloutId } = pass.rollout;
  const runs = await listRunsOfRollout(deps.table, { tenantId, rolloutId });
  const toSend = new Set(sendsOf(deps, { ...pass, runs }));
  return effects.filter((effect) => effect.type !== "send_run" || toSend.has(effect.runId));
}

/** Who would be sent to, were it decided now. */
function sendsOf(deps: Deps, { rollout, runs, fleet, held }: Pass): string[] {
  const { effects } = decide(rollout, runs, deps.nowMs(), fleet, new Set(held.keys()));
  return effects.flatMap((effect) => (effect.type === "send_run" ? [effect.runId] : []));
}

interface Pass extends Call {
  rollout: RolloutState;
  runs: RunState[];
  task: TaskState;
  fleet: Fleet | undefined;
}

/**
 * Whether behind those that the gate holds there is somebody whom it does not hold (another site, whose window is open). All
 * who are held on the way are noted; where the time is over before, the next look begins anew.
 */
async function lookPastHeld(deps: Deps, pass: Pass): Promise<boolean> {
  const { held, task, untilMs } = pass;
  const byId = new Map(pass.runs.map((run) => [run.runId, run]));
  while (performance.now() < untilMs) {
    const next = sendsOf(deps, pass).flatMap((runId) => byId.get(runId) ?? []);
    if (next.length === 0) return false;
    const asked = await heldAmong(deps, next, { task, untilMs });
    for (const one of asked.held) held.set(one.runId, one.untilMs);
    if (asked.everybody) return false;
    if (asked.held.length < next.length) return performance.now() < untilMs;
  }
  return false;
}

/**
 * A held rollout is looked at when the first of its runs may go, and now and then in case that was lost: every two minutes,
 * and less often where thousands are asked about each time.
 */
function heldLookMs({ targets }: RolloutState): number {
  return Math.min(15, Math.max(2, Math.ceil(targets.length / 300))) * 60_000;
}

/**
 * Where nothing is to be expected of a rollout before a known time (a window opens, a freeze ends), it is looked at then
 * and not every minute. Whoever ends a freeze, changes a window or breaks the glass wakes it before.
 */
async function sleepWhileHeld(deps: Deps, { rollout, runs, held }: Pass): Promise<void> {
  const nowMs = deps.nowMs();
  const known = [...held.values()].filter((untilMs) => untilMs !== undefined);
  const isQuiet = runs.every((run) => run.status === "pending" || runHasEnded(run.status));
  if (held.size === 0 || known.length < held.size || !isQuiet || rollout.status !== "running") return;
  const dueAtMs = Math.max(nowMs, Math.min(...known, nowMs + heldLookMs(rollout)));
  await commit(deps.table, [
    replaceRollout(rollout, { ...rollout, version: rollout.version + 1, updatedAtMs: nowMs, dueAtMs }),
  ]);
}

async function carryOut(deps: Deps, pass: Pass, effects: readonly RolloutEffect[]): Promise<Outcome> {
  const { rollout, task, untilMs } = pass;
  const byId = new Map(pass.runs.map((run) => [run.runId, run]));
  const known = (runIds: readonly string[]) => runIds.flatMap((runId) => byId.get(runId) ?? []);
  const of = rollout.targets.length;
  const toSend: string[] = [];
  let progressed = false;
  let complete = true;
  const did = (all: boolean) => {
    progressed = true;
    complete &&= all;
  };
  for (const effect of effects) {
    switch (effect.type) {
      case "create_runs":
        did(await inParallel(effect.runs, atOnce, (run) => createIfAbsent(deps, { ...run, of }), untilMs));
        break;
      case "send_run":
        toSend.push(effect.runId);
        break;
      case "ring":
        complete &&= await ringRuns(deps, rollout, known(effect.runIds), who, untilMs);
        break;
      case "cancel_runs": {
        const event = { type: "cancel" as const, ...(effect.reason === undefined ? {} : { reason: effect.reason }) };
        did(
          await inParallel(
            known(effect.runIds),
            atOnce,
            (run) => changeRun(deps, run, { ...event, attempt: run.attempt }, who),
            untilMs,
          ),
        );
        break;
      }
      case "retry_runs":
      case "undo_runs": {
        const type = effect.type === "retry_runs" ? "retry" : "begin_undo";
        const event = { type, round: effect.round } as const;
        did(await inParallel(known(effect.runIds), atOnce, (run) => changeRun(deps, run, event, who), untilMs));
        break;
      }
      case "finish_task":
        break;
      default:
        effect satisfies never;
    }
  }
  if (complete && toSend.length > 0) {
    const sent = await sendRuns(deps, known(toSend), { rollout, task, who, untilMs });
    for (const one of sent.held) pass.held.set(one.runId, one.untilMs);
    progressed ||= sent.progressed;
    complete &&= sent.complete;
  }
  if (!complete) return "cut";
  return progressed ? "again" : "settled";
}

/** Runs have derived ids: one that is there already was made by an earlier, interrupted pass. */
async function createIfAbsent(deps: Deps, run: RunState): Promise<void> {
  try {
    await commit(deps.table, [createRun(run)]);
  } catch (error) {
    if (!hasCode(error, "conflict")) throw error;
  }
}

/** The rollout's end and the task's are one transaction. */
async function finish(deps: Deps, before: RolloutState, after: RolloutState, task: TaskState): Promise<void> {
  const { result } = after;
  if (result === undefined) return;
  const writes = after === before ? [] : [replaceRollout(before, after)];
  const notices: NoticeState[] = [];
  if (!taskHasEnded(task.status)) {
    const nowMs = deps.nowMs();
    const { status, ...told } = result;
    const done = reduceTask(task, { type: "finish", status, result: told }, nowMs).state;
    const { tenantId, taskId } = task;
    notices.push(...noticesOf(task, done, nowMs, () => newId("notice", nowMs)));
    writes.push(
      replaceTask(task, done),
      ...notices.map(createNotice),
      audited(nowMs, { tenantId, who, what: "finish-task", record: taskId, before: task, after: done }),
    );
  }
  if (writes.length > 0) await commit(deps.table, writes);
  await sendNotices(deps, notices);
}
