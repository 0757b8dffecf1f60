import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Plain files below a folder, whatever else is there: those that `keep` is for, in none of the folders named in `not`. */
export function filesBelow(
  folder: string,
  { not = [], keep = () => true }: { not?: readonly string[]; keep?: (path: string) => boolean } = {},
): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return not.includes(entry.name) ? [] : filesBelow(path, { not, keep });
    return entry.isFile() && keep(path) ? [path] : [];
  });
}
