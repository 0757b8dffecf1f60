import type { Envelope } from "@steward/contracts/envelope";
import { redact, redactText, whole } from "@steward/contracts/redact";
import type { ReleaseAction } from "@steward/contracts/release";
import { maxSlowestTasks, type RunResult, type StepChange, type StepResult } from "@steward/contracts/run";
import type { Clock } from "@steward/node-client/clock";
import { describeError } from "@steward/node-client/log";
import type { Executor, Output, StepOutcome, StepRequest } from "./executor/executor.ts";
import type { StepSecrets } from "./step-secrets.ts";
import type { Rebooted } from "./wait-for-reboot.ts";

export interface RunStepsOptions {
  /** Checked. */
  envelope: Envelope;
  /** In step order, from the verified release: what runs, and for how long, is read from here. */
  actions: readonly ReleaseAction[];
  /** Unpacked bundles, in step order. */
  bundleDirs: readonly string[];
  executor: Executor;
  secrets: StepSecrets;
  /** A text without the secrets that the steps were given. */
  hide: (text: string) => string;
  output: Output;
  /** For an undo: which of the steps this run has done; `unknown` where this appliance does not remember the run. */
  undo?: readonly boolean[] | "unknown";
  /** Until the run has to end, in milliseconds from now. */
  deadlineInMs: number;
  clock: Clock;
  /** The agent is stopping. */
  signal: AbortSignal;
  /** A step has ended. */
  onStep: (index: number, result: StepResult) => Promise<void>;
  /**
   * A step is done once the machine has started again. Writes that down, restarts it and waits. Throws when it could not be
   * written down: then the machine was not told to restart.
   */
  onReboot: (awaited: {
    index: number;
    steps: StepResult[];
    step: StepResult;
    /** Not the machine but the agent's build: by this version, or the newest. */
    upgrade?: { version?: string };
  }) => Promise<Rebooted>;
  /**
   * An earlier life of this run restarted the machine: which step that was, how it and those before it ended, which are not
   * run again, and how to go on waiting.
   */
  awaited?: {
    index: number;
    steps: readonly StepResult[];
    step: StepResult;
    /** Not the machine but the agent's build. */
    upgrade?: object | undefined;
    comeBack: () => Promise<Rebooted>;
  };
}

export type StepsEnded =
  | Pick<RunResult, "status" | "reason" | "steps">
  /** The agent ends with the machine; its next life goes on. */
  | { status: "rebooting" };

/** Larger findings belong into the output: a result is one small request. */
const maxResultBytes = 8 * 1024;

/**
 * Runs the plan's steps in order. A failed one ends the run; what was done before it is undone in reverse where the
 * plan says so and the action can. Or undoes, in reverse, what earlier attempts of the run have done (`undo`).
 */
