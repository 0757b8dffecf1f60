import type { Client } from "@steward/contracts/client";
import { parseTraceparent, traceparentHeader } from "@steward/contracts/trace-context";
import type { Log } from "@steward/node-client/log";
import type { Ledger } from "./ledger.ts";

/**
 * Which request each run is for. The server says it beside the envelope, in a header: the envelope itself is signed, and
 * an older agent would refuse a field that it does not know. It is a name and nothing more: it stands in lines of the log
 * and in the calls about the run, and decides nothing.
 *
 *     GET envelope ──▶ traceparent ──▶ known here ──▶ the ledger, for a life after this one
 */
export interface RunRequests {
  /** Every call about a run is sent as a part of its request. */
  call: Client;
  /** Every line about a run carries its request. */
  log: Log;
  of(run: { runId: string; attempt?: number }): string | undefined;
}

/** Those of which there is no ledger entry yet, or never will be. */
const maxKnown = 200;

export function createRunRequests(options: { call: Client; log: Log; ledger: Pick<Ledger, "entries"> }): RunRequests {
  const known = new Map<string, string>();

  function learn(runId: string, header: string | undefined): void {
    // A retry or an undo is another request than the run began with.
    known.delete(runId);
    const requestId = parseTraceparent(header)?.traceId;
    if (requestId === undefined) return;
    known.set(runId, requestId);
    for (const oldest of known.keys()) {
      if (known.size <= maxKnown) return;
      known.delete(oldest);
    }
  }

  function of({ runId, attempt }: { runId: string; attempt?: number }): string | undefined {
    const ofRun = options.ledger.entries().filter((one) => one.runId === runId);
    if (attempt === undefined) return known.get(runId) ?? ofRun.toSorted((a, b) => b.attempt - a.attempt)[0]?.requestId;
    const entry = ofRun.find((one) => one.attempt === attempt);
    return entry === undefined ? known.get(runId) : entry.requestId;
  }

  return {
    of,
    call: (name, input) => {
      const run = runOf(input);
      if (run === undefined) return options.call(name, input);
      if (name === "getEnvelope") {
        return options.call(name, { ...input, onHeaders: (header) => learn(run.runId, header(traceparentHeader)) });
      }
      return options.call(name, { ...input, requestId: of(run) });
    },
    log: (event, fields) => {
      const run = runIn(fields, fields);
      const requestId = run === undefined ? undefined : of(run);
      options.log(event, requestId === undefined ? fields : { ...fields, requestId });
    },
  };
}

/** The run, and the attempt of it, that a call is about. */
function runOf(input: unknown): { runId: string; attempt?: number } | undefined {
  const { params, body, query } = input as { params?: unknown; body?: unknown; query?: unknown };
  return runIn(params, body ?? query);
}

function runIn(named: unknown, more: unknown): { runId: string; attempt?: number } | undefined {
  const runId = fieldOf(named, "runId");
  const attempt = fieldOf(more, "attempt");
  if (typeof runId !== "string") return undefined;
  return { runId, ...(typeof attempt === "number" ? { attempt } : {}) };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
