import { sha256Hex, sha256Pieces } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import { maxChunkBytesAnswered, type RunOutputChunks } from "@steward/contracts/run";

/** What a page holds of an output: its end. Of a longer one the beginning is let go. */
export const heldCharacters = 8 * 1024 * 1024;

export interface OutputSoFar {
  attempt: number | undefined;
  text: string;
  /** Something before `text` is not held: it was let go, or never read. */
  isCut: boolean;
  /** Stored bytes that were read, and that there are as far as anybody knows. */
  readBytes: number;
  storedBytes: number;
  complete: boolean;
  expired: boolean;
  /** `whole`: also the whole is what the run's result says. `pieces`: each piece that is shown is. */
  checked: "whole" | "pieces";
}

/** What does not match its hash is not shown, and neither is anything after it. */
export class OutputMismatch extends Error {
  readonly next = "Somebody or something changed it on the way. The run itself is not affected; tell your provider.";
}

export interface OutputReader {
  /** Reads on. Gives what is there when it has caught up, or after each answer by `onMore`. */
  read: (signal: AbortSignal, onMore: (so: OutputSoFar) => void) => Promise<OutputSoFar>;
}

type FetchChunks = (from: number, signal: AbortSignal) => Promise<RunOutputChunks>;

interface State extends OutputSoFar {
  next: number;
  begin: number;
  bytes: number;
  whole: ReturnType<typeof sha256Pieces>;
  decoder: InstanceType<typeof TextDecoder>;
}

function emptyState(begin: number): State {
  return {
    attempt: undefined,
    text: "",
    isCut: begin > 0,
    readBytes: 0,
    storedBytes: 0,
    complete: false,
    expired: false,
    checked: "pieces",
    next: begin,
    begin,
    bytes: 0,
    whole: sha256Pieces(),
    decoder: new TextDecoder(),
  };
}

/**
 * Reads the output of one appliance's run as it grows. Each piece is held to its hash and size before a character of it is
 * shown; read from its beginning, the whole to the result's. `tail`: of an output that is longer than one answer holds,
 * only the end.
 */
export function createOutputReader(fetchChunks: FetchChunks, { tail }: { tail: boolean }): OutputReader {
  let state = emptyState(0);

  return {
    read: async (signal, onMore) => {
      for (;;) {
        const before = state.next;
        const answer = await fetchChunks(state.next, signal).catch((error: unknown) => {
          // No run has sent anything yet.
          if (hasCode(error, "not_found")) return undefined;
          throw error;
        });
        if (answer === undefined) return state;
        if (answer.expired === true) return { ...emptyState(0), complete: true, expired: true };
        if (state.attempt !== undefined && answer.attempt !== state.attempt) {
          state = emptyState(0);
          continue;
        }
        if (tail && before === 0 && answer.count > answer.chunks.length) {
          state = emptyState(tailBegin(answer));
          state.attempt = answer.attempt;
          if (state.next > 0) continue;
        }
        state.attempt = answer.attempt;
        state.storedBytes = answer.storedBytes;
        for (const chunk of answer.chunks) await take(state, chunk);
        state.complete = answer.complete && state.next >= answer.count;
        if (state.complete) check(state, answer);
        onMore({ ...state });
        // An answer that brings nothing new is the end of what there is.
        if (state.complete || state.next === before || state.next >= answer.count) return { ...state };
      }
    },
  };
}

/** As many chunks from the end as one answer holds, if all were of the same size. */
function tailBegin({ count, storedBytes }: RunOutputChunks): number {
  const each = Math.max(1, storedBytes / Math.max(1, count));
  return Math.max(0, count - Math.max(1, Math.min(100, Math.floor(maxChunkBytesAnswered / each))));
}

async function take(state: State, chunk: RunOutputChunks["chunks"][number]): Promise<void> {
  if (chunk.number !== state.next) throw new OutputMismatch(`a piece of the output is missing (${state.next})`);
  const stored = Uint8Array.from(atob(chunk.gzip), (character) => character.charCodeAt(0));
  if (stored.byteLength !== chunk.bytes || sha256Hex(stored) !== chunk.sha256)
    throw new OutputMismatch(`piece ${chunk.number} of the output does not match its hash`);
  for await (const piece of unzipped(stored)) {
    state.bytes += piece.byteLength;
    if (state.bytes > defaults.maxOutputBytes) throw new OutputMismatch("the output is larger than is allowed");
    state.whole.update(piece);
    keep(state, state.decoder.decode(piece, { stream: true }));
  }
  state.next += 1;
  state.readBytes += chunk.bytes;
}

async function* unzipped(stored: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array> {
  const reader = new Blob([stored]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw new OutputMismatch("a piece of the output cannot be unzipped", { cause: error });
  } finally {
    reader.releaseLock();
  }
}

function keep(state: State, more: string): void {
  const text = state.text + more;
  if (text.length <= heldCharacters) {
    state.text = text;
    return;
  }
  // Let go in large steps, at a line's begin: not for each piece that comes.
  const from = text.indexOf("\n", text.length - heldCharacters / 2) + 1;
  state.text = text.slice(from === 0 ? text.length - heldCharacters / 2 : from);
  state.isCut = true;
}

function check(state: State, answer: RunOutputChunks): void {
  if (state.begin > 0) return;
  if (answer.sha256 !== undefined && state.whole.hex() !== answer.sha256)
    throw new OutputMismatch("the whole output does not match its hash");
  if (answer.bytes !== undefined && answer.bytes !== state.bytes)
    throw new OutputMismatch("the output is not as long as it should be");
  state.checked = answer.sha256 === undefined ? "pieces" : "whole";
}

/** Whether the same reading may succeed later. */
export function mayReadOn(error: unknown): boolean {
  return error instanceof AppError && error.retryable;
}