export async function runSteps(options: RunStepsOptions): Promise<StepsEnded> {
  const { envelope, actions, executor, clock } = options;
  const deadline = new AbortController();
  const ended = new AbortController();
  void clock.sleep(options.deadlineInMs, ended.signal).then(() => {
    if (!ended.signal.aborted) deadline.abort();
  });
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const { awaited } = options;
  const steps: StepResult[] = [...(awaited?.steps ?? [])];
  let failure: string | undefined;
  try {
    if (options.undo !== undefined) await undoRecorded(options.undo);
    else if ((await runAll()) === "rebooting") return { status: "rebooting" };
  } finally {
    ended.abort();
  }
  if (failure !== undefined) return { status: "failed", reason: told(failure), steps };
  // One simulated step is enough: such a run never claims to have changed the machine.
  return { status: steps.some(({ status }) => status === "simulated") ? "simulated" : "succeeded", steps };

  function whyStopped(): string {
    return options.signal.aborted ? "interrupted" : "timed_out";
  }

  async function runAll(): Promise<"rebooting" | "ended"> {
    for (const [index, action] of actions.entries()) {
      if (index < (awaited?.index ?? 0)) continue;
      if (failure === undefined && signal.aborted) failure = whyStopped();
      if (failure !== undefined) {
        steps.push({ action: action.id, status: "skipped", changed: 0, durationMs: 0 });
        continue;
      }
      const isAwaited = awaited !== undefined && awaited.index === index;
      const { result, wantsReboot, upgrade } = isAwaited
        ? { result: awaited.step, wantsReboot: true, upgrade: undefined }
        : await runOne(index, action, envelope.mode, signal);
      if (wantsReboot || upgrade !== undefined) {
        const isUpgrade = (isAwaited ? awaited.upgrade : upgrade) !== undefined;
        const rebooted = await followed(isUpgrade ? "upgrade" : "restart", () =>
          isAwaited
            ? awaited.comeBack()
            : options.onReboot({
                index,
                steps: [...steps],
                step: result,
                ...(upgrade === undefined ? {} : { upgrade }),
              }),
        );
        if (rebooted.type === "going_down") return "rebooting";
        if (rebooted.type === "failed") {
          result.status = "failed";
          result.reason = told(rebooted.reason);
        }
      }
      steps.push(result);
      await options.onStep(index, result);
      if (result.status === "failed") failure = signal.aborted ? whyStopped() : failureOf(result);
    }
    if (failure !== undefined && envelope.mode === "apply" && envelope.plan.rollout.undoOnFailure) await undoDone();
    return "ended";
  }

  /** One that cannot be undone keeps no other from it: each is what the run left behind. */
  async function undoRecorded(done: readonly boolean[] | "unknown"): Promise<void> {
    for (const { id } of actions) steps.push({ action: id, status: "skipped", changed: 0, durationMs: 0 });
    if (done === "unknown") {
      failure = "this appliance does not remember what the run did, so nothing was undone";
      return;
    }
    for (const [index, action] of [...actions.entries()].reverse()) {
      if (done[index] !== true) continue;
      if (action.undo !== "recorded") {
        steps[index] = { action: action.id, status: "skipped", changed: 0, durationMs: 0, reason: "cannot be undone" };
        continue;
      }
      if (signal.aborted) {
        failure = whyStopped();
        return;
      }
      const { result } = await runOne(index, action, "undo", signal);
      steps[index] = result.status === "succeeded" ? { ...result, status: "undone" } : result;
      if (result.status === "failed" && failure === undefined) {
        failure = signal.aborted ? whyStopped() : `${action.id} could not be undone: ${result.reason ?? "failed"}`;
      }
    }
  }

  /** What could not be written down must not go on: a later life would do it again. */
  async function followed(what: "restart" | "upgrade", reboot: () => Promise<Rebooted>): Promise<Rebooted> {
    try {
      return await reboot();
    } catch (error) {
      return { type: "failed", reason: `the ${what} could not be followed: ${describeError(error)}` };
    }
  }

  async function undoDone(): Promise<void> {
    for (let index = steps.length - 1; index >= 0 && !options.signal.aborted; index -= 1) {
      const step = steps[index];
      const action = actions[index];
      if (step?.status !== "succeeded" || action?.undo !== "recorded") continue;
      const { result: undone } = await runOne(index, action, "undo", options.signal);
      steps[index] =
        undone.status === "succeeded"
          ? { ...step, status: "undone" }
          : { ...step, reason: told(`could not be undone: ${undone.reason ?? undone.status}`) };
    }
  }

  async function runOne(
    index: number,
    action: ReleaseAction,
    mode: StepRequest["mode"],
    stop: AbortSignal,
  ): Promise<{ result: StepResult; wantsReboot: boolean; upgrade: { version?: string } | undefined }> {
    const begunAtMs = clock.monotonicMs();
    const variables = envelope.plan.steps[index]?.variables ?? {};
    const request: StepRequest = {
      runId: envelope.runId,
      attempt: envelope.attempt,
      stepIndex: index,
      actionId: action.id,
      playbook: action.playbook,
      bundleDir: options.bundleDirs[index] ?? "",
      variables,
      mode,
      verbosity: envelope.verbosity as StepRequest["verbosity"],
      timeoutSeconds: action.timeoutSeconds,
    };
    let outcome: StepOutcome;
    try {
      const secrets = await options.secrets.of({ index, action, variables, mode }, stop);
      outcome = await executor.run(secrets === undefined ? request : { ...request, secrets }, options.output, stop);
    } catch (error) {
      outcome = { status: "failed", changed: 0, failedTasks: 0, reason: describeError(error) };
    }
    const result = stepResult(
      action.id,
      withoutSecrets(outcome, options.hide),
      Math.max(0, Math.round(clock.monotonicMs() - begunAtMs)),
    );
    const succeeded = outcome.status === "succeeded";
    const { wantsUpgrade } = outcome;
    return {
      result,
      wantsReboot: succeeded && outcome.wantsReboot === true,
      upgrade:
        !succeeded || wantsUpgrade === undefined
          ? undefined
          : wantsUpgrade === "newest"
            ? {}
            : { version: wantsUpgrade },
    };
  }
}

