import { createHash, type Hash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import type { OutputManifest } from "@steward/contracts/run";
import type { Clock } from "@steward/node-client/clock";

const gzipped = promisify(gzip);
const gunzipped = promisify(gunzip);

export type Chunk = OutputManifest["chunks"][number];

/** A run's output on its way to the disk: numbered, gzipped, hashed chunks, each in a file of its own. */
export interface OutputSpool {
  /** Resolves when there is room for more, where what is not on the disk yet has become much. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>;
  /** Stores what is left and resolves with the table of contents. */
  close(): Promise<OutputManifest>;
}

export interface OutputSpoolOptions {
  dir: string;
  clock: Clock;
  /** A chunk is on the disk and may be uploaded. */
  onChunk?: (chunk: Chunk) => void;
  maxBytes?: number;
  /** Go on after what an earlier life of the run has spooled. Its chunks are announced again. */
  resume?: boolean;
}

const maxChunkBytes = 1024 * 1024;
/** A playbook that prints faster than the disk takes it waits from here on: memory holds no more than so many chunks. */
const maxWaitingChunks = 8;

/**
 * While output flows a chunk leaves every half second; the more there are, the longer the next waits for more, so that
 * the manifest of the longest run (256 MB) stays a small request. A full megabyte never waits.
 */
export function flushAfterMs(chunks: number): number {
  if (chunks < 300) return 500;
  if (chunks < 700) return 5_000;
  if (chunks < 1000) return 30_000;
  return Number.POSITIVE_INFINITY;
}

export async function openOutput(options: OutputSpoolOptions): Promise<OutputSpool> {
  const { dir, clock } = options;
  const maxBytes = options.maxBytes ?? defaults.maxOutputBytes;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const earlier = options.resume === true ? await readChunks(dir) : undefined;
  const whole = earlier?.whole ?? createHash("sha256");
  const chunks: Chunk[] = earlier?.chunks ?? [];
  for (const chunk of chunks) options.onChunk?.(chunk);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let accepted = earlier?.bytes ?? 0;
  let cut = chunks.length;
  let truncated = false;
  let timer: AbortController | undefined;
  let storing: Promise<void> = Promise.resolve();

  function flush(): void {
    timer?.abort();
    timer = undefined;
    if (pendingBytes === 0) return;
    const raw = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    const number = cut;
    cut += 1;
    storing = storing.then(async () => {
      whole.update(raw);
      const stored = await gzipped(raw);
      await storeChunk(dir, number, stored);
      const chunk = { number, sha256: sha256Hex(stored), bytes: stored.length };
      chunks.push(chunk);
      options.onChunk?.(chunk);
    });
    // A full disk is told by `close`; the run goes on without its output meanwhile.
    storing.catch(() => {});
  }

  function flushLater(): void {
    const waitMs = flushAfterMs(cut);
    if (timer || waitMs === Number.POSITIVE_INFINITY) return;
    const mine = new AbortController();
    timer = mine;
    void clock.sleep(waitMs, mine.signal).then(() => {
      if (!mine.signal.aborted) flush();
    });
  }

  return {
    write(bytes) {
      let rest = bytes.subarray(0, Math.max(0, maxBytes - accepted));
      if (rest.length < bytes.length) truncated = true;
      accepted += rest.length;
      while (rest.length > 0) {
        const part = rest.subarray(0, maxChunkBytes - pendingBytes);
        rest = rest.subarray(part.length);
        // The caller may reuse its buffer.
        pending.push(part.slice());
        pendingBytes += part.length;
        if (pendingBytes === maxChunkBytes) flush();
      }
      if (pendingBytes > 0) flushLater();
      // A full disk is told by `close`, and keeps nobody waiting.
      return cut - chunks.length > maxWaitingChunks ? storing.catch(() => undefined) : undefined;
    },
    async sync() {
      flush();
      await storing;
    },
    async close() {
      flush();
      await storing;
      return { chunks, sha256: whole.digest("hex"), bytes: accepted, truncated };
    },
  };
}

/** The table of contents of what an earlier life spooled: the unbroken row of chunks from the first one. */
export async function readSpool(dir: string): Promise<OutputManifest> {
  const { chunks, whole, bytes } = await readChunks(dir);
  return { chunks, sha256: whole.digest("hex"), bytes, truncated: false };
}

async function readChunks(dir: string): Promise<{ chunks: Chunk[]; whole: Hash; bytes: number }> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const names = new Set(await readdir(dir));
  const whole = createHash("sha256");
  const chunks: Chunk[] = [];
  let bytes = 0;
  for (let number = 0; names.has(fileOf(number)); number += 1) {
    const stored = await readFile(join(dir, fileOf(number)));
    const raw = await gunzipped(stored).catch(() => undefined);
    if (!raw) break;
    whole.update(raw);
    bytes += raw.length;
    chunks.push({ number, sha256: sha256Hex(stored), bytes: stored.length });
  }
  return { chunks, whole, bytes };
}

export function readChunk(dir: string, number: number): Promise<Uint8Array> {
  return readFile(join(dir, fileOf(number)));
}

async function storeChunk(dir: string, number: number, stored: Uint8Array): Promise<void> {
  const path = join(dir, fileOf(number));
  await writeFile(`${path}.tmp`, stored, { mode: 0o600, flush: true });
  await rename(`${path}.tmp`, path);
}

function fileOf(number: number): string {
  return `${String(number).padStart(6, "0")}.gz`;
}
