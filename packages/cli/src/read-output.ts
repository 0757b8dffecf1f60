import { gunzipSync } from "node:zlib";
import type { Client } from "@steward/contracts/client";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { createHash, type Hash } from "node:crypto";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Fetches a presigned URL. Throws where it does not answer 200. */
export type FetchBytes = (url: string, maxBytes: number, signal?: AbortSignal) => Promise<Uint8Array>;

export interface OutputReader {
  /** New text since the last call, checked chunk by chunk; `complete` once the whole is in and its hash is right. */
  read: (signal?: AbortSignal) => Promise<{ text: string; complete: boolean }>;
}

/**
 * Reads the output of one appliance's run as it grows. Every chunk is held to its hash and size before a byte of it
 * is shown, the whole to the manifest's. Throws `CliError` where one does not match: then nothing more can be trusted.
 */
export function createOutputReader(
  call: Client,
  taskId: string,
  applianceId: string,
  fetchBytes: FetchBytes,
): OutputReader {
  let attempt: number | undefined;
  let state = emptyState();
  return {
    read: async (signal) => {
      const output = await call("getOutput", {
        params: { taskId, applianceId },
        ...(signal === undefined ? {} : { signal }),
      }).catch((error: unknown) => {
        // No run has sent anything yet.
        if (hasCode(error, "not_found")) return undefined;
        throw error;
      });
      if (output === undefined) return { text: "", complete: false };
      if (output.attempt !== attempt) {
        attempt = output.attempt;
        state = emptyState();
      }
      let text = "";
      // In order and without gaps: a chunk that is not there yet holds the later ones back.
      for (;;) {
        const chunk = output.chunks.find(({ number }) => number === state.next);
        if (chunk === undefined) break;
        const bytes = await fetchBytes(chunk.url, chunk.bytes, signal);
        if (bytes.byteLength !== chunk.bytes || sha256Hex(bytes) !== chunk.sha256) {
          throw mismatch(`chunk ${chunk.number} of the output does not match its hash`);
        }
        const plain = gunzipSync(bytes, { maxOutputLength: defaults.maxOutputBytes - state.bytes + 1 });
        state.bytes += plain.byteLength;
        if (state.bytes > defaults.maxOutputBytes) throw mismatch("the output is larger than is allowed");
        state.whole.update(plain);
        text += state.decoder.decode(plain, { stream: true });
        state.next += 1;
      }
      const complete = output.complete && state.next >= output.chunks.length;
      if (complete && !state.checked) {
        state.checked = true;
        text += state.decoder.decode();
        if (output.sha256 !== undefined && state.whole.copy().digest("hex") !== output.sha256) {
          throw mismatch("the whole output does not match its hash");
        }
        if (output.bytes !== undefined && state.bytes !== output.bytes)
          throw mismatch("the output is not as long as it should be");
      }
      return { text, complete };
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

/** Presigned URLs carry their own right: no header of ours goes with them. */
export const fetchBytes: FetchBytes = async (url, maxBytes, signal) => {
  const deadline = AbortSignal.timeout(30_000);
  const response = await fetch(url, {
    redirect: "error",
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
  });
  if (!response.ok || response.body === null) {
    throw new CliError(exitCodes.failed, `The output cannot be fetched: the storage answered ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.byteLength;
    if (size > maxBytes) throw mismatch("a chunk is longer than it says");
    parts.push(part);
  }
  return Buffer.concat(parts);
};
