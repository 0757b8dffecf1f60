import { join } from "node:path";
import { readIfThere, replaceFile } from "./state-files.ts";

/** Numbers for heartbeats that grow strictly, also over kills and restarts. */
export interface Sequence {
  next(): Promise<number>;
  /** The server has seen `stored` (a restored disk): continue above it. */
  continueAbove(stored: number): void;
}

/**
 * Reserves blocks: the file holds the highest number that may have been used, so that a disk write is needed once in
 * `block` heartbeats. A restart skips the rest of its block; gaps mean nothing.
 */
export async function openSequence(stateDir: string, block = 1000): Promise<Sequence> {
  const path = join(stateDir, "sequence");
  const stored = Number((await readIfThere(path)) ?? 0);
  let last = Number.isSafeInteger(stored) && stored > 0 ? stored : 0;
  let reserved = last;
  return {
    async next() {
      last += 1;
      const mine = last;
      if (mine > reserved) {
        reserved = mine + block;
        await replaceFile(path, String(reserved));
      }
      return mine;
    },
    continueAbove(seen) {
      last = Math.max(last, seen);
    },
  };
}
