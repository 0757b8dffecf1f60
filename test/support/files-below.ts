import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

interface Below {
  /** Names of folders that are left out. */
  not?: readonly string[];
  keep?: (path: string) => boolean;
}

/** Plain files below a folder, whatever else is there: those that `keep` is for, in none of the folders named in `not`. */
export function filesBelow(folder: string, { not = [], keep = () => true }: Below = {}): string[] {
  return entriesBelow(folder, { not, keep }).files;
}

/** `missed`: how many folders were gone before they were read. */
function entriesBelow(folder: string, { not = [], keep = () => true }: Below): { files: string[]; missed: number } {
  const found: { files: string[]; missed: number } = { files: [], missed: 0 };
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !not.includes(entry.name)) {
      const below = ifThere(() => entriesBelow(path, { not, keep })) ?? { files: [], missed: 1 };
      found.files.push(...below.files);
      found.missed += below.missed;
    }
    if (entry.isFile() && keep(path)) found.files.push(path);
  }
  return found;
}

/**
 * What is in them, while others write there: where a file was gone before it was read (a step of a write, renamed since), it
 * is looked again for what has come, until nothing was missed.
 */
export function* contentsBelow(folder: string, options: Below = {}): Generator<{ path: string; bytes: Buffer }> {
  const seen = new Set<string>();
  for (let look = 1; look <= 20; look += 1) {
    const { files, missed: folders } = entriesBelow(folder, options);
    let missed = folders;
    for (const path of files) {
      if (seen.has(path)) continue;
      const bytes = ifThere(() => readFileSync(path));
      if (bytes === undefined) missed += 1;
      else {
        seen.add(path);
        yield { path, bytes };
      }
    }
    if (missed === 0) return;
  }
  throw new Error(`files below ${folder} come and go faster than they can be read`);
}

/** In bytes; of a file that is gone, what `contentsBelow` finds out by itself: not nothing. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 1;
}

/** Undefined where it was gone meanwhile. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
