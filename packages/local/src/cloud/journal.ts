import { closeSync, fdatasync, fsyncSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";

const syncData = promisify(fdatasync);

/** A change of one key: a new whole value, or none. Absolute, so that replaying one twice changes nothing. */
export type Change = { key: string; value: unknown } | { key: string; value?: undefined };

export interface Journal {
  /** The current state. Change it through `commit` only. */
  readonly entries: ReadonlyMap<string, unknown>;
  /** Applies the changes at once and together; resolves when they would survive a power cut. */
  commit(changes: Change[]): Promise<void>;
  /** As `commit`, but resolves when they would survive the end of this process (no fsync is waited for). */
  write(changes: Change[]): Promise<void>;
  close(): Promise<void>;
}

/** Rewrite the file when it is this large and most of it is history. */
const compactAboveBytes = 16 * 1024 * 1024;
const compactAboveRatio = 3;

/**
 * A durable map: an append-only file of checksummed lines. Many commits share one fsync. A line is one commit, so a
 * commit is whole or absent after a crash; a torn last line was never acknowledged and is cut off.
 */
export function openJournal(file: string, options: { compactAboveBytes?: number } = {}): Journal {
  const compactAbove = options.compactAboveBytes ?? compactAboveBytes;
  const entries = new Map<string, unknown>();
  let sizeBytes = replay(file, entries);
  let sizeAfterCompactionBytes = sizeBytes;
  let fd = openSync(file, "a", 0o600);
  syncDirectory(dirname(file));

  let pending: Buffer[] = [];
  let written: Wait[] = [];
  let unsynced: Wait[] = [];
  let syncing: Promise<void> | undefined;
  let flushScheduled = false;
  let broken: Error | undefined;
  let closed = false;
  /** While the file is being rewritten: every line since the rewriting began, for its end. */
  let sinceRewrite: Buffer[] | undefined;

  const flush = () => {
    flushScheduled = false;
    if (pending.length === 0 || broken !== undefined) return;
    const batch = pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending);
    pending = [];
    try {
      writeWhole(fd, batch);
    } catch (cause) {
      fail(cause);
      return;
    }
    sizeBytes += batch.length;
    sinceRewrite?.push(batch);
    for (const wait of written) wait.resolve();
    written = [];
    if (unsynced.length > 0) syncing ??= sync();
    if (
      sinceRewrite === undefined &&
      sizeBytes > compactAbove &&
      sizeBytes > sizeAfterCompactionBytes * compactAboveRatio
    )
      void compact();
  };

  const sync = async () => {
    while (unsynced.length > 0 && broken === undefined) {
      const waits = unsynced;
      unsynced = [];
      try {
        await syncData(fd);
        for (const wait of waits) wait.resolve();
      } catch (cause) {
        for (const wait of waits) wait.reject(cause instanceof Error ? cause : new Error(String(cause)));
        fail(cause);
      }
    }
    syncing = undefined;
  };

  // After a failed write nobody knows what is on the disk, so nothing more is accepted: a restart reads the truth.
  const fail = (cause: unknown) => {
    broken = new Error(`Cannot write ${file}. Free disk space or fix its permissions, then start again.`, { cause });
    for (const wait of [...written, ...unsynced]) wait.reject(broken);
    written = [];
    unsynced = [];
  };

  /** Copies the live entries to a new file in small steps, while commits go on into both. */
  const compact = async () => {
    sinceRewrite = [];
    const temporary = `${file}.new`;
    let next: number | undefined;
    try {
      next = openSync(temporary, "w", 0o600);
      let bytes = 0;
      let chunk: Buffer[] = [];
      let steps = 0;
      for (const [key, value] of entries) {
        chunk.push(encodeLine([{ key, value }]));
        steps += 1;
        if (steps % 200 === 0) {
          bytes += writeWhole(next, Buffer.concat(chunk));
          chunk = [];
          await new Promise((resolve) => setImmediate(resolve));
          if (closed || broken !== undefined) throw new Error("stopped");
        }
      }
      bytes += writeWhole(next, Buffer.concat(chunk));
      await syncData(next);
      // From here to the swap nothing else runs, and both files hold every commit, so a crash at any point is harmless.
      flush();
      bytes += writeWhole(next, Buffer.concat(sinceRewrite));
      fsyncSync(next);
      renameSync(temporary, file);
      // The old file has no name any more: nothing may be written there from here on, whatever comes next.
      const old = fd;
      fd = next;
      try {
        syncDirectory(dirname(file));
      } catch (cause) {
        fail(cause);
      }
      sizeBytes = bytes;
      sizeAfterCompactionBytes = bytes;
      // An fsync of the old file may still be under way.
      void (syncing ?? Promise.resolve()).finally(() => closeSync(old));
    } catch {
      // The old file is whole and goes on; the next try comes when it has grown again.
      if (next !== undefined && next !== fd) closeSync(next);
      sizeAfterCompactionBytes = sizeBytes;
    } finally {
      sinceRewrite = undefined;
    }
  };

  const append = (changes: Change[], waits: (wait: Wait) => void): Promise<void> => {
    if (broken !== undefined) return Promise.reject(broken);
    if (closed) return Promise.reject(new Error(`${file} is closed`));
    if (changes.length === 0) return Promise.resolve();
    for (const change of changes) apply(entries, change);
    pending.push(encodeLine(changes));
    if (!flushScheduled) {
      flushScheduled = true;
      queueMicrotask(flush);
    }
    return new Promise((resolve, reject) => waits({ resolve, reject }));
  };

  return {
    entries,
    commit: (changes) => append(changes, (wait) => unsynced.push(wait)),
    write: (changes) => append(changes, (wait) => written.push(wait)),
    close: async () => {
      if (closed) return;
      flush();
      closed = true;
      while (syncing !== undefined) await syncing;
      while (sinceRewrite !== undefined) await new Promise((resolve) => setImmediate(resolve));
      if (broken === undefined) await syncData(fd);
      closeSync(fd);
    },
  };
}