function failureOf(step: StepResult): string {
  return `${step.action}: ${step.reason ?? "failed"}`;
}

/** `hide` in every text of what a step told. */
function withoutSecrets(outcome: StepOutcome, hide: (text: string) => string): StepOutcome {
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return hide(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [hide(name), walk(one)]));
  };
  const { result, reason, slowest } = outcome;
  return {
    ...outcome,
    ...(result === undefined ? {} : { result: walk(result) }),
    ...(reason === undefined ? {} : { reason: hide(reason) }),
    ...(slowest === undefined ? {} : { slowest: slowest.map((one) => ({ ...one, task: hide(one.task) })) }),
  };
}

function stepResult(action: string, outcome: StepOutcome, durationMs: number): StepResult {
  const result: StepResult = { action, status: outcome.status, changed: outcome.changed, durationMs };
  const reason = outcome.reason ?? reasonOf(outcome);
  if (reason !== undefined) result.reason = told(reason);
  if (outcome.secrets !== undefined) result.secrets = outcome.secrets;
  if (outcome.slowest !== undefined) {
    result.slowest = outcome.slowest
      .slice(0, maxSlowestTasks)
      .map(({ task, durationMs }) => ({ task: redactText(task).slice(0, 120).toWellFormed(), durationMs }));
  }
  if (outcome.changes !== undefined) result.changes = changesTold(outcome.changes);
  if (outcome.result !== undefined) {
    const found = JSON.stringify(redact(outcome.result, whole)) ?? "null";
    if (Buffer.byteLength(found) <= maxResultBytes) result.result = JSON.parse(found, wellFormed);
    else result.reason = "what it found is too large for a result: see the output";
  }
  return result;
}

/** Ten steps have to fit into one request: what is beyond this is in the output. */
const maxDiffCharacters = 8_000;

function changesTold(changes: NonNullable<StepOutcome["changes"]>): StepChange[] {
  let left = maxDiffCharacters;
  return changes.slice(0, 50).map(({ task, diff }) => {
    const name = { task: redactText(task).slice(0, 200).toWellFormed() };
    if (diff === undefined || diff.trim() === "") return name;
    const whole = redactText(diff).trimEnd().toWellFormed();
    const shown =
      whole.length <= left ? whole : `${whole.slice(0, Math.max(0, left)).toWellFormed()}\n… the output says more`;
    left -= whole.length;
    return { ...name, diff: shown.slice(0, maxDiffCharacters) };
  });
}

function reasonOf(outcome: StepOutcome): string | undefined {
  if (outcome.status !== "failed") return undefined;
  if (outcome.timedOut) return "timed_out";
  if (outcome.unreachable) return "unreachable";
  return `${outcome.failedTasks} task(s) failed`;
}

/** Without secrets. What machines say may also hold half characters (bytes that are no text, a cut emoji), which no record takes. */
function told(text: string): string {
  return redactText(text.slice(0, 4000)).slice(0, 2000).toWellFormed();
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}
