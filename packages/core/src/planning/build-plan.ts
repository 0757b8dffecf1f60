import type { Action, Facts } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import { AppError, type FieldProblem } from "@steward/contracts/errors";
import {
  contentHash,
  executablePlan,
  type Plan,
  type PlanStep,
  type ProposedStep,
  type Provenance,
  planHash,
} from "@steward/contracts/plan";
import { highestRisk, riskOf } from "@steward/contracts/risk";
import { parseSecretReference } from "@steward/contracts/secret-reference";
import { targetsRoot } from "@steward/contracts/targets-proof";
import { completeRollout, type Placed, planWaves } from "../rollout/plan-waves.ts";
import { allowedMsOf } from "../run/allowed-time.ts";
import type { GroundedStep, TaskState } from "../task/task-state.ts";
import { withDefaults } from "./complete-steps.ts";
import type { PlanningContext } from "./planning-types.ts";
import { hasTemplate } from "./variable-values.ts";
import { tokenize } from "./words.ts";

/** An appliance that is there hears of a run within a heartbeat or two. */
const shortestMs = 5 * 60_000;

type Targets = readonly { facts: Facts }[];

/**
 * Explicit steps as grounded ones: their values are `given`, what the action assumes is `assumed`.
 * @throws AppError `invalid_request` with the path of every field at fault, such as `steps.0.variables.username`
 */
export function groundGiven(steps: ProposedStep[], context: PlanningContext): GroundedStep[] {
  const problems: FieldProblem[] = [];
  const grounded = steps.map((step, at): GroundedStep => {
    const action = context.actions.find((one) => one.id === step.action);
    if (action === undefined) {
      problems.push({ path: `steps.${at}.action`, message: unknownAction(step.action, context.actions) });
      return { ...step, provenance: {} };
    }
    const given = Object.keys(step.variables);
    const checked = completeStep(action, { ...step, provenance: sourceOf(given, "given") }, context.targets, at);
    problems.push(...checked.problems);
    return checked.step;
  });
  refuseProblems(problems);
  return grounded;
}

export interface PlanInput {
  task: TaskState;
  steps: GroundedStep[];
  actions: readonly Action[];
  /** The release in force: its version, and the bundle's digest by action id. */
  release: { version: number; bundles: Record<string, string> };
  /** With their tags and health as they are now, which decide about the waves. */
  targets: (Placed & { facts: Facts })[];
  /** What has not started by then is to expire. Absent: when a day is over. */
  startUntilMs?: number;
  nowMs: number;
}

/**
 * The plan of these steps: with what the actions assume, the risk by values, the targets' root and waves, both hashes, and
 * an expiry of 24 hours, or a nearer one that was asked for.
 * @throws AppError `invalid_request` for values that an action does not take, `unprocessable` for an action that is not
 * in the release, a task without targets, or waves that nobody would be in
 */
export function buildPlan(input: PlanInput): Plan {
  const { task, release } = input;
  const targets = [...input.targets].sort((a, b) => (a.id < b.id ? -1 : 1));
  const ids = targets.map((target) => target.id);
  if (ids.length === 0) {
    throw new AppError("unprocessable", "There is no appliance to do this on.", { next: "Choose one with --on." });
  }
  const problems: FieldProblem[] = [];
  const steps = input.steps.map((proposed, at): PlanStep | undefined => {
    const action = input.actions.find((one) => one.id === proposed.action);
    if (action === undefined) {
      problems.push({ path: `steps.${at}.action`, message: unknownAction(proposed.action, input.actions) });
      return undefined;
    }
    const { step, problems: found } = completeStep(action, proposed, input.targets, at);
    problems.push(...found);
    const bundle = Object.hasOwn(release.bundles, action.id) ? release.bundles[action.id] : undefined;
    if (bundle === undefined) {
      throw new AppError(
        "unprocessable",
        `${action.id} is not in the release that appliances accept (version ${release.version}).`,
        {
          next: "Publish a release that has it.",
        },
      );
    }
    const { risk, why } = riskOf(action.risk, step.variables);
    return {
      ...step,
      title: action.title,
      bundle,
      risk,
      riskReasons: why,
      undo: action.undo,
      timeoutSeconds: action.timeoutSeconds,
      ...(action.generates === undefined ? {} : { generates: action.generates }),
    };
  });
  refuseProblems(problems);

  const whole = steps.filter((step) => step !== undefined);
  refuseSecretsBeforeRestart(whole);
  const onlyReads = whole.every(({ action }) => input.actions.some(({ id, kind }) => id === action && kind === "read"));
  const parameters = completeRollout(task.rollout, { onlyReads, several: targets.length > 1 });
  const waves = planWaves(parameters, targets);
  const expiresAtMs = expiryOf(input, { ...waves, steps: whole, targets: ids });
  const draft: Omit<Plan, "contentHash" | "planHash"> = {
    v: 1,
    tenantId: task.tenantId,
    steps: whole,
    targets: ids,
    targetsRoot: targetsRoot(ids),
    ...waves,
    releaseVersion: release.version,
    mode: task.mode,
    verbosity: task.verbosity,
    risk: highestRisk(whole.map((step) => step.risk)),
    expiresAtMs,
  };
  const content = contentHash(executablePlan(draft));
  const decided = planHash({ contentHash: content, taskId: task.taskId, mode: task.mode, expiresAtMs });
  return { ...draft, contentHash: content, planHash: decided };
}