interface Wait {
  resolve: () => void;
  reject: (error: Error) => void;
}

function apply(entries: Map<string, unknown>, change: Change): void {
  if (change.value === undefined) entries.delete(change.key);
  else entries.set(change.key, change.value);
}

function encodeLine(changes: Change[]): Buffer {
  const json = Buffer.from(
    JSON.stringify(changes.map((change) => (change.value === undefined ? [change.key] : [change.key, change.value]))),
  );
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, "0")} `), json, newline]);
}

const newline = Buffer.from("\n");

/** Reads the file into `entries` and cuts a torn end off. Gives the size of what is whole. */
function replay(file: string, entries: Map<string, unknown>): number {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
  let offset = 0;
  while (offset < content.length) {
    const end = content.indexOf(10, offset);
    if (end < 0) break;
    const json = content.subarray(offset + 9, end);
    if (content.toString("latin1", offset, offset + 8) !== crc32(json).toString(16).padStart(8, "0")) {
      // Only the last write can be torn. Damage with whole lines after it is the disk's, not a crash's.
      if (hasWholeLineAfter(content, end + 1))
        throw new Error(`${file} is damaged at byte ${offset}. Restore the state folder from a copy, or delete it.`);
      break;
    }
    for (const [key, value] of JSON.parse(json.toString("utf8")) as [string, unknown?][])
      apply(entries, { key, value });
    offset = end + 1;
  }
  if (offset < content.length) truncateSync(file, offset);
  return offset;
}

function hasWholeLineAfter(content: Buffer, start: number): boolean {
  for (let offset = start; offset < content.length; ) {
    const end = content.indexOf(10, offset);
    if (end < 0) return false;
    const json = content.subarray(offset + 9, end);
    if (content.toString("latin1", offset, offset + 8) === crc32(json).toString(16).padStart(8, "0")) return true;
    offset = end + 1;
  }
  return false;
}

function writeWhole(fd: number, data: Buffer): number {
  for (let offset = 0; offset < data.length; ) offset += writeSync(fd, data, offset);
  return data.length;
}

export function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
