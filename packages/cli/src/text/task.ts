import type { ActionKind } from "@steward/contracts/actions";
import type { Provenance } from "@steward/contracts/plan";
import type { Risk } from "@steward/contracts/risk";
import type { RunView, StepResult } from "@steward/contracts/run";
import type { RunStatus, TaskStatus } from "@steward/contracts/states";
import type { GateResult, TaskView } from "@steward/contracts/task";
import { answerText } from "./answer.ts";
import type { Paint } from "./paint.ts";
import { duration, relative } from "./time.ts";
import { visible } from "./visible.ts";
import { rolloutText } from "./waves.ts";

export interface TaskTextOptions {
  paint: Paint;
  nowMs: number;
  /** Kinds of the catalogue's actions: a `read` without undo has nothing to undo. */
  kinds?: ReadonlyMap<string, ActionKind>;
}

const shownTargets = 8;

/** The plan as a person decides on it: everything that the hash covers, and why the gate wants whom. */
export function planText(task: TaskView, options: TaskTextOptions): string {
  const { plan, gate } = task;
  if (plan === undefined) return "";
  const { paint } = options;
  const lines: string[] = [];
  if (plan.mode === "check") lines.push(paint.cyan("Check only: shows what would change, and changes nothing."), "");
  lines.push(heading("Steps", paint));
  const number = String(plan.steps.length).length;
  for (const [index, step] of plan.steps.entries()) {
    const indent = " ".repeat(number + 4);
    lines.push(
      `  ${String(index + 1).padStart(number)}  ${paint.bold(visible(step.title))}  ${paint.dim(visible(step.action))}`,
    );
    const names = Object.keys(step.variables);
    const nameWidth = Math.max(0, ...names.map((name) => name.length));
    for (const name of names) {
      const value = valueText(step.variables[name]);
      lines.push(
        `${indent}${visible(name).padEnd(nameWidth)}  ${paint.cyan(value)}  ${provenanceText(step.provenance[name], paint)}`,
      );
    }
    lines.push(`${indent}${undoText(step.undo, options.kinds?.get(step.action), paint)}`);
  }
  lines.push("");
  lines.push(row("Targets", targetsText(task), paint));
  if (task.recipient !== undefined) lines.push(row("Secrets", recipientText(task, task.recipient, paint), paint));
  const rollout = rolloutText(plan);
  if (rollout !== "") lines.push(row("Rollout", rollout, paint));
  lines.push(row("Risk", riskText(task, paint), paint));
  lines.push(row("Approval", approvalText(gate, paint), paint));
  for (const reason of gate?.reasons ?? []) {
    if (reason.decision !== "allow")
      lines.push(row("", paint.dim(`${visible(reason.rule)}: ${visible(reason.why)}`), paint));
  }
  const expires = new Date(plan.expiresAtMs).toISOString();
  lines.push(row("Expires", `${relative(expires, options.nowMs)} ${paint.dim(`(${expires})`)}`, paint));
  lines.push(row("Plan hash", plan.planHash, paint));
  lines.push(row("", paint.dim(`task ${task.id} · release ${plan.releaseVersion}${plannedBy(task)}`), paint));
  return lines.join("\n");
}

export function valueText(value: unknown): string {
  if (typeof value === "string") return visible(value === "" ? '""' : value);
  if (Array.isArray(value)) return value.length === 0 ? "(none)" : value.map(valueText).join(", ");
  if (value === undefined) return "";
  return visible(JSON.stringify(value));
}

function provenanceText(provenance: Provenance | undefined, paint: Paint): string {
  switch (provenance?.source) {
    case "said":
      return paint.dim(provenance.text === undefined ? "as you said" : `as you said: “${visible(provenance.text)}”`);
    case "given":
      return paint.dim("as given");
    case "fact":
      return paint.dim("from the appliance’s facts");
    case "assumed":
      return paint.yellow("assumed");
    case undefined:
      return paint.red("from nowhere known");
  }
}

function undoText(undo: "recorded" | "none", kind: ActionKind | undefined, paint: Paint): string {
  if (kind === "read") return paint.dim("only reads");
  return undo === "recorded" ? paint.dim("can be undone") : paint.yellow("cannot be undone");
}

