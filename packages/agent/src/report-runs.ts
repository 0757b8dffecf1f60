import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { RunResult } from "@steward/contracts/run";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isFinal } from "@steward/node-client/is-final";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { createRetries } from "./retries.ts";
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
  const retries = createRetries({ clock, random });
  let knock = new AbortController();
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
    // Output that cannot be stored must not keep the result from arriving.
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

  /** Reports what is due. Milliseconds until something has to be reported again; undefined when nothing has. */
  async function reportOnce(): Promise<number | undefined> {
    for (const entry of ledger.entries().filter(({ state }) => state === "finished")) {
      if (signal.aborted) return undefined;
      if (!retries.isDue(entry.ledgerId)) continue;
      try {
        await report(entry);
        retries.done(entry.ledgerId);
      } catch (error) {
        if (signal.aborted) return undefined;
        const about = { runId: entry.runId, attempt: entry.attempt, error: describeError(error) };
        if (isFinal(error)) {
          log("run.result_refused", about);
          if (await giveUp(entry, error.code)) retries.done(entry.ledgerId);
          else retries.failed(entry.ledgerId);
        } else if (retries.failed(entry.ledgerId) === 1) {
          log("run.report_failed", about);
        }
      }
    }
    return retries.nextInMs();
  }

  async function work(): Promise<void> {
    while (woken && !signal.aborted) {
      woken = false;
      const againInMs = await reportOnce();
      if (woken || againInMs === undefined) continue;
      knock = new AbortController();
      await clock.sleep(againInMs, AbortSignal.any([signal, knock.signal]));
      woken = true;
    }
  }

  function wake(): void {
    woken = true;
    // A result that waits to be posted again keeps no new one waiting.
    knock.abort();
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
