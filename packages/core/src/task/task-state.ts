import type { Mode, Plan, ProposedStep, Provenance, RolloutRequest } from "@steward/contracts/plan";
import type { SignedDocument } from "@steward/contracts/signed";
import type { Source } from "@steward/contracts/source";
import type { TaskStatus } from "@steward/contracts/states";
import type { SupportAnswer } from "@steward/contracts/support";
import type { GateResult, Planning, Question, TaskResult } from "@steward/contracts/task";
import type { Versioned } from "../versioned.ts";

/** A step whose every value is known to come from somewhere. */
export interface GroundedStep extends ProposedStep {
  provenance: Record<string, Provenance>;
}

/** A person was asked for, and what the person said. */
export interface Escalation {
  by: string;
  name: string;
  atMs: number;
  note?: string;
  answer?: { by: string; name: string; atMs: number; note: string };
}

/** What a person thinks of its plan or answer. */
export interface Feedback {
  by: string;
  name: string;
  atMs: number;
  verdict: "right" | "wrong";
  note?: string;
}

export interface TaskState extends Versioned {
  tenantId: string;
  taskId: string;
  kind: "support" | "action";
  /** The request that asked for it; absent in records from before it was kept. */
  requestId?: string;
  status: TaskStatus;
  /** Plain words; absent where the steps were given explicitly. */
  instruction?: string;
  requestedBy: { id: string; name: string };
  /** Absent: the requester itself, a person or a token. */
  source?: Source;
  /** The schedule that asked for it, and what held for it then. */
  schedule?: { scheduleId: string; maxTargets: number; standing?: SignedDocument };
  /** Who has passed over the rules that may be passed over, and why. */
  breakGlass?: { by: string; name: string; reason: string; atMs: number };
  /** Who may open the secrets that its runs make; absent: whoever asked. */
  recipientId?: string;
  /** Whoever asked wants to be asked for a yes, whatever the risk. */
  confirm?: true;
  targets: { id: string; name: string }[];
  mode: Mode;
  verbosity: number;
  /** What was asked for; the plan has what was made of it. */
  rollout?: RolloutRequest;
  createdAtMs: number;
  updatedAtMs: number;
  /** The job that thinks about it, where a model does. */
  jobId?: string;
  question?: Question;
  /** Names the request whose answer was taken last. */
  answerId?: string;
  /** What is understood so far, while a question is open. */
  understood?: GroundedStep[];
  /** It only shows what this other task would change. */
  previewOf?: string;
  /** Its newest preview. */
  previewTaskId?: string;
  plan?: Plan;
  gate?: GateResult;
  planning?: Planning;
  /** `retyped`: whether it is of the only person who could, who asked and has retyped the target's name. */
  approval?: { by: string; name: string; atMs: number; document: SignedDocument; retyped?: boolean };
  rolloutId?: string;
  result?: TaskResult;
  escalation?: Escalation;
  feedback?: Feedback[];
  /** Of a question. */
  answer?: SupportAnswer;
}

export type TaskEvent =
  /** A model takes over: `queued → thinking`. */
  /** With another deadline of the job than its lane's, the task's own lies behind that one. */
  | { type: "think"; jobId: string; deadlineAtMs?: number }
  /** Another job in the place of the one that thinks about it, which ends. */
  | { type: "think_again"; jobId: string; instead: string; deadlineAtMs: number }
  /** `queued, thinking → needs_input`, for `defaults.questionSeconds`. */
  | { type: "ask"; question: Question; understood: GroundedStep[]; planning?: Planning }
  /** `needs_input → thinking`; the shell goes on with the understood steps and the answer. */
  | { type: "answer" }
  /** `queued, thinking → awaiting_approval | running | failed`, as the gate decided. */
  | { type: "plan"; plan: Plan; gate: GateResult; planning?: Planning; rolloutId: string }
  /** `awaiting_approval → running`. */
  | { type: "approve"; approval: NonNullable<TaskState["approval"]>; gate: GateResult; rolloutId: string }
  /** A preview of the plan was asked for, as a task of its own. */
  | { type: "preview"; previewTaskId: string }
  /** `awaiting_approval → running`, past what may be passed over; and of one that is running and held, the same. */
  | {
      type: "break_glass";
      approval: NonNullable<TaskState["approval"]>;
      breakGlass: NonNullable<TaskState["breakGlass"]>;
      gate: GateResult;
      rolloutId: string;
    }
  | { type: "reject"; by: string; reason?: string }
  /** Ends it at once before it runs; `running → cancelling` after. */
  | { type: "cancel"; by: string; reason?: string }
  /** Its time in this state is over. */
  | { type: "expire" }
  /** No plan could be made: `queued, thinking, needs_input → failed`. */
  | { type: "fail"; result: TaskResult; planning?: Planning }
  /** A question was answered, or nobody could: `queued, thinking → succeeded | failed`. */
  | {
      type: "conclude";
      status: "succeeded" | "failed";
      result: TaskResult;
      answer?: SupportAnswer;
      planning?: Planning;
    }
  /** The rollout ended: `running → succeeded | failed | simulated`, `cancelling → any of these or cancelled`. */
  | { type: "finish"; status: "succeeded" | "failed" | "simulated" | "cancelled" | "expired"; result: TaskResult }
  /** Once more where it failed and where it therefore never came to: `succeeded, failed → running`. */
  | { type: "retry"; by: string }
  /** Take back what it did: `succeeded, failed, cancelled → running`. */
  | { type: "undo"; by: string; reason?: string };

export type TaskEffect =
  /** Create the rollout with this id for the plan, and ring the dispatcher. */
  | { type: "start_rollout"; rolloutId: string }
  /** It is there, and may be held by what no longer holds it. */
  | { type: "wake_rollout"; rolloutId: string }
  | { type: "cancel_rollout"; rolloutId: string; reason?: string }
  | { type: "retry_rollout"; rolloutId: string }
  | { type: "undo_rollout"; rolloutId: string; reason?: string }
  | { type: "cancel_job"; jobId: string };
