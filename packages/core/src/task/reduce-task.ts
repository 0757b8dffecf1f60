import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { Plan } from "@steward/contracts/plan";
import { type TaskStatus, taskHasEnded } from "@steward/contracts/states";
import type { GateResult } from "@steward/contracts/task";
import { changed, checkTransition, type Transitions, unchanged } from "../reducing.ts";
import { allowedMsOf } from "../run/allowed-time.ts";
import { unreachableMs } from "../run/reduce-run.ts";
import type { Step } from "../versioned.ts";
import { slackMs, thinkingMs } from "./new-task.ts";
import type { TaskEffect, TaskEvent, TaskState } from "./task-state.ts";

/** Each deadline of a run is enforced up to minutes late, and they come one after the other: the task's is behind them all. */
const lastResortMs = 15 * slackMs;
/** Nodes are told no longer interval between heartbeats. */
const longestBeatMs = 5 * slackMs;

const transitions: Transitions<TaskStatus, TaskEvent["type"]> = {
  queued: {
    think: ["thinking"],
    ask: ["needs_input"],
    plan: ["awaiting_approval", "running", "failed"],
    fail: ["failed"],
    conclude: ["succeeded", "failed"],
    cancel: ["cancelled"],
    expire: ["expired"],
  },
  thinking: {
    // A second round of thinking, after an answer that the matcher could not finish with.
    think: ["thinking"],
    think_again: ["thinking"],
    ask: ["needs_input"],
    plan: ["awaiting_approval", "running", "failed"],
    fail: ["failed"],
    conclude: ["succeeded", "failed"],
    cancel: ["cancelled"],
    expire: ["expired"],
  },
  needs_input: { answer: ["thinking"], fail: ["failed"], cancel: ["cancelled"], expire: ["expired"] },
  awaiting_approval: {
    preview: ["awaiting_approval"],
    approve: ["running"],
    break_glass: ["running"],
    reject: ["rejected"],
    cancel: ["cancelled"],
    expire: ["expired"],
  },
  // `expire` is the last resort: the rollout has its own deadlines, which are all earlier.
  running: {
    break_glass: ["running"],
    finish: ["succeeded", "failed", "simulated", "expired"],
    cancel: ["cancelling"],
    expire: ["failed"],
  },
  cancelling: { finish: ["succeeded", "failed", "simulated", "cancelled", "expired"], expire: ["failed"] },
  // The rollout says whether there is anything to try again or to undo.
  succeeded: { retry: ["running"], undo: ["running"] },
  failed: { retry: ["running"], undo: ["running"] },
  // What was done before the cancellation is still there.
  cancelled: { undo: ["running"] },
  simulated: {},
  rejected: {},
  expired: {},
};

/**
 * What an event makes of a task. An event that changes nothing returns the same object.
 * @throws AppError `invalid_transition` where the event is impossible, `expired` for an approval after the plan's
 * expiry, `denied_by_gate` for an approval that the gate does not allow
 */
