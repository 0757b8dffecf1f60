import { createHash, type Hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { sha256Hex } from "@steward/contracts/canonical";
import type { Client } from "@steward/contracts/client";
import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Fetches a presigned URL. Throws where it does not answer 200. */
export type FetchBytes = (url: string, maxBytes: number, signal?: AbortSignal) => Promise<Uint8Array>;

export interface OutputReader {
  /**
   * Gives `onText` what is new since the last call, chunk by chunk and each one checked before any of it; `complete` once
   * the whole is in and its hash is right. After a fault it goes on from the chunk that it came to.
   */
  read: (onText: (text: string) => void, signal?: AbortSignal) => Promise<{ complete: boolean; expired: boolean }>;
}

/** How often a chunk is asked for again at once, before its address is asked for anew. */
const triesAtOnce = 3;

/**
 * Reads the output of one appliance's run as it grows, however often the connection breaks: one chunk is held at a time.
 * Every chunk is held to its hash and size before a byte of it is shown, the whole to the manifest's. Throws `CliError`
 * where one does not match: then nothing more can be trusted.
 */
export function createOutputReader(
  call: Client,
  taskId: string,
  applianceId: string,
  fetchBytes: FetchBytes,
): OutputReader {
  let attempt: number | undefined;
  let state = emptyState();

  async function fetchChunk(url: string, bytes: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await fetchBytes(url, bytes, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof AppError) || !error.retryable || tries >= triesAtOnce) throw error;
      }
    }
  }

  return {
    read: async (onText, signal) => {
      const output = await call("getOutput", {
        params: { taskId, applianceId },
        ...(signal === undefined ? {} : { signal }),
      }).catch((error: unknown) => {
        // No run has sent anything yet.
        if (hasCode(error, "not_found")) return undefined;
        throw error;
      });
      if (output === undefined) return { complete: false, expired: false };
      if (output.expired === true) return { complete: true, expired: true };
      if (output.attempt !== attempt) {
        attempt = output.attempt;
        state = emptyState();
      }
      // In order and without gaps: a chunk that is not there yet holds the later ones back.
      for (;;) {
        const chunk = output.chunks.find(({ number }) => number === state.next);
        if (chunk === undefined) break;
        const bytes = await fetchChunk(chunk.url, chunk.bytes, signal);
        if (bytes.byteLength !== chunk.bytes || sha256Hex(bytes) !== chunk.sha256) {
          throw mismatch(`chunk ${chunk.number} of the output does not match its hash`);
        }
        const plain = gunzipSync(bytes, { maxOutputLength: defaults.maxOutputBytes - state.bytes + 1 });
        state.bytes += plain.byteLength;
        if (state.bytes > defaults.maxOutputBytes) throw mismatch("the output is larger than is allowed");
        state.whole.update(plain);
        state.next += 1;
        onText(state.decoder.decode(plain, { stream: true }));
      }
      const complete = output.complete && state.next >= output.chunks.length;
      if (complete && !state.checked) {
        state.checked = true;
        onText(state.decoder.decode());
        if (output.sha256 !== undefined && state.whole.copy().digest("hex") !== output.sha256) {
          throw mismatch("the whole output does not match its hash");
        }
        if (output.bytes !== undefined && state.bytes !== output.bytes)
          throw mismatch("the output is not as long as it should be");
      }
      return { complete, expired: false };
    },
  };
}

interface ReaderState {
  next: number;
  bytes: number;
  whole: Hash;
  decoder: InstanceType<typeof TextDecoder>;
  checked: boolean;
}

function emptyState(): ReaderState {
  return { next: 0, bytes: 0, whole: createHash("sha256"), decoder: new TextDecoder(), checked: false };
}

function mismatch(what: string): CliError {
  return new CliError(exitCodes.failed, `Not shown: ${what}`, {
    next: "Somebody or something changed it on the way. The run itself is not affected; tell your provider.",
  });
}

/**
 * Presigned URLs carry their own right: no header of ours goes with them. What may succeed later is `unavailable`: no
 * connection, one that broke, a storage in trouble, and an address that has grown too old.
 */
export const fetchBytes: FetchBytes = async (url, maxBytes, signal) => {
  const deadline = AbortSignal.timeout(30_000);
  const parts: Uint8Array[] = [];
  let size = 0;
  let status: number | undefined;
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    status = response.status;
    if (response.ok && response.body !== null) {
      for await (const part of response.body) {
        size += part.byteLength;
        if (size > maxBytes) throw mismatch("a chunk is longer than it says");
        parts.push(part);
      }
      return Buffer.concat(parts);
    }
    await response.body?.cancel();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CliError) throw error;
    throw new AppError("unavailable", "the connection to the storage of outputs broke", { cause: error });
  }
  const message = `The output cannot be fetched: the storage answered ${status}`;
  if (status >= 500 || status === 403 || status === 429) throw new AppError("unavailable", message);
  throw new CliError(exitCodes.failed, message);
};
