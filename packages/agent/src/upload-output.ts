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
  /** True when everything that was added is stored; false when the server refused for good or the agent is stopping. */
  settled(): Promise<boolean>;
}

export function createUploader(options: UploaderOptions): Uploader {
  const { clock, log, signal, random } = options;
  const queue: Chunk[] = [];
  let refused = false;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    let failures = 0;
    while (!refused && !signal.aborted) {
      const [chunk] = queue;
      if (!chunk) return;
      try {
        await uploadChunk(options, chunk);
        queue.shift();
        failures = 0;
      } catch (error) {
        if (isFinal(error)) {
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
    throw new AppError("unavailable", "no answer from the object store", { cause });
  }
  // 412: it is stored already (never overwritten); the reply of an earlier try was lost.
  if (status !== 412 && (status < 200 || status > 299)) {
    throw new AppError("unavailable", `the object store answered ${status}`);
  }
}

/** `fetch` computes these from the body itself and refuses to be told. */
function sendable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["host", "content-length", "connection"].includes(name.toLowerCase())),
  );
}