function targetsText(task: TaskView): string {
  const ids = task.plan?.targets ?? [];
  const names = new Map(task.targets.map((target) => [target.id, target.name]));
  const shown = ids.slice(0, shownTargets).map((id) => visible(names.get(id) ?? id));
  const more = ids.length > shownTargets ? ` and ${ids.length - shownTargets} more` : "";
  return `${ids.length === 1 ? "" : `${ids.length} appliances: `}${shown.join(", ")}${more}`;
}

function riskText(task: TaskView, paint: Paint): string {
  const plan = task.plan;
  if (plan === undefined) return "";
  const reasons = [...new Set(plan.steps.flatMap((step) => step.riskReasons))];
  return `${paintRisk(plan.risk, paint)}${reasons.length === 0 ? "" : `: ${reasons.map(visible).join("; ")}`}`;
}

function paintRisk(risk: Risk, paint: Paint): string {
  return risk === "high" ? paint.bold(paint.red(risk)) : risk === "medium" ? paint.yellow(risk) : paint.green(risk);
}

/** Who asked says for whom; whoever says yes reads it here. */
function recipientText({ requestedBy }: TaskView, recipient: string, paint: Paint): string {
  if (recipient === requestedBy.id) return `what it makes is for ${visible(requestedBy.name)}, who asked`;
  return paint.yellow(`what it makes is for somebody else than who asked: ${visible(recipient)}`);
}

function approvalText(gate: GateResult | undefined, paint: Paint): string {
  if (gate === undefined) return "not asked yet";
  if (gate.decision === "allow") return paint.green("not needed");
  if (gate.decision === "deny") return paint.red("refused");
  switch (gate.approver) {
    case "other":
      return paint.yellow("by another person with the role approver");
    case "retype":
      return paint.yellow(`yours, by retyping ${visible(gate.retype ?? "the name")}`);
    case "break_glass":
      return paint.red("nobody’s: it is more than your organisation lets one change do");
    case "requester":
    case undefined:
      return "yours";
  }
}

function plannedBy(task: TaskView): string {
  if (task.planning === undefined) return "";
  const { tier, model, latencyMs } = task.planning;
  return ` · understood by ${tier}${model === undefined ? "" : ` (${visible(model)})`} in ${duration(latencyMs)}`;
}

function heading(text: string, paint: Paint): string {
  return paint.bold(text);
}

const labelWidth = 11;
function row(label: string, text: string, paint: Paint): string {
  return `${paint.bold(label.padEnd(labelWidth))}${text}`;
}

const marks: Record<string, string> = { succeeded: "✔", failed: "✘", simulated: "◌", undone: "↺" };

/** One line about one appliance, and the reason where it failed. `simulated` says what that means, every time. */
export function runText(run: RunView, nameWidth: number, paint: Paint): string {
  const changed = run.steps.reduce((sum, step) => sum + step.changed, 0);
  const took =
    run.startedAt === undefined || run.endedAt === undefined
      ? ""
      : paint.dim(`  ${duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`);
  const what =
    run.status === "simulated"
      ? "simulated: nothing was changed"
      : run.status === "succeeded"
        ? `succeeded, ${changed === 0 ? "nothing to change" : `${changed} changed`}`
        : run.status;
  const lines = [
    `${paintRunStatus(run.status, marks[run.status] ?? "·", paint)} ${visible(run.applianceName).padEnd(nameWidth)}  ${paintRunStatus(run.status, what, paint)}${took}`,
  ];
  if (run.reason !== undefined) lines.push(`    ${visible(run.reason)}`);
  for (const step of run.steps) {
    // What ended the run is its own reason already, cut where that was too long.
    const why = `${step.action}: ${step.reason}`;
    const isTold = run.reason === step.reason || (run.reason !== undefined && why.startsWith(run.reason));
    if (step.reason !== undefined && !isTold) lines.push(`    ${visible(why)}`);
    lines.push(...foundText(step).map((line) => `    ${line}`));
  }
  return lines.join("\n");
}

/** What a reading step found: lists by comma, objects by line. */
function foundText(step: StepResult): string[] {
  const { result } = step;
  if (result === undefined || result === null) return [];
  if (typeof result !== "object" || Array.isArray(result)) return [valueText(result)];
  return Object.entries(result).map(([name, value]) => `${visible(name)}: ${valueText(value)}`);
}

export function paintRunStatus(status: RunStatus, text: string, paint: Paint): string {
  if (status === "succeeded") return paint.green(text);
  if (status === "failed" || status === "expired") return paint.red(text);
  if (status === "simulated" || status === "undone" || status === "unreachable") return paint.yellow(text);
  return text;
}