/**
 * The agent that comes back from a restart knows no secret any more of those that it had before, and could not keep them out
 * of the output that it goes on with.
 */
function refuseSecretsBeforeRestart(steps: readonly PlanStep[]): void {
  const restart = steps.findLastIndex(({ action }) => action === "system.reboot");
  const secret = steps.findIndex(
    ({ generates = [], variables }) =>
      generates.length > 0 || Object.values(variables).some((value) => parseSecretReference(value) !== undefined),
  );
  if (secret === -1 || secret > restart) return;
  throw new AppError("unprocessable", `Step ${secret + 1} uses a secret, and a restart comes after it.`, {
    fields: [{ path: `steps.${restart}.action`, message: "must not come after a step that uses a secret" }],
    next: "Ask for the restart in a task of its own.",
  });
}

/**
 * Never before the last appliance's turn has come, were each run to take as long as it may: a schedule that is due again
 * before its waves are through would never reach the last one. Where a person lets the waves go on, the person has the day.
 */
function expiryOf(
  { nowMs, startUntilMs }: Pick<PlanInput, "nowMs" | "startUntilMs">,
  plan: Pick<Plan, "rollout" | "waveOf" | "steps" | "targets">,
): number {
  const longestMs = nowMs + defaults.planSeconds * 1000;
  const { confirmWaves, pauseSeconds = 0, maxConcurrency } = plan.rollout;
  if (startUntilMs === undefined || confirmWaves !== undefined) return longestMs;
  const sizes = new Map<number, number>();
  plan.targets.forEach((_, at) => {
    const wave = plan.waveOf?.[at] ?? 1;
    sizes.set(wave, (sizes.get(wave) ?? 0) + 1);
  });
  const turns = [...sizes.values()].reduce((sum, size) => sum + Math.ceil(size / maxConcurrency), 0);
  const lastTurnInMs = (turns - 1) * allowedMsOf(plan) + (sizes.size - 1) * pauseSeconds * 1000;
  return Math.min(longestMs, Math.max(startUntilMs, nowMs + lastTurnInMs + shortestMs));
}

/** A step with the values that the action assumes, held to the action's whole schema. */
function completeStep(
  action: Action,
  step: GroundedStep,
  targets: Targets,
  at: number,
): { step: GroundedStep; problems: FieldProblem[] } {
  const path = `steps.${at}.variables`;
  const known = withDefaults(action, step.variables, targets);
  const assumed = Object.keys(known).filter((name) => step.variables[name] === undefined);
  const provenance = { ...step.provenance, ...sourceOf(assumed, "assumed") };
  const problems = Object.entries(known)
    .filter(([, value]) => hasTemplate(value))
    .map(([name]) => ({ path: `${path}.${name}`, message: "must not contain template syntax" }));
  const parsed = action.variables.safeParse(known);
  if (parsed.success)
    return { step: { action: action.id, variables: parsed.data as GroundedStep["variables"], provenance }, problems };
  for (const issue of parsed.error.issues) {
    if (issue.code === "unrecognized_keys") {
      const names = Object.keys(action.variables.shape).join(", ") || "none";
      for (const key of issue.keys)
        problems.push({ path: `${path}.${key}`, message: `is not a variable of ${action.id} (it has: ${names})` });
      continue;
    }
    const name = String(issue.path[0] ?? "");
    const isMissing = name !== "" && known[name] === undefined;
    const fieldPath = [path, ...issue.path.map(String)].join(".");
    problems.push({
      path: fieldPath,
      message: isMissing ? (action.hints[name]?.question ?? "is required") : issue.message,
    });
  }
  return { step: { ...step, provenance }, problems };
}

function sourceOf(names: readonly string[], source: Provenance["source"]): Record<string, Provenance> {
  return Object.fromEntries(names.map((name) => [name, { source }]));
}

function refuseProblems(problems: FieldProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new AppError("invalid_request", `${first.path}: ${first.message}`, {
    fields: problems,
    next: "See what an action takes: steward actions show <id>",
  });
}

function unknownAction(id: string, actions: readonly Action[]): string {
  const words = new Set(wordsOf(id));
  const near = actions
    .map((action) => ({ id: action.id, shared: wordsOf(action.id).filter((word) => words.has(word)).length }))
    .filter((one) => one.shared > 0)
    .sort((a, b) => b.shared - a.shared || (a.id < b.id ? -1 : 1))
    .slice(0, 3)
    .map((one) => one.id);
  const hint = near.length > 0 ? near : actions.slice(0, 5).map((action) => action.id);
  return `there is no action ${id}; there is ${hint.join(", ")}`;
}

function wordsOf(id: string): string[] {
  return tokenize(id.replaceAll(/[._-]/g, " ")).map((token) => token.canon);
}
