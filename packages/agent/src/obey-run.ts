import { randomUUID } from "node:crypto";
import type { Client } from "@steward/contracts/client";
import type { Envelope } from "@steward/contracts/envelope";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { ReleaseAction } from "@steward/contracts/release";
import type { OutputManifest, RunResult, StepResult } from "@steward/contracts/run";
import type { SignedDocument } from "@steward/contracts/signed";
import type { Clock, ServerClock } from "@steward/node-client/clock";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, type Log } from "@steward/node-client/log";
import type { BundleStore } from "./bundle-store.ts";
import { type CheckedEnvelope, checkEnvelope, type Refusal } from "./check-envelope.ts";
import type { Executor } from "./executor/executor.ts";
import { createKnownSecrets } from "./known-secrets.ts";
import type { AwaitedReboot, Ledger, LedgerEntry } from "./ledger.ts";
import { openOutput, readSpool } from "./output-spool.ts";
import { createOutputRedactor } from "./redact-output.ts";
import type { Reporter } from "./report-runs.ts";
import { runSteps } from "./run-steps.ts";
import { createStepSecrets } from "./step-secrets.ts";
import type { Trusted, TrustStore } from "@steward/node-client/trust-store";
import { stepsToUndo } from "./undo-scope.ts";
import { type Rebooted, waitForReboot } from "./wait-for-reboot.ts";
import { type Upgrader, waitForUpgrade, type WaitForUpgradeOptions } from "./wait-for-upgrade.ts";

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
  /** Absent where the agent is no service that could be replaced. */
  upgrader?: Upgrader;
  /** The request that a run's envelope was fetched for. */
  requestOf: (run: { runId: string }) => string | undefined;
  /** Resolves when a heartbeat was answered. */
  beat: () => Promise<unknown>;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The agent is stopping. */
  signal: AbortSignal;
}

export type Obeyed =
  | { type: "ran"; status: RunResult["status"] }
  /** Begun or ended before: nothing to do. */
  | { type: "known" }
  /** The run has ended, or is not there. It leaves the list, or comes back a moment later as another attempt. */
  | { type: "over"; code: string }
  /** The machine goes down, and this agent with it. */
  | { type: "rebooting" }
  /** The envelope is not obeyed. */
  | { type: "refused"; refusals: Refusal[] }
  /**
   * The server does not let it start: for now (a freeze), or this attempt for good. Then the run leaves the list, or is
   * on it again a moment later as another attempt, without this agent having seen a list that lacks it.
   */
  | { type: "not_started"; code: string; forGood: boolean };

/**
 * One run from its envelope to its recorded end. Throws what may succeed later (no answer, a missing bundle); nothing
 * has run then. A run that waits for the machine to start again is taken up where it was left.
 */
export async function obeyRun(runId: string, options: ObeyOptions): Promise<Obeyed> {
  const waiting = options.ledger.entries().find((entry) => entry.runId === runId && entry.reboot !== undefined);
  return waiting?.reboot === undefined ? beginRun(runId, options) : resumeRun(waiting, waiting.reboot, options);
}

async function beginRun(runId: string, options: ObeyOptions): Promise<Obeyed> {
  const { ledger } = options;
  let document: SignedDocument;
  try {
    document = await options.call("getEnvelope", { params: { runId }, signal: options.signal });
  } catch (error) {
    // Any other no (a suspended tenant) may be taken back, and what is dropped never runs.
    if (!(error instanceof AppError) || !(hasCode(error, "expired") || hasCode(error, "not_found"))) throw error;
    const ofThisRun = ledger.entries().filter((entry) => entry.runId === runId);
    await dropPrepared(ofThisRun, error.code, options);
    return { type: "over", code: error.code };
  }
  const checked = await check(document, runId, options);
  if (!checked.ok) return { type: "refused", refusals: checked.refusals };
  const { envelope, actions } = checked;
  const { attempt, operation, planHash } = envelope;
  const earlier = ledger.earlier({ runId, attempt });
  await dropPrepared(earlier, "superseded", options);
  // A retry and an undo are of the plan that this run began with. One that nobody here has begun has nothing to undo.
  if (earlier.some((entry) => entry.planHash !== planHash)) {
    return { type: "refused", refusals: [{ code: "plan_changed", message: "this run was begun with another plan" }] };
  }

  // Before the start: a bundle that cannot be had costs nothing yet.
  const bundleDirs = await bundlesOf(actions, options);

  const entry = await ledger.prepare({
    runId,
    attempt,
    operation,
    requestId: options.requestOf({ runId }),
    planHash,
    expiresAtMs: envelope.expiresAtMs,
  });
  if (entry.state !== "prepared") return { type: "known" };
  if (entry.planHash !== planHash || entry.operation !== operation) {
    return {
      type: "refused",
      refusals: [{ code: "plan_changed", message: "this attempt was prepared with another plan" }],
    };
  }

  let started: Started;
  try {
    started = await askToStart(entry, options);
  } catch (error) {
    if (hasCode(error, "denied_by_gate") && error instanceof AppError) {
      return { type: "not_started", code: error.code, forGood: false };
    }
    if (!isFinal(error)) throw error;
    await ledger.drop(entry, error.code, options.serverClock.nowMs());
    return { type: "not_started", code: error.code, forGood: true };
  }
  const { startedAtMs, deadlineMs } = started;
  const begun = await ledger.start(entry, { startedAtMs, deadlineMs });
  const about = { runId, attempt, executor: options.executor.name };
  options.log("run.started", { ...about, ...(operation === undefined ? {} : { operation }) });
  return carryOut({ entry: begun, document, envelope, actions, bundleDirs, started }, options);
}

