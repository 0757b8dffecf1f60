import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { sha256Hex } from "@steward/contracts/canonical";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isFinal } from "@steward/node-client/is-final";
import { type Chunk, readChunk } from "./output-spool.ts";

export interface UploaderOptions {
  call: Client;
  run: { runId: string; attempt: number; ledgerId: string };
  /** The spool. */
  dir: string;
  clock: Clock;
  random: () => number;
  log: Log;
  signal: AbortSignal;
}

/** Brings chunks to the object store, in order, each as often as it takes. */
export interface Uploader {
  add(chunk: Chunk): void;
  /**
   * Of a run that has ended. True when everything that was added is stored; false when the server refused for good, the
   * object store was away for too long, or the agent is stopping.
   */
  settled(): Promise<boolean>;
}

/**
 * So many times in a row the server answered and the object store did not: a network that lets through the one and not the
 * other. Some three minutes where it answers at all, twenty more where it is silent. While the run goes on nobody waits for
 * its output, and nothing is given up.
 */
const maxStoreFailures = 20;

export function createUploader(options: UploaderOptions): Uploader {
  const { clock, log, signal, random } = options;
  const queue: Chunk[] = [];
  let refused = false;
  let isAwaited = false;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    let failures = 0;
    let storeFailures = 0;
    while (!refused && !signal.aborted) {
      const [chunk] = queue;
      if (!chunk) return;
      try {
        await uploadChunk(options, chunk);
        queue.shift();
        failures = 0;
        storeFailures = 0;
      } catch (error) {
        if (error instanceof StoreFailure) storeFailures += 1;
        if (isFinal(error) || (isAwaited && storeFailures >= maxStoreFailures)) {
          refused = true;
          log("output.refused", { ...options.run, chunk: chunk.number, error: describeError(error) });
          return;
        }
        failures += 1;
        if (failures === 1)
          log("output.upload_failed", { ...options.run, chunk: chunk.number, error: describeError(error) });
        await clock.sleep(fullJitterMs({ failures, baseMs: 250, capMs: 30_000, random }), signal);
      }
    }
  }

  function wake(): void {
    working ??= work().finally(() => {
      working = undefined;
      if (queue.length > 0 && !refused && !signal.aborted) wake();
    });
  }

  return {
    add(chunk) {
      queue.push(chunk);
      wake();
    },
    async settled() {
      isAwaited = true;
      while (working) await working;
      return queue.length === 0 && !refused;
    },
  };
}

async function uploadChunk({ call, run, dir, signal }: UploaderOptions, chunk: Chunk): Promise<void> {
  const body = await readChunk(dir, chunk.number);
  if (sha256Hex(body) !== chunk.sha256) {
    throw new AppError("unprocessable", `chunk ${chunk.number} was damaged on this disk`);
  }
  const { attempt, ledgerId } = run;
  const place = await call("requestChunk", {
    params: { runId: run.runId },
    body: { attempt, ledgerId, ...chunk },
    signal,
  });
  if (place.stored) return;
  await put(place, body, signal);
}

/** Says that it was the object store, and not the server. */
class StoreFailure extends AppError {
  constructor(message: string, cause?: unknown) {
    super("unavailable", message, cause === undefined ? {} : { cause });
  }
}

async function put(
  place: { url: string; headers: Record<string, string> },
  body: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  let status: number;
  try {
    const response = await fetch(place.url, {
      method: "PUT",
      headers: sendable(place.headers),
      body,
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
    });
    status = response.status;
    await response.arrayBuffer();
  } catch (cause) {
    throw new StoreFailure("no answer from the object store", cause);
  }
  // 412: it is stored already (never overwritten); the reply of an earlier try was lost.
  if (status !== 412 && (status < 200 || status > 299)) {
    throw new StoreFailure(`the object store answered ${status}`);
  }
}

/** `fetch` computes these from the body itself and refuses to be told. */
function sendable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["host", "content-length", "connection"].includes(name.toLowerCase())),
  );
}
