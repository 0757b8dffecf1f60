import { randomUUID } from "node:crypto";
import type { Client } from "@steward/contracts/client";
import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { ClaimAnswer, LaneMessage, ReleaseJob } from "@steward/contracts/job";
import { parseTraceparent, traceparentHeader } from "@steward/contracts/trace-context";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, type Log } from "@steward/node-client/log";
import { askModel, ModelFault } from "./ask-model.ts";

export interface RunJobOptions {
  message: LaneMessage;
  call: Client;
  ollamaHost: string;
  model: string;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The lease was taken or extended: the message should stay hidden as long. */
  onLease: (leaseInMs: number) => void;
  /** The model has answered, and nothing is left to do but to tell the server. Not called where it failed. */
  onAnswered: () => void;
  /** The worker gives back what does not fit any more. */
  draining: AbortSignal;
  /** The process ends. */
  stop: AbortSignal;
}

export type JobEnd =
  /** The server has the answer, or the job back: the message has done its work. */
  (
    | { type: "completed" }
    /** `ofQuestion`: the model failed at this one, and may answer others. */
    | { type: "released"; reason: ReleaseJob["reason"]; ofQuestion?: true }
    /** The server will never give this job for this message. */
    | { type: "refused"; code: string }
    /**
     * The lease went to somebody else, or nobody answered: the message is left to whoever comes next. `shutOut`: this
     * worker gets no job at all.
     */
    | { type: "left"; why: string; shutOut?: true }
  ) & {
    /** The request that the job is for, as the claim's answer says. */
    requestId?: string;
  };

/** How long a claim is asked for again when nobody answers: below the message's visibility timeout. */
const claimForMs = 15_000;

/** How long after a job's deadline its end is still told: nobody waits for it any more, and the slot has others to serve. */
const reportForMs = 60_000;

/** How often an answer that grows is told, at most. Whoever asked reads along. */
const tellTextEveryMs = 500;

/** One job under its lease, from the claim to its end. Never throws for what the server or the model does. */
export async function runJob(options: RunJobOptions): Promise<JobEnd> {
  const { clock } = options;
  const askedAtMs = clock.monotonicMs();
  const claimed = await claimJob(options, askedAtMs);
  if ("end" in claimed) return claimed.end;
  const { claim, requestId } = claimed;
  options.onLease(claim.leaseInMs);
  if (requestId === undefined) return workUnderLease(options, claim, askedAtMs);
  const end = await workUnderLease(partOf(requestId, options), claim, askedAtMs);
  return { ...end, requestId };
}

/** What is said of the job, to the server and in the log, is part of the request that it is for. */
function partOf(requestId: string, options: RunJobOptions): RunJobOptions {
  return {
    ...options,
    call: (name, input) => options.call(name, { ...input, requestId }),
    log: (event, fields) => options.log(event, { ...fields, requestId }),
  };
}

async function workUnderLease(options: RunJobOptions, claim: ClaimAnswer, claimedAtMs: number): Promise<JobEnd> {
  const { message, call, clock, log } = options;
  const { attempt } = claim;
  // Every call names the tenant and the attempt: a stale worker's is refused by the write itself.
  const holder = { tenantId: message.tenantId, attempt };
  const params = { jobId: message.jobId };
  const over = new AbortController();
  const cut = new AbortController();
  let cutBy: "model_timeout" | "draining" | "lost" | undefined;
  const cutOff = (why: typeof cutBy) => {
    cutBy ??= why;
    cut.abort();
  };
  const onDraining = () => cutOff("draining");
  if (options.draining.aborted) onDraining();
  options.draining.addEventListener("abort", onDraining, { once: true });

  // Counted from before the claim was sent: never later than the server's own count.
  const deadlineAtMs = claimedAtMs + claim.deadlineInMs - marginMs(claim.deadlineInMs);
  const reportUntilMs = claimedAtMs + claim.deadlineInMs + reportForMs;
  let leaseInMs = claim.leaseInMs;
  let leaseEndsAtMs = claimedAtMs + leaseInMs;
  let progressAtMs = claimedAtMs;
  let telling = false;
  /** How much of a growing answer the server has. */
  let toldCharacters = 0;

  /**
   * A slow model is cut at the deadline. A silent one is cut before its lease ends: only tokens extend the lease, and a
   * job that is given back says what was wrong, where a lease that ran out says nothing.
   */
  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      const endsAtMs = Math.min(deadlineAtMs, leaseEndsAtMs - marginMs(leaseInMs));
      const leftMs = endsAtMs - clock.monotonicMs();
      if (leftMs <= 0) return cutOff("model_timeout");
      await clock.sleep(leftMs, over.signal);
    }
  }

  async function tellProgress(tokens: number, output: string): Promise<void> {
    const nowMs = clock.monotonicMs();
    const text = claim.kind === "answer" ? nextText(output, toldCharacters) : undefined;
    const everyMs = text === undefined ? leaseInMs / 3 : Math.min(tellTextEveryMs, leaseInMs / 3);
    if (telling || nowMs - progressAtMs < everyMs) return;
    telling = true;
    progressAtMs = nowMs;
    try {
      const body = { ...holder, tokens, ...(text === undefined ? {} : { text }) };
      const answer = await call("progressJob", { params, body, signal: over.signal });
      toldCharacters = answer.textLength ?? toldCharacters;
      leaseInMs = answer.leaseInMs;
      leaseEndsAtMs = nowMs + leaseInMs;
      options.onLease(leaseInMs);
    } catch (error) {
      // An unanswered one is told again with the next token; a lost lease ends the work at once.
      if (isFinal(error)) cutOff("lost");
    } finally {
      telling = false;
    }
  }

  void watch();
  try {
    const { system, prompt, schema } = claim;
    const answered = await askModel({
      host: options.ollamaHost,
      model: options.model,
      system,
      prompt,
      schema,
      onTokens: (tokens, output) => void tellProgress(tokens, output),
      signal: cut.signal,
    });
    if (cutBy === "lost") return { type: "left", why: "the lease was lost" };
    options.onAnswered();
    const durationMs = Math.round(clock.monotonicMs() - claimedAtMs);
    const body = { ...holder, model: options.model, durationMs, ...answered };
    const refusal = await postUntilTaken(options, reportUntilMs, () =>
      call("completeJob", { params, body, signal: options.stop }),
    );
    return refusal ?? { type: "completed" };
  } catch (error) {
    if (cutBy === "lost") return { type: "left", why: "the lease was lost" };
    const reason = cutBy ?? (error instanceof ModelFault ? error.reason : "model_error");
    const text = cutBy === "model_timeout" ? "the model did not answer in time" : describeError(error);
    log("job.given_back", { jobId: message.jobId, attempt, reason, error: text });
    const body = { ...holder, reason, ...(reason === "draining" ? {} : { message: text.slice(0, 500) }) };
    const refusal = await postUntilTaken(options, reportUntilMs, () =>
      call("releaseJob", { params, body, signal: options.stop }),
    );
    const ofQuestion = error instanceof ModelFault && error.ofQuestion;
    return refusal ?? { type: "released", reason, ...(ofQuestion ? { ofQuestion } : {}) };
  } finally {
    over.abort();
    options.draining.removeEventListener("abort", onDraining);
  }
}

