import { gateUnchanged, readGateEpoch } from "@steward/aws/records/gate-epoch";
import { rolloutUnchanged } from "@steward/aws/records/rollout";
import { sendRun } from "@steward/aws/records/run";
import { signDocument } from "@steward/aws/signing";
import { commit, type Write } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import type { Envelope } from "@steward/contracts/envelope";
import { AppError, hasCode } from "@steward/contracts/errors";
import { executablePlan, type Plan } from "@steward/contracts/plan";
import type { SignedDocument } from "@steward/contracts/signed";
import { type TargetProof, targetProver } from "@steward/contracts/targets-proof";
import { gate } from "@steward/core/gate/gate";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { RunState } from "@steward/core/run/run-state";
import type { TaskState } from "@steward/core/task/task-state";
import { audited } from "./audit.ts";
import { changeRun } from "./change-run.ts";
import type { Context, WithSigner } from "./context.ts";
import { gateContext } from "./gate-context.ts";

type Deps = Pick<Context, "table" | "nowMs" | "release" | "log"> & WithSigner;

/**
 * So many are sent in one transaction: three writes each, and the conditions that all of them hang on, of the 100 that fit.
 * In one, because transactions on one item at the same time get into each other's way.
 */
const batchSize = 24;
/** A transaction takes 4 MB. */
const maxBatchBytes = 2 * 1024 * 1024;

export interface Sending {
  rollout: RolloutState;
  task: TaskState;
  who: string;
  untilMs: number;
}

export interface Sent {
  /** Something was sent, or cancelled because it can never start. */
  progressed: boolean;
  /** All were looked at in the time. */
  complete: boolean;
  held: Held[];
}

/** A run that waits for what passes by itself: until when, where that is known. */
export interface Held {
  runId: string;
  untilMs?: number;
}

/**
 * Signs the commands of these runs and marks them `sent`. The gate is asked for each; what passes by itself (a freeze, a window,
 * a suspension) leaves them pending: it may end before the plan does. What can never start is cancelled.
 *
 * Sent only while the rollout does what it did when it was decided on, and while nothing has changed that the gate looks at:
 *
 *     dispatch  read: running, mark a ── gate: allow ── sign ─────── send 24 if running and a ✗ conflict: decided anew
 *     person                                  pause ✓
 *
 * Throws `conflict` where the rollout does something else by now.
 */
export async function sendRuns(deps: Deps, runs: readonly RunState[], sending: Sending): Promise<Sent> {
  const { plan } = sending.task;
  const done: Sent = { progressed: false, complete: true, held: [] };
  if (plan === undefined || runs.length === 0) return done;
  const prove = targetProver(plan.targets);
  for (let start = 0; start < runs.length; start += batchSize) {
    if (performance.now() >= sending.untilMs) return { ...done, complete: false };
    const batch = runs.slice(start, start + batchSize);
    const sent = await sendBatch(deps, batch, { ...sending, plan, prove });
    done.progressed ||= sent.progressed;
    done.held.push(...sent.held);
  }
  return done;
}

type Batch = Sending & { plan: Plan; prove: (id: string) => TargetProof };

/** A change that the gate has not seen is looked at here; another rollout is its caller's to decide about. */
const gateTries = 4;

/**
 * Which of these the gate holds now; nothing is sent and nothing stored. `everybody`: it would hold any other as well (a
 * freeze), so there is no use in asking about more.
 */
export async function heldAmong(
  deps: Deps,
  runs: readonly RunState[],
  { task, untilMs }: Pick<Sending, "task" | "untilMs">,
): Promise<{ held: Held[]; everybody: boolean }> {
  const { plan } = task;
  const held: Held[] = [];
  if (plan === undefined) return { held, everybody: false };
  for (let start = 0; start < runs.length && performance.now() < untilMs; start += batchSize) {
    const batch = runs.slice(start, start + batchSize);
    const asked = await askGate(deps, batch, { task, plan });
    held.push(...asked.held);
    if (asked.everybody) return { held, everybody: true };
  }
  return { held, everybody: false };
}

type BatchSent = Pick<Sent, "progressed" | "held">;

async function sendBatch(deps: Deps, batch: readonly RunState[], sending: Batch): Promise<BatchSent> {
  for (let count = 1; ; count += 1) {
    try {
      return await tryBatch(deps, batch, sending);
    } catch (error) {
      if (conflictOf(error) !== "gate epoch" || count >= gateTries) throw error;
    }
  }
}

async function tryBatch(deps: Deps, batch: readonly RunState[], sending: Batch): Promise<BatchSent> {
  const { rollout, task, who } = sending;
  const epoch = await readGateEpoch(deps.table, { tenantId: task.tenantId, runId: rollout.rolloutId });
  const { allowed, held, refused } = await askGate(deps, batch, sending);
  for (const { run, why } of refused) await changeRun(deps, run, { type: "cancel", reason: why }, who);
  const progressed = refused.length > 0;
  if (allowed.length === 0) return { progressed, held };
  const conditions = () => [rolloutUnchanged(rollout), ...gateUnchanged(epoch)];
  const sent = await Promise.all(allowed.map((run) => signed(deps, run, sending)));
  const by = { who, requestId: rollout.requestId };
  for (const part of partsOf(sent)) await store(deps, part, conditions, by);
  return { progressed: true, held };
}