/**
 * The life after the one that restarted the machine. What it finds on its own disk is not believed: the server is asked
 * whether the run still goes on (a restored snapshot's does not), and the envelope is verified once more, as of the moment
 * at which the run was started.
 */
async function resumeRun(entry: LedgerEntry, reboot: AwaitedReboot, options: ObeyOptions): Promise<Obeyed> {
  const { runId, attempt } = entry;
  const giveUp = async (reason: string): Promise<Obeyed> => {
    const step: StepResult = { ...reboot.step, status: "failed", reason };
    const output = await closeOutput(() => readSpool(entry.outputDir), entry, options.log);
    const ended = { status: "failed" as const, reason, steps: [...reboot.steps, step] };
    await finishPersistently(entry, { ...ended, ...(output === undefined ? {} : { output }) }, options);
    options.log("run.ended", { runId, attempt, status: "failed", reason });
    return { type: "ran", status: "failed" };
  };
  let started: Started;
  try {
    started = await askToStart(entry, options);
  } catch (error) {
    if (!isFinal(error)) throw error;
    return giveUp("the machine started again, and the run's time was over");
  }
  const checked = await check(reboot.envelope, runId, options, entry.startedAtMs);
  if (!checked.ok || checked.envelope.planHash !== entry.planHash || checked.envelope.attempt !== attempt) {
    const codes = checked.ok ? "plan_changed" : checked.refusals.map(({ code }) => code).join(", ");
    return giveUp(`the machine started again, and its command is no longer obeyed: ${codes}`);
  }
  const { envelope, actions } = checked;
  const bundleDirs = await bundlesOf(actions, options);
  options.log("run.resumed", { runId, attempt, step: reboot.index });
  return carryOut({ entry, document: reboot.envelope, envelope, actions, bundleDirs, started, reboot }, options);
}

type Started = Awaited<ReturnType<typeof askToStart>>;

/** The same ledger id gets the same answer, as long as the run goes on. */
async function askToStart(entry: LedgerEntry, { call, clock, serverClock, executor, signal }: ObeyOptions) {
  const askedAtMs = clock.monotonicMs();
  const { runId, attempt, ledgerId } = entry;
  const body = { attempt, ledgerId, executor: executor.name };
  const started = await call("startRun", { params: { runId }, body, signal });
  serverClock.observe(started.serverTimeMs, askedAtMs);
  return started;
}

async function bundlesOf(actions: readonly ReleaseAction[], { bundles }: ObeyOptions): Promise<string[]> {
  const dirs: string[] = [];
  for (const { bundle } of actions) dirs.push(await bundles.ensure(bundle));
  return dirs;
}

interface StartedRun {
  entry: LedgerEntry;
  document: SignedDocument;
  envelope: Envelope;
  actions: ReleaseAction[];
  bundleDirs: string[];
  started: Started;
  /** What an earlier life was waiting for. */
  reboot?: AwaitedReboot;
}