/** What the server has not got yet of a growing answer. Never half a character, nor more than a draft may have. */
function nextText(output: string, offset: number): { offset: number; delta: string } | undefined {
  const delta = output.slice(offset, defaults.maxDraftCharacters).replace(/[\uD800-\uDBFF]$/, "");
  return delta === "" ? undefined : { offset, delta };
}

/** The same claimId every time: when a reply was lost, the repetition is told what the first one was. */
async function claimJob(
  options: RunJobOptions,
  askedAtMs: number,
): Promise<{ claim: ClaimAnswer; requestId: string | undefined } | { end: JobEnd }> {
  const { message, call, clock, random, log, stop, model } = options;
  const body = {
    tenantId: message.tenantId,
    secret: message.secret,
    claimId: randomUUID(),
    model,
    answers: true as const,
  };
  for (let failures = 1; ; failures += 1) {
    try {
      let requestId: string | undefined;
      const onHeaders = (header: (name: string) => string | undefined) => {
        requestId = parseTraceparent(header(traceparentHeader))?.traceId;
      };
      const claim = await call("claimJob", { params: { jobId: message.jobId }, body, signal: stop, onHeaders });
      return { claim, requestId };
    } catch (error) {
      if (isShutOut(error)) return { end: { type: "left", why: describeError(error), shutOut: true } };
      if (isFinal(error)) return { end: { type: "refused", code: error.code } };
      // Somebody else holds it, or the door does not want us: not ours to insist on.
      if (!isTransient(error)) return { end: { type: "left", why: describeError(error) } };
      const tooLate = clock.monotonicMs() - askedAtMs > claimForMs;
      if (tooLate || stop.aborted) return { end: { type: "left", why: describeError(error) } };
      if (failures === 1) log("job.claim_unanswered", { jobId: message.jobId, error: describeError(error) });
      await clock.sleep(fullJitterMs({ failures, baseMs: 100, capMs: 5_000, random }), stop);
    }
  }
}

/**
 * Posts until somebody takes it, or nobody can want it any more. Undefined when it was taken; a stale attempt is dropped
 * without another word.
 */
async function postUntilTaken(
  options: RunJobOptions,
  untilMs: number,
  post: () => Promise<unknown>,
): Promise<JobEnd | undefined> {
  const { clock, random, log, stop, message } = options;
  for (let failures = 1; ; failures += 1) {
    try {
      await post();
      return undefined;
    } catch (error) {
      if (isFinal(error)) return { type: "left", why: describeError(error) };
      if (stop.aborted) return { type: "left", why: "the worker was stopped" };
      if (clock.monotonicMs() >= untilMs) {
        log("job.report_given_up", { jobId: message.jobId, error: describeError(error) });
        return { type: "left", why: describeError(error) };
      }
      if (failures === 1) log("job.report_unanswered", { jobId: message.jobId, error: describeError(error) });
      const told = error instanceof AppError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      await clock.sleep(told + fullJitterMs({ failures, baseMs: 100, capMs: 10_000, random }), stop);
    }
  }
}

/** Said of the worker and not of the job, which others may have. */
function isShutOut(error: unknown): boolean {
  return error instanceof AppError && (error.code === "forbidden" || error.details?.["shutOut"] === true);
}

function isTransient(error: unknown): boolean {
  return error instanceof AppError && error.retryable && !hasCode(error, "conflict");
}

/** Time for the message to arrive before the server's own clock says the same. */
function marginMs(spanMs: number): number {
  return Math.min(2_000, spanMs / 10);
}