interface Asked {
  allowed: RunState[];
  held: Held[];
  /** What can never start. */
  refused: { run: RunState; why: string }[];
  everybody: boolean;
}

async function askGate(
  deps: Deps,
  batch: readonly RunState[],
  { task, plan }: { task: TaskState; plan: Plan },
): Promise<Asked> {
  const targetIds = batch.map((run) => run.applianceId);
  const context = await gateContext(deps, task, plan, "doorbell", { targetIds });
  const asked: Asked = { allowed: [], held: [], refused: [], everybody: false };
  asked.everybody = gate(plan, { ...context, targets: [] }).held !== undefined;
  for (const [index, run] of batch.entries()) {
    const target = context.targets[index];
    const decision = gate(plan, { ...context, targets: target === undefined ? [] : [target] });
    if (decision.decision === "allow") {
      asked.allowed.push(run);
    } else if (decision.held !== undefined) {
      asked.held.push({ runId: run.runId, ...decision.held });
    } else {
      const why = decision.reasons.filter((reason) => reason.decision !== "allow").map((reason) => reason.why);
      asked.refused.push({ run, why: why.join("; ") });
    }
  }
  return asked;
}

/** Which record stood in the way. */
function conflictOf(error: unknown): unknown {
  return error instanceof AppError && error.code === "conflict" ? error.details?.["record"] : undefined;
}

interface SignedRun {
  run: RunState;
  envelope: SignedDocument;
}

async function signed(deps: Deps, run: RunState, sending: Batch): Promise<SignedRun> {
  const envelope = envelopeOf(sending, run, deps.nowMs());
  return { run, envelope: await signDocument(deps.signer, "steward-envelope-v1", envelope) };
}

function envelopeOf({ task, plan, prove }: Batch, run: RunState, nowMs: number): Envelope {
  return {
    v: 1,
    tenantId: task.tenantId,
    taskId: task.taskId,
    runId: run.runId,
    attempt: run.attempt,
    applianceId: run.applianceId,
    ...(run.operation === undefined ? {} : { operation: run.operation }),
    plan: executablePlan(plan),
    targetProof: prove(run.applianceId),
    mode: plan.mode,
    planExpiresAtMs: plan.expiresAtMs,
    planHash: plan.planHash,
    verbosity: plan.verbosity,
    notBeforeMs: nowMs,
    expiresAtMs: Math.min(plan.expiresAtMs, nowMs + defaults.envelopeSeconds * 1000),
    ...yesTo(task, plan),
  };
}

/** The yes that an appliance wants to see: a person's to this plan, or else a standing one, where the plan needs any. */
function yesTo(task: TaskState, plan: Plan): Pick<Envelope, "approval" | "standing"> {
  if (task.approval !== undefined) return { approval: task.approval.document };
  const standing = task.schedule?.standing;
  // An agent of before does not know the field: what needs nobody's yes goes without.
  return standing === undefined || plan.risk === "low" || plan.mode === "check" ? {} : { standing };
}

/** Together not more than a transaction takes. */
function partsOf(sent: readonly SignedRun[]): SignedRun[][] {
  const parts: SignedRun[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of sent) {
    if (bytes + one.envelope.payload.length > maxBatchBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(one);
    bytes += one.envelope.payload.length;
  }
  return parts;
}

/** Who sends, and for which request. */
interface SentBy {
  who: string;
  requestId: string | undefined;
}

async function store(deps: Deps, part: readonly SignedRun[], conditions: () => Write[], by: SentBy): Promise<void> {
  const writes = part.flatMap((one) => writesOf(deps, one, by));
  if (writes.length === 0) return;
  try {
    await commit(deps.table, [...writes, ...conditions()]);
  } catch (error) {
    if (!isOfOneRun(error)) throw error;
    // One of them is not what it was (it has expired, or a second dispatcher was quicker): it must not stop the others.
    for (const one of part) {
      try {
        await commit(deps.table, [...writesOf(deps, one, by), ...conditions()]);
      } catch (single) {
        if (!isOfOneRun(single)) throw single;
      }
    }
  }
}

function isOfOneRun(error: unknown): boolean {
  const record = conflictOf(error);
  return record === "run" || record === "envelope";
}

/** Empty where the run cannot be sent any more. */
function writesOf(deps: Deps, { run, envelope }: SignedRun, { who, requestId }: SentBy): Write[] {
  const nowMs = deps.nowMs();
  try {
    const asked = requestId === undefined ? {} : { requestId };
    const { state } = reduceRun(run, { type: "send", envelope, ...asked }, nowMs);
    if (state === run) return [];
    // The trail has the run as it is stored: its command lies beside it.
    const { envelope: _, ...after } = state;
    const { tenantId, runId } = run;
    return [
      ...sendRun(run, state),
      audited(nowMs, { tenantId, who, what: "send-run", record: runId, before: run, after, requestId }),
    ];
  } catch (error) {
    if (hasCode(error, "invalid_transition") || hasCode(error, "expired")) return [];
    throw error;
  }
}
