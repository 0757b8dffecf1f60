import type { Client } from "@steward/contracts/client";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { OutputManifest, RunResult } from "@steward/contracts/run";
import type { Clock, ServerClock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import type { BundleStore } from "./bundle-store.ts";
import { type CheckedEnvelope, checkEnvelope, type Refusal } from "./check-envelope.ts";
import type { Executor } from "./executor/executor.ts";
import { isFinal } from "@steward/node-client/is-final";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { openOutput, readSpool } from "./output-spool.ts";
import type { Reporter } from "./report-runs.ts";
import { createOutputRedactor } from "./redact-output.ts";
import { runSteps } from "./run-steps.ts";
import { stepsToUndo } from "./undo-scope.ts";
import type { Trusted, TrustStore } from "./trust-store.ts";

export interface ObeyOptions {
  applianceId: string;
  tenantId: string;
  call: Client;
  serverClock: ServerClock;
  trust: TrustStore;
  bundles: BundleStore;
  ledger: Ledger;
  reporter: Reporter;
  executor: Executor;
  clock: Clock;
  log: Log;
  /** The agent is stopping. */
  signal: AbortSignal;
}

export type Obeyed =
  | { type: "ran"; status: RunResult["status"] }
  /** Begun or ended before: nothing to do. */
  | { type: "known" }
  /** The envelope is not obeyed. */
  | { type: "refused"; refusals: Refusal[] }
  /** The server does not let it start: for good, or (a freeze) for now. */
  | { type: "not_started"; code: string; forGood: boolean };

/**
 * One run from its envelope to its recorded end. Throws what may succeed later (no answer, a missing bundle); nothing
 * has run then.
 */
export async function obeyRun(runId: string, options: ObeyOptions): Promise<Obeyed> {
  const { call, ledger, executor, log } = options;
  const checked = await fetchAndCheck(runId, options);
  if (!checked.ok) return { type: "refused", refusals: checked.refusals };
  const { envelope, actions } = checked;
  const { attempt, operation, planHash } = envelope;
  const earlier = ledger.earlier({ runId, attempt });
  // A retry and an undo are of the plan that this run began with. One that nobody here has begun has nothing to undo.
  if (earlier.some((entry) => entry.planHash !== planHash)) {
    return { type: "refused", refusals: [{ code: "plan_changed", message: "this run was begun with another plan" }] };
  }

  // Before the start: a bundle that cannot be had costs nothing yet.
  const bundleDirs: string[] = [];
  for (const { bundle } of actions) bundleDirs.push(await options.bundles.ensure(bundle));

  let entry = await ledger.prepare({ runId, attempt, operation, planHash, expiresAtMs: envelope.expiresAtMs });
  if (entry.state !== "prepared") return { type: "known" };
  if (entry.planHash !== planHash || entry.operation !== operation) {
    return {
      type: "refused",
      refusals: [{ code: "plan_changed", message: "this attempt was prepared with another plan" }],
    };
  }

  const askedAtMs = options.clock.monotonicMs();
  const body = { attempt, ledgerId: entry.ledgerId, executor: executor.name };
  let started: Awaited<ReturnType<typeof startRun>>;
  try {
    started = await startRun();
  } catch (error) {
    if (hasCode(error, "denied_by_gate") && error instanceof AppError) {
      return { type: "not_started", code: error.code, forGood: false };
    }
    if (!isFinal(error)) throw error;
    await ledger.drop(entry, error.code, options.serverClock.nowMs());
    return { type: "not_started", code: error.code, forGood: true };
  }
  options.serverClock.observe(started.serverTimeMs, askedAtMs);

  entry = await ledger.start(entry, { startedAtMs: started.startedAtMs, deadlineMs: started.deadlineMs });
  log("run.started", { runId, attempt, executor: executor.name, ...(operation === undefined ? {} : { operation }) });
  const uploader = options.reporter.uploaderOf(entry);
  const output = await openOutput({
    dir: entry.outputDir,
    clock: options.clock,
    onChunk: (chunk) => uploader.add(chunk),
  }).catch((error: unknown) => {
    log("output.lost", { runId, attempt, error: describeError(error) });
    return undefined;
  });
  const redactor = createOutputRedactor((bytes) => output?.write(bytes));
  const ended = await runSteps({
    envelope,
    actions,
    bundleDirs,
    executor,
    output: (bytes) => redactor.write(bytes),
    ...(operation === undefined
      ? {}
      : { undo: earlier.length === 0 ? ("unknown" as const) : stepsToUndo(earlier, actions.length) }),
    deadlineInMs: Math.max(0, started.deadlineMs - started.serverTimeMs),
    clock: options.clock,
    signal: options.signal,
    // Only of what is done in order: a report about a kill tells steps from the first on. An undo goes the other way.
    onStep: async (index, result) => {
      try {
        entry = await ledger.recordStep(entry, index, result);
      } catch (error) {
        // Only a report about a kill reads it. The result that this life still holds is worth more.
        log("ledger.step_not_kept", { runId, attempt, index, error: describeError(error) });
      }
    },
  });
  redactor.end();
  const manifest = output === undefined ? undefined : await closeOutput(() => output.close(), entry, log);
  await finishPersistently(entry, { ...ended, ...(manifest === undefined ? {} : { output: manifest }) }, options);
  log("run.ended", { runId, attempt, status: ended.status, reason: ended.reason });
  return { type: "ran", status: ended.status };

  async function startRun() {
    return call("startRun", { params: { runId }, body, signal: options.signal });
  }
}

/** What an earlier life had started and not finished: nobody knows how far it came, so it is an end, not a repetition. */
export async function endInterrupted(
  options: Pick<ObeyOptions, "ledger" | "executor" | "reporter" | "log">,
): Promise<void> {
  for (const entry of options.ledger.entries().filter(({ state }) => state === "started")) {
    const manifest = await closeOutput(() => readSpool(entry.outputDir), entry, options.log);
    const result = {
      status: "failed" as const,
      reason: "interrupted",
      steps: [...entry.steps],
      ...(manifest === undefined ? {} : { output: manifest }),
    };
    await finish(entry, result, options);
    options.log("run.interrupted", { runId: entry.runId, attempt: entry.attempt, stepsDone: entry.steps.length });
  }
}

async function finish(
  entry: LedgerEntry,
  ended: Pick<RunResult, "status" | "reason" | "steps" | "output">,
  options: Pick<ObeyOptions, "ledger" | "executor" | "reporter">,
): Promise<void> {
  const { attempt, ledgerId } = entry;
  await options.ledger.finish(entry, { attempt, ledgerId, executor: options.executor.name, ...ended });
  options.reporter.wake();
}

/**
 * A full disk does not take the result with it: it is kept here until it can be written. An agent that is stopped before
 * that reports the run as interrupted in its next life.
 */
async function finishPersistently(
  entry: LedgerEntry,
  ended: Parameters<typeof finish>[1],
  options: ObeyOptions,
): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await finish(entry, ended, options);
    } catch (error) {
      if (options.signal.aborted) throw error;
      const about = { runId: entry.runId, attempt: entry.attempt, error: describeError(error) };
      if (failures === 0) options.log("ledger.result_not_kept", about);
      await options.clock.sleep(Math.min(10_000, 250 * 2 ** failures), options.signal);
    }
  }
}

/** A run whose output could not be kept (a full disk) still has a result. */
async function closeOutput(
  close: () => Promise<OutputManifest>,
  entry: LedgerEntry,
  log: Log,
): Promise<OutputManifest | undefined> {
  try {
    return await close();
  } catch (error) {
    log("output.lost", { runId: entry.runId, attempt: entry.attempt, error: describeError(error) });
    return undefined;
  }
}

/** Refusals that newer documents may lift. */
const liftedByRefresh = new Set<Refusal["code"]>(["not_signed", "trust_expired", "release_expired", "other_release"]);

async function fetchAndCheck(runId: string, options: ObeyOptions): Promise<CheckedEnvelope> {
  const document = await options.call("getEnvelope", { params: { runId }, signal: options.signal });
  const check = (known: Trusted) =>
    checkEnvelope(document, {
      runId,
      applianceId: options.applianceId,
      tenantId: options.tenantId,
      nowMs: options.serverClock.nowMs(),
      ...known,
    });
  const first = check(await options.trust.fresh());
  if (first.ok || !first.refusals.some(({ code }) => liftedByRefresh.has(code))) return first;
  return check(await options.trust.refresh());
}
