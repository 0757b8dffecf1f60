import type { FoundGpu } from "./found-gpu.ts";

/** Name and driver first, in whatever driver; `mig.mode.current` is not known to drivers before 450. */
export const nvidiaColumns = ["name", "driver_version", "memory.total", "memory.free", "utilization.gpu"] as const;
export const migColumn = "mig.mode.current";

export const nvidiaQuery = (columns: readonly string[]): string[] => [
  `--query-gpu=${columns.join(",")}`,
  "--format=csv,noheader,nounits",
];

export interface NvidiaRow extends FoundGpu {
  /** Cut into slices: what it says of its memory is of the whole, which nobody can use. */
  mig: boolean;
}

/** One line a GPU. Undefined where a line is none: half an answer is no answer. */
export function readNvidiaRows(text: string): NvidiaRow[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rows: NvidiaRow[] = [];
  for (const line of lines) {
    const cells = line.split(",").map((cell) => cell.trim());
    if (cells.length < nvidiaColumns.length || cells.length > nvidiaColumns.length + 1) return undefined;
    const [name, driver, total, free, used, mig] = cells.map(said);
    if (name === undefined) return undefined;
    const numbers = { vramMb: numberOf(total), freeMb: numberOf(free), usedPercent: numberOf(used) };
    if (Object.values(numbers).some((number) => Number.isNaN(number))) return undefined;
    const shared = numbers.vramMb === undefined && sharesMemory(name);
    rows.push({
      name,
      vendor: "nvidia",
      ...(driver === undefined ? {} : { driver }),
      ...present(numbers),
      memory: shared ? "shared" : "own",
      mig: mig === "Enabled",
    });
  }
  return rows;
}

/**
 * The slices of `nvidia-smi -L`, by the number of their GPU. A slice's memory is in the name of its profile: `3g.20gb`
 * has 19.5 GiB, `1g.5gb` 4.75; the tool says how much of it is free only in tables and XML.
 */
export function readMigSlices(text: string): Map<number, { profile: string; vramMb: number }[]> {
  const slices = new Map<number, { profile: string; vramMb: number }[]>();
  let gpu = -1;
  for (const line of text.split("\n")) {
    const head = /^GPU (\d+): /.exec(line);
    if (head) gpu = Number(head[1]);
    const slice = /^\s+MIG (\S*?(\d+)gb\S*)\s+Device\s+\d+:/.exec(line);
    if (!slice || gpu < 0) continue;
    const vramMb = Math.floor(Number(slice[2]) * 1024 * migShare);
    slices.set(gpu, [...(slices.get(gpu) ?? []), { profile: slice[1] ?? "", vramMb }]);
  }
  return slices;
}

/** The worst of the profiles: `1g.5gb` has 4.75 GiB. */
const migShare = 0.95;

/** Tegra and Grace-Blackwell desktops have no memory of their own, and so nothing to say of it. */
function sharesMemory(name: string): boolean {
  return /\b(GB10|N1X?|Orin|Thor|Xavier|Tegra|Jetson)\b/i.test(name);
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `[GPU requires reset]`, `N/A`, `ERR!` and the like say nothing. */
function said(cell: string): string | undefined {
  return cell === "" || /^\[.*\]$|^N\/A$|^ERR!$/i.test(cell) ? undefined : cell;
}

/** NaN for what should be a number and is none. */
function numberOf(cell: string | undefined): number | undefined {
  if (cell === undefined) return undefined;
  return /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : Number.NaN;
}

function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}
