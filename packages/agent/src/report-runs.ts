import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { RunResult } from "@steward/contracts/run";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isFinal } from "@steward/node-client/is-final";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { createUploader, type Uploader } from "./upload-output.ts";

export interface ReporterOptions {
  call: Client;
  ledger: Ledger;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The server's clock. */
  nowMs: () => number | undefined;
  signal: AbortSignal;
}

/** What a step found comes from the machine and may be what nobody takes. How the run ended is told all the same. */
const contentRefusals: ReadonlySet<string> = new Set([
  "invalid_request",
  "unknown_field",
  "too_large",
  "unprocessable",
]);

/** Posts the results of finished runs until they are taken, beside whatever runs next. */
export interface Reporter {
  /** Uploads a run's chunks while it is still going. */
  uploaderOf(entry: LedgerEntry): Uploader;
  wake(): void;
  /** Resolves when nothing is left to report, or the agent is stopping. */
  settled(): Promise<void>;
}

export function createReporter(options: ReporterOptions): Reporter {
  const { call, ledger, clock, random, log, signal } = options;
  const uploaders = new Map<string, Uploader>();
  let working: Promise<void> | undefined;
  let woken = false;

  function uploaderOf(entry: LedgerEntry): Uploader {
    const existing = uploaders.get(entry.ledgerId);
    if (existing) return existing;
    const { runId, attempt, ledgerId } = entry;
    const run = { runId, attempt, ledgerId };
    const uploader = createUploader({ call, run, dir: entry.outputDir, clock, random, log, signal });
    uploaders.set(ledgerId, uploader);
    return uploader;
  }

  async function report(entry: LedgerEntry): Promise<void> {
    const { result } = entry;
    if (!result) return;
    if (!uploaders.has(entry.ledgerId)) for (const chunk of result.output?.chunks ?? []) uploaderOf(entry).add(chunk);
    const uploaded = await uploaderOf(entry).settled();
    if (signal.aborted) return;
    // Output that the store refused for good must not keep the result from arriving.
    const { output: _, ...bare } = result;
    const post = (body: RunResult) => call("recordRun", { params: { runId: entry.runId }, body, signal });
    const answer = await post(uploaded ? result : bare).catch((error: unknown) => {
      if (!(error instanceof AppError) || !contentRefusals.has(error.code)) throw error;
      log("run.findings_refused", { runId: entry.runId, attempt: entry.attempt, error: describeError(error) });
      return post({ ...bare, steps: bare.steps.map(({ result: __, ...step }) => step) });
    });
    log("run.reported", { runId: entry.runId, attempt: entry.attempt, status: result.status, taken: answer.accepted });
    await ledger.report(entry, answer.accepted ? "taken" : `not taken: ${answer.status}`, options.nowMs());
    uploaders.delete(entry.ledgerId);
  }

  /** False when the ledger could not take it (a full disk): the result is posted, and refused, once more. */
  async function giveUp(entry: LedgerEntry, code: string): Promise<boolean> {
    try {
      await ledger.report(entry, `refused: ${code}`, options.nowMs());
      uploaders.delete(entry.ledgerId);
      return true;
    } catch (error) {
      log("run.report_failed", { runId: entry.runId, attempt: entry.attempt, error: describeError(error) });
      return false;
    }
  }

  async function work(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      woken = false;
      let failed = false;
      for (const entry of ledger.entries().filter(({ state }) => state === "finished")) {
        if (signal.aborted) return;
        try {
          await report(entry);
        } catch (error) {
          const about = { runId: entry.runId, attempt: entry.attempt, error: describeError(error) };
          if (isFinal(error)) {
            log("run.result_refused", about);
            failed = !(await giveUp(entry, error.code));
          } else {
            failed = true;
            if (failures === 0 && !signal.aborted) log("run.report_failed", about);
          }
        }
      }
      if (!failed && !woken) return;
      failures = failed ? failures + 1 : 0;
      if (failed) await clock.sleep(fullJitterMs({ failures, baseMs: 500, capMs: 60_000, random }), signal);
    }
  }

  function wake(): void {
    woken = true;
    working ??= work().finally(() => {
      working = undefined;
      // Somebody may have knocked between the last look and here.
      if (woken && !signal.aborted) wake();
    });
  }

  return {
    uploaderOf,
    wake,
    async settled() {
      while (working) await working;
    },
  };
}