export function paintTaskStatus(status: TaskStatus, paint: Paint): string {
  const text = status.replaceAll("_", " ");
  if (status === "succeeded") return paint.green(text);
  if (status === "failed" || status === "rejected" || status === "expired") return paint.red(text);
  if (status === "awaiting_approval" || status === "needs_input" || status === "simulated") return paint.yellow(text);
  if (status === "running" || status === "thinking") return paint.cyan(text);
  return text;
}

/** How it ended, in one sentence, and what can be done next. */
export function resultText(task: TaskView, paint: Paint, nowMs = 0): string {
  const lines: string[] = task.answer === undefined ? [] : [answerText(task.answer, paint), ""];
  const message = task.result?.message;
  const status = paintTaskStatus(task.status, paint);
  lines.push(`${paint.bold(status)}${message === undefined ? "" : `  ${visible(message)}`}`);
  for (const line of secretsText(task)) lines.push(`  ${line}`);
  for (const next of [...(task.result?.next ?? []), ...nextSteps(task, nowMs)])
    lines.push(`  ${paint.dim("→")} ${visible(next)}`);
  if (task.status === "simulated") {
    lines.push(
      "",
      paint.bold(paint.yellow("  SIMULATED: nothing was changed on any appliance.")),
      paint.yellow("  For real changes in sandboxes, run once: npm run sandbox, then start again."),
    );
  }
  return lines.join("\n");
}

/** What can be done about what has ended, while the plan and the yes to it hold. */
function nextSteps(task: TaskView, nowMs: number): string[] {
  const { plan, result } = task;
  if (plan === undefined || nowMs === 0 || nowMs >= plan.expiresAtMs || plan.mode === "check") return [];
  const { failed = 0, cancelled = 0, succeeded = 0 } = result?.counts ?? {};
  const steps: string[] = [];
  if (task.status === "failed" && failed + cancelled > 0) {
    steps.push(`Once more where it did not work: steward tasks retry ${task.id}`);
  }
  const canUndo = plan.steps.some((step) => step.undo === "recorded") && succeeded + failed > 0;
  if ((task.status === "failed" || task.status === "cancelled") && canUndo) {
    steps.push(`Take back what was done: steward tasks undo ${task.id}`);
  }
  return steps;
}

/** What was asked for, in one line. */
export function taskTitle(task: TaskView): string {
  if (task.instruction !== undefined) return visible(task.instruction);
  const steps = task.plan?.steps ?? [];
  if (steps.length === 0) return "explicit steps";
  return steps
    .map((step) =>
      [step.action, ...Object.entries(step.variables).map(([name, value]) => `${name}=${valueText(value)}`)].join(" "),
    )
    .map(visible)
    .join("; ");
}

/** What the runs have made for somebody, and how to see it. */
function secretsText(task: TaskView): string[] {
  const all = task.secrets ?? [];
  const lines = all.map(({ name, action, appliance, status, unsure, expiresAt }) => {
    const what = `${visible(name)} of ${visible(action)} on ${visible(appliance.name)}`;
    if (status !== "waiting") return `${what}: ${status}`;
    return `${what}: waits to be opened until ${expiresAt}${unsure === true ? " (may not be in force: the run was cut off)" : ""}`;
  });
  return all.some(({ status }) => status === "waiting")
    ? [...lines, `→ Its recipient sees it, once: steward secrets open ${task.id}`]
    : lines;
}

const shownSlowest = 5;

/** Which tasks took longest, of all appliances and steps. */
export function slowestText(runs: readonly RunView[], paint: Paint): string {
  const tasks = runs
    .flatMap((run) =>
      run.steps.flatMap((step) =>
        (step.slowest ?? []).map((one) => ({ ...one, action: step.action, on: run.applianceName })),
      ),
    )
    .filter(({ durationMs }) => durationMs >= 100)
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, shownSlowest);
  if (tasks.length === 0) return "";
  const times = tasks.map(({ durationMs }) => duration(durationMs));
  const width = Math.max(...times.map(({ length }) => length));
  return [
    heading("Slowest tasks", paint),
    ...tasks.map(
      ({ task, action, on }, index) =>
        `  ${(times[index] ?? "").padStart(width)}  ${visible(task)}  ${paint.dim(`${visible(action)} on ${visible(on)}`)}`,
    ),
  ].join("\n");
}