export function reduceTask(state: TaskState, event: TaskEvent, nowMs: number): Step<TaskState, TaskEffect> {
  const go = (to: TaskStatus, changes: Partial<TaskState>, effects: TaskEffect[] = []) => {
    checkTransition(transitions, { from: state.status, event: event.type, to, sentence: impossible(state, event) });
    const next = { ...changes, status: to, dueAtMs: dueAtMsOf(to, changes.plan ?? state.plan, nowMs) };
    return changed<TaskState, TaskEffect>(state, next, nowMs, effects);
  };
  const endJob = (): TaskEffect[] =>
    state.status === "thinking" && state.jobId !== undefined ? [{ type: "cancel_job", jobId: state.jobId }] : [];

  switch (event.type) {
    case "think": {
      if (state.status === "thinking" && state.jobId === event.jobId) return unchanged(state);
      if (state.status === "thinking" && state.jobId !== undefined) {
        throw new AppError("invalid_transition", "A model thinks about this task already.");
      }
      const { state: next, effects } = go("thinking", { jobId: event.jobId });
      const dueAtMs = Math.max(next.dueAtMs ?? 0, (event.deadlineAtMs ?? 0) + slackMs);
      return { state: { ...next, dueAtMs }, effects };
    }
    case "think_again": {
      if (state.status === "thinking" && state.jobId === event.jobId) return unchanged(state);
      if (state.jobId !== event.instead) {
        throw new AppError("invalid_transition", "Another model thinks about this task by now.");
      }
      const { state: next, effects } = go("thinking", { jobId: event.jobId }, endJob());
      return { state: { ...next, dueAtMs: Math.max(next.dueAtMs ?? 0, event.deadlineAtMs + slackMs) }, effects };
    }
    case "ask":
      return go("needs_input", {
        question: event.question,
        understood: event.understood,
        ...(event.planning === undefined ? {} : { planning: event.planning }),
      });
    case "answer":
      // The job that asked has ended; another one may follow.
      return go("thinking", { question: undefined, jobId: undefined });
    case "plan": {
      const isSame = state.plan?.planHash === event.plan.planHash;
      if (isSame && ["awaiting_approval", "running"].includes(state.status)) return unchanged(state);
      const known = {
        plan: event.plan,
        gate: event.gate,
        understood: undefined,
        question: undefined,
        ...(event.planning === undefined ? {} : { planning: event.planning }),
      };
      switch (event.gate.decision) {
        case "deny":
          return go("failed", { ...known, result: { message: denial(event.gate) } });
        case "needs_approval":
          return go("awaiting_approval", known);
        case "allow":
          return go("running", { ...known, rolloutId: event.rolloutId }, [
            { type: "start_rollout", rolloutId: event.rolloutId },
          ]);
      }
      break;
    }
    case "approve": {
      if (state.status === "running" && state.approval?.by === event.approval.by) return unchanged(state);
      if (state.status === "awaiting_approval") {
        if (state.plan === undefined || nowMs >= state.plan.expiresAtMs) {
          throw new AppError("expired", "The plan has expired.", { next: "Ask for it again." });
        }
        if (event.gate.decision !== "allow") throw new AppError("denied_by_gate", denial(event.gate));
      }
      return go("running", { approval: event.approval, gate: event.gate, rolloutId: event.rolloutId }, [
        { type: "start_rollout", rolloutId: event.rolloutId },
      ]);
    }
    case "preview":
      if (state.previewTaskId === event.previewTaskId) return unchanged(state);
      return go("awaiting_approval", { previewTaskId: event.previewTaskId });
    case "break_glass": {
      const { approval, breakGlass, gate } = event;
      if (state.breakGlass?.by === breakGlass.by && state.status === "running") return unchanged(state);
      if (state.plan === undefined || nowMs >= state.plan.expiresAtMs) {
        throw new AppError("expired", "The plan has expired.", { next: "Ask for it again." });
      }
      if (gate.decision !== "allow") throw new AppError("denied_by_gate", denial(gate));
      const changes = { approval, breakGlass, gate };
      return state.status === "running" && state.rolloutId !== undefined
        ? go("running", changes, [{ type: "wake_rollout", rolloutId: state.rolloutId }])
        : go("running", { ...changes, rolloutId: event.rolloutId }, [
            { type: "start_rollout", rolloutId: event.rolloutId },
          ]);
    }
    case "reject":
      if (state.status === "rejected") return unchanged(state);
      return go("rejected", { result: { message: withReason("The plan was rejected", event.reason) } });
    case "cancel": {
      if (state.status === "cancelling" || state.status === "cancelled") return unchanged(state);
      if (state.status === "running") {
        return go(
          "cancelling",
          {},
          state.rolloutId === undefined
            ? []
            : [
                {
                  type: "cancel_rollout",
                  rolloutId: state.rolloutId,
                  ...(event.reason === undefined ? {} : { reason: event.reason }),
                },
              ],
        );
      }
      return go("cancelled", { result: { message: withReason("The task was cancelled", event.reason) } }, endJob());
    }
    case "expire": {
      // The reconciler may have read an older state: it is this one's deadline that counts.
      if (state.dueAtMs === undefined || nowMs < state.dueAtMs) return unchanged(state);
      if (state.status === "running" || state.status === "cancelling") {
        const message = "The rollout did not come to an end in its time. Look at the runs of the single appliances.";
        return go("failed", { result: { message } });
      }
      return go("expired", { result: { message: expiries[state.status] ?? "The task took too long." } }, endJob());
    }
    case "fail":
      return go(
        "failed",
        { result: event.result, ...(event.planning === undefined ? {} : { planning: event.planning }) },
        endJob(),
      );
    case "conclude": {
      if (state.kind !== "support") throw new AppError("invalid_transition", "Only a question can be answered.");
      const { type: _type, status, ...known } = event;
      return go(status, known, endJob());
    }
    case "finish":
      if (state.status === event.status) return unchanged(state);
      return go(event.status, { result: event.result });
    case "retry":
    case "undo": {
      const { plan, rolloutId } = state;
      if (plan === undefined || rolloutId === undefined) {
        if (taskHasEnded(state.status)) throw new AppError("invalid_transition", "Nothing was sent to any appliance.");
        throw new AppError("invalid_transition", impossible(state, event));
      }
      if (taskHasEnded(state.status) && nowMs >= plan.expiresAtMs) {
        throw new AppError("expired", "The plan has expired, and the yes to it with it.", {
          next:
            event.type === "retry"
              ? "Ask for it again."
              : "Ask for the opposite, for example to remove what was added.",
        });
      }
      if (event.type === "retry") return go("running", { result: undefined }, [{ type: "retry_rollout", rolloutId }]);
      if (plan.steps.every((step) => step.undo === "none")) {
        throw new AppError("unprocessable", "None of the plan's steps can be undone.");
      }
      const { reason } = event;
      return go("running", { result: undefined }, [
        { type: "undo_rollout", rolloutId, ...(reason === undefined ? {} : { reason }) },
      ]);
    }
  }
}

