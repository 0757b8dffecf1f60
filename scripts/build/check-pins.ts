/** A file that is downloaded from its maker, and the maker's own list of sums (`<sha256>  <name>` a line) that names it. */
export interface Pin {
  url: string;
  sha256: string;
  list: string;
}

/** What the makers' lists say otherwise, one problem each. `read` fetches a list; what cannot be read is a problem too. */
export async function checkPins(
  pins: Readonly<Record<string, Pin>>,
  read: (url: string) => Promise<string>,
): Promise<string[]> {
  const checked = Object.entries(pins).map(async ([name, { url, sha256, list }]) => {
    const file = url.split("/").at(-1) ?? "";
    try {
      const lines = (await read(list)).split("\n").map((line) => line.trim().split(/\s+\*?(?:\.\/)?/));
      const told = lines.find(([, listed]) => listed === file)?.[0];
      if (told === undefined) return [`${name}: ${list} does not name ${file}`];
      return told === sha256 ? [] : [`${name}: ${file} is pinned to ${sha256}, and its maker says ${told}`];
    } catch (error) {
      return [`${name}: ${list} could not be read: ${String(error)}`];
    }
  });
  return (await Promise.all(checked)).flat();
}
