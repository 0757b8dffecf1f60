import { getRollout } from "@steward/aws/records/rollout";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { defaults } from "@steward/contracts/defaults";
import type { Plan } from "@steward/contracts/plan";
import { listSecretsOfRollout } from "@steward/aws/records/run-secret";
import type { RunView } from "@steward/contracts/run";
import { type RunStatus, taskHasEnded } from "@steward/contracts/states";
import type { RolloutView, TaskResult, TaskView, WaveView } from "@steward/contracts/task";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import type { RunState } from "@steward/core/run/run-state";
import type { Escalation, TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";
import { runSecretView, wasOffered } from "./run-secret-view.ts";
import { shownRecipient } from "./secret-recipient.ts";

const iso = (timeMs: number) => new Date(timeMs).toISOString();

export function runView(run: RunState): RunView {
  return {
    id: run.runId,
    applianceId: run.applianceId,
    applianceName: run.applianceName,
    wave: run.wave,
    attempt: run.attempt,
    ...(run.operation === undefined ? {} : { operation: run.operation }),
    status: run.status,
    steps: run.steps,
    ...(run.executor === undefined ? {} : { executor: run.executor }),
    ...(run.startedAtMs === undefined ? {} : { startedAt: iso(run.startedAtMs) }),
    ...(run.endedAtMs === undefined ? {} : { endedAt: iso(run.endedAtMs) }),
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(run.output === undefined ? {} : { outputBytes: run.output.bytes }),
  };
}

/** A task as people see it. `version` grows with every change of the task, its rollout or one of its runs. */
export function taskView(task: TaskState, runs?: readonly RunState[], rollout?: RolloutState): TaskView {
  const recipient = shownRecipient(task);
  return {
    id: task.taskId,
    tenantId: task.tenantId,
    kind: task.kind,
    status: task.status,
    version: (runs ?? []).reduce((sum, run) => sum + run.version, task.version + (rollout?.version ?? 0)),
    mode: task.mode,
    requestedBy: task.requestedBy,
    ...(task.source === undefined ? {} : { source: task.source }),
    targets: task.targets,
    targetCount: task.targets.length,
    createdAt: iso(task.createdAtMs),
    updatedAt: iso((runs ?? []).reduce((latest, run) => Math.max(latest, run.updatedAtMs), task.updatedAtMs)),
    ...(task.instruction === undefined ? {} : { instruction: task.instruction }),
    ...(task.dueAtMs === undefined || taskHasEnded(task.status) ? {} : { expiresAt: iso(task.dueAtMs) }),
    ...(task.question === undefined ? {} : { question: task.question }),
    ...(task.plan === undefined ? {} : { plan: task.plan }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(task.gate === undefined ? {} : { gate: task.gate }),
    ...(task.planning === undefined ? {} : { planning: task.planning }),
    ...(task.requestId === undefined ? {} : { requestId: task.requestId }),
    ...(task.previewOf === undefined ? {} : { previewOf: task.previewOf }),
    ...(task.previewTaskId === undefined ? {} : { previewTaskId: task.previewTaskId }),
    ...(task.approval === undefined ? {} : { approval: { by: task.approval.by, at: iso(task.approval.atMs) } }),
    ...(task.breakGlass === undefined ? {} : { breakGlass: breakGlassView(task.breakGlass) }),
    ...(task.result === undefined ? {} : { result: resultView(task, task.result) }),
    ...(task.escalation === undefined ? {} : { escalation: escalationView(task.escalation) }),
    ...(task.feedback === undefined ? {} : { feedback: task.feedback.map(saidView) }),
    ...(task.answer === undefined ? {} : { answer: task.answer }),
    ...(rollout === undefined ? {} : { rollout: rolloutView(rollout) }),
    ...(runs === undefined ? {} : { waves: wavesOf(task, runs), runs: mostTelling(runs).map(runView) }),
  };
}

function rolloutView({ status, operation, round, pause, stop, hold }: RolloutState): RolloutView {
  return {
    status,
    ...(operation === undefined ? {} : { operation }),
    ...(round === undefined ? {} : { round }),
    ...(pause === undefined ? {} : { paused: pausedView(pause) }),
    ...(stop === undefined ? {} : { stopped: { cause: stop.cause, wave: stop.wave, why: stop.why } }),
    ...(hold === undefined ? {} : { hold }),
  };
}

function pausedView({ sinceMs, ...said }: NonNullable<RolloutState["pause"]>): RolloutView["paused"] {
  return { since: iso(sinceMs), ...said };
}

/** Whatever words could not bring about, a person may: said where nobody was asked yet. */
function resultView({ status, instruction, taskId, escalation }: TaskState, result: TaskResult): TaskResult {
  if (status !== "failed" || instruction === undefined || escalation !== undefined) return result;
  return { ...result, next: [...(result.next ?? []), `Or ask your provider: steward tasks escalate ${taskId}`] };
}

function escalationView({ answer, ...asked }: Escalation): TaskView["escalation"] {
  return { ...saidView(asked), ...(answer === undefined ? {} : { answer: saidView(answer) }) };
}

function saidView<T extends { atMs: number }>({ atMs, ...said }: T) {
  return { ...said, at: iso(atMs) };
}

function breakGlassView({ by, name, reason, atMs }: NonNullable<TaskState["breakGlass"]>) {
  return { by, name, reason, at: iso(atMs) };
}

/** The same task for a list, and for whoever follows one with thousands of targets: only the first targets are named. */
export function briefView(view: TaskView): TaskView {
  const most = defaults.maxTargetsListed;
  if (view.targets.length <= most) return view;
  const { plan } = view;
  return {
    ...view,
    targets: view.targets.slice(0, most),
    ...(plan === undefined
      ? {}
      : { plan: { ...plan, targets: plan.targets.slice(0, most), ...wavesUpTo(plan, most) } }),
  };
}

function wavesUpTo({ waveOf }: Plan, most: number): Pick<Plan, "waveOf"> {
  return waveOf === undefined ? {} : { waveOf: waveOf.slice(0, most) };
}

/** Counted from the runs, as everything is. A wave without a run yet has only its total. */
function wavesOf(task: TaskState, runs: readonly RunState[]): WaveView[] {
  const waves = new Map<number, WaveView>();
  const waveOf = (wave: number) => {
    const known = waves.get(wave) ?? { wave, total: 0, counts: {} };
    waves.set(wave, known);
    return known;
  };
  if (task.rolloutId !== undefined) for (const wave of plannedWaves(task)) waveOf(wave).total += 1;
  for (const run of runs) {
    const { counts } = waveOf(run.wave);
    counts[run.status] = (counts[run.status] ?? 0) + 1;
  }
  return [...waves.values()].toSorted((a, b) => a.wave - b.wave);
}

/** The wave of each target, counted from 1. */
function plannedWaves(task: TaskState): number[] {
  // A preview goes everywhere at once.
  return task.plan?.waveOf === undefined || task.mode === "check" ? task.targets.map(() => 1) : task.plan.waveOf;
}

/** What somebody must look at comes first where there are more than are shown; else they stay in the targets' order. */
const telling: readonly RunStatus[] = ["failed", "unreachable", "undoing", "running", "sent", "expired", "cancelled"];

function mostTelling(runs: readonly RunState[]): RunState[] {
  if (runs.length <= defaults.maxRunsShown) return [...runs];
  const rank = (run: RunState) => (telling.includes(run.status) ? telling.indexOf(run.status) : telling.length);
  return runs.toSorted((a, b) => rank(a) - rank(b)).slice(0, defaults.maxRunsShown);
}

/** The task with its rollout and runs. */
export async function fullTaskView(deps: Pick<Context, "table">, task: TaskState): Promise<TaskView> {
  const { tenantId, rolloutId } = task;
  if (rolloutId === undefined) return taskView(task, []);
  const [rollout, runs, secrets] = await Promise.all([
    getRollout(deps.table, { tenantId, rolloutId }),
    listRunsOfRollout(deps.table, { tenantId, rolloutId }),
    secretsOf(deps, task),
  ]);
  const view = taskView(task, runs, rollout);
  return secrets === undefined ? view : { ...view, secrets };
}

const shownSecrets = 200;

/** What the runs have made for somebody. Most plans make none, and cost no look. */
async function secretsOf(deps: Pick<Context, "table">, task: TaskState): Promise<TaskView["secrets"]> {
  const { tenantId, rolloutId, plan } = task;
  if (rolloutId === undefined || plan?.steps.every(({ generates }) => generates === undefined) !== false)
    return undefined;
  const found = await listSecretsOfRollout(deps.table, { tenantId, rolloutId }, shownSecrets);
  return found.filter(wasOffered).map(runSecretView);
}