const expiries: Partial<Record<TaskStatus, string>> = {
  queued: "No plan was made in time. Nothing was changed; ask again.",
  thinking: "No model answered in time. Nothing was changed; ask again, or give the action and its values directly.",
  needs_input: "The question was not answered within seven days. Nothing was changed.",
  awaiting_approval: "The plan was not approved before it expired. Nothing was changed.",
};

function dueAtMsOf(status: TaskStatus, plan: Plan | undefined, nowMs: number): number | undefined {
  if (taskHasEnded(status)) return undefined;
  if (status === "needs_input") return nowMs + defaults.questionSeconds * 1000;
  if (status === "queued" || status === "thinking" || plan === undefined) return nowMs + thinkingMs;
  if (status === "awaiting_approval") return plan.expiresAtMs;
  // A run may start at the last moment, take all of its time, be looked for after that, and be followed by heartbeats.
  const { healthGate } = plan.rollout;
  const gateMs = healthGate === undefined ? 0 : (healthGate.heartbeats + 1) * longestBeatMs;
  return plan.expiresAtMs + allowedMsOf(plan) + unreachableMs + gateMs + lastResortMs;
}

function denial(gate: GateResult): string {
  const denied = gate.reasons.filter((reason) => reason.decision === "deny");
  const why = (denied.length > 0 ? denied : gate.reasons).map((reason) => reason.why);
  return why.length === 0 ? "The gate refused the plan." : why.join(" ");
}

function withReason(message: string, reason: string | undefined): string {
  return reason === undefined ? `${message}.` : `${message}: ${reason}`;
}

const verbs: Record<TaskEvent["type"], string> = {
  think: "be thought about",
  think_again: "be thought about again",
  ask: "ask a question",
  answer: "take an answer",
  plan: "take a plan",
  approve: "be approved",
  preview: "be previewed",
  break_glass: "be passed by",
  reject: "be rejected",
  cancel: "be cancelled",
  expire: "expire",
  fail: "fail to be planned",
  conclude: "be answered",
  finish: "be finished",
  retry: "be tried again",
  undo: "be undone",
};

function impossible(state: TaskState, event: TaskEvent): string {
  const status = state.status.replaceAll("_", " ");
  return taskHasEnded(state.status)
    ? `The task has ended already (${status}); it cannot ${verbs[event.type]}.`
    : `The task is ${status} and cannot ${verbs[event.type]} now.`;
}
