import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

interface Below {
  /** Names of folders that are left out. */
  not?: readonly string[];
  keep?: (path: string) => boolean;
}

/** Plain files below a folder, whatever else is there: those that `keep` is for, in none of the folders named in `not`. */
export function filesBelow(folder: string, { not = [], keep = () => true }: Below = {}): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return not.includes(entry.name) ? [] : filesBelow(path, { not, keep });
    return entry.isFile() && keep(path) ? [path] : [];
  });
}

/**
 * What is in them, while others write there: where a file was gone before it was read (a step of a write, renamed since), it
 * is looked again for what has come, until nothing was missed.
 */
export function* contentsBelow(folder: string, options: Below = {}): Generator<{ path: string; bytes: Buffer }> {
  const seen = new Set<string>();
  for (let look = 1; look <= 20; look += 1) {
    let missed = 0;
    for (const path of filesBelow(folder, options)) {
      if (seen.has(path)) continue;
      const bytes = readIfThere(path);
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

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