async function carryOut(run: StartedRun, options: ObeyOptions): Promise<Obeyed> {
  const { envelope, actions, bundleDirs, started } = run;
  const { ledger, executor, log, serverClock } = options;
  const { reboot: awaited } = run;
  let { entry } = run;
  const { runId, attempt } = entry;
  const earlier = ledger.earlier(entry);
  const uploader = options.reporter.uploaderOf(entry);
  const output = await openOutput({
    dir: entry.outputDir,
    clock: options.clock,
    onChunk: (chunk) => uploader.add(chunk),
    resume: awaited !== undefined,
  }).catch((error: unknown) => {
    log("output.lost", { runId, attempt, error: describeError(error) });
    return undefined;
  });
  const known = createKnownSecrets();
  const redactor = createOutputRedactor((bytes) => output?.write(bytes), known);
  const say = (line: string) => redactor.write(new TextEncoder().encode(`\n${line}\n`));

  const comeBack = async (reboot: AwaitedReboot): Promise<Rebooted> => {
    const nowMs = serverClock.nowMs() ?? reboot.deadlineMs;
    const { beat, clock, signal } = options;
    const wait = { beat, withinMs: reboot.deadlineMs - nowMs, clock, nowMs: () => serverClock.nowMs(), signal };
    const rebooted = await awaitLife(reboot, wait, options);
    if (rebooted.type !== "back") return rebooted;
    void say(reboot.upgrade === undefined ? "The machine is back." : "The agent is back.");
    reboot.step.durationMs += Math.max(0, Math.round((serverClock.nowMs() ?? nowMs) - reboot.askedAtMs));
    // What comes next must not run twice: from here on a kill is an end.
    entry = await ledger.recordStep(entry, reboot.index, reboot.step);
    return rebooted;
  };
  const { ledgerId } = entry;
  const ended = await runSteps({
    envelope,
    actions,
    bundleDirs,
    executor,
    secrets: createStepSecrets({
      call: options.call,
      run: { runId, attempt, ledgerId },
      known,
      clock: options.clock,
      random: options.random,
      log,
    }),
    hide: (text) => known.hide(text),
    output: (bytes) => redactor.write(bytes),
    ...(envelope.operation === undefined
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
    onReboot: async ({ index, steps, step, upgrade }) => {
      if (upgrade === undefined ? executor.boot === undefined : options.upgrader === undefined) {
        return { type: "failed", reason: `nothing here can be ${upgrade === undefined ? "restarted" : "upgraded"}` };
      }
      const bootId = upgrade === undefined ? ((await executor.boot?.id()) ?? "") : randomUUID();
      const askedAtMs = serverClock.nowMs() ?? started.serverTimeMs;
      const timeoutMs = (actions[index]?.timeoutSeconds ?? 0) * 1000;
      const deadlineMs = Math.min(askedAtMs + timeoutMs, started.deadlineMs);
      const about = { index, bootId, askedAtMs, deadlineMs, steps, step, envelope: run.document };
      const reboot: AwaitedReboot = { ...about, ...(upgrade === undefined ? {} : { upgrade }) };
      void say(upgrade === undefined ? "The machine starts again." : "The agent is replaced.");
      // A run whose output cannot be kept has a result all the same: see `closeOutput`.
      await output?.sync().catch(() => {});
      entry = await ledger.awaitReboot(entry, reboot);
      log(upgrade === undefined ? "run.restarts_the_machine" : "run.replaces_the_agent", {
        runId,
        attempt,
        step: index,
      });
      return comeBack(reboot);
    },
    ...(awaited === undefined ? {} : { awaited: { ...awaited, comeBack: () => comeBack(awaited) } }),
  });
  redactor.end();
  const manifest = output === undefined ? undefined : await closeOutput(() => output.close(), entry, log);
  // The entry stays as it is: the next life takes it up.
  if (ended.status === "rebooting") return { type: "rebooting" };
  await finishPersistently(entry, { ...ended, ...(manifest === undefined ? {} : { output: manifest }) }, options);
  log("run.ended", { runId, attempt, status: ended.status, reason: ended.reason });
  return { type: "ran", status: ended.status };
}

/** Another boot of the machine, or another build of the agent. */
function awaitLife(
  { bootId, upgrade }: AwaitedReboot,
  wait: Omit<WaitForUpgradeOptions, "upgrader" | "id" | "version">,
  { executor, upgrader }: Pick<ObeyOptions, "executor" | "upgrader">,
): Promise<Rebooted> {
  if (upgrade === undefined && executor.boot !== undefined) {
    return waitForReboot({ ...wait, boot: executor.boot, bootId });
  }
  if (upgrade !== undefined && upgrader !== undefined) {
    return waitForUpgrade({ ...wait, upgrader, id: bootId, version: upgrade.version });
  }
  return Promise.resolve({ type: "failed", reason: "nothing here can be started anew" });
}

/**
 * What an earlier life had started and not finished: nobody knows how far it came, so it is an end, not a repetition. A run
 * that waits for the machine to start again is not among it.
 */
export async function endInterrupted(
  options: Pick<ObeyOptions, "ledger" | "executor" | "reporter" | "log">,
): Promise<void> {
  for (const entry of options.ledger.entries()) {
    if (entry.state !== "started" || entry.reboot !== undefined) continue;
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

/** What was prepared and will not be started: as long as it is prepared, the agent asks for its run. */
async function dropPrepared(
  entries: readonly LedgerEntry[],
  why: string,
  { ledger, serverClock }: Pick<ObeyOptions, "ledger" | "serverClock">,
): Promise<void> {
  for (const entry of entries) if (entry.state === "prepared") await ledger.drop(entry, why, serverClock.nowMs());
}

/** `asOfMs`: for a run that was started then. Default: now. */
async function check(
  document: SignedDocument,
  runId: string,
  options: ObeyOptions,
  asOfMs?: number,
): Promise<CheckedEnvelope> {
  const judge = (known: Trusted) =>
    checkEnvelope(document, {
      runId,
      applianceId: options.applianceId,
      tenantId: options.tenantId,
      nowMs: asOfMs ?? options.serverClock.nowMs(),
      ...known,
    });
  const first = judge(await options.trust.fresh());
  if (first.ok || !first.refusals.some(({ code }) => liftedByRefresh.has(code))) return first;
  return judge(await options.trust.refresh());
}
