/** Values by name at the times that they were seen. Each list is as long as `atMs`; `null`: not known then. */
export interface Sampled {
  atMs: readonly number[];
  values: Readonly<Record<string, readonly (number | null)[]>>;
}

/** An hour at a look every 2 s. What is older than that goes. */
export const keptMs = 3_600_000;
/** Longer without a look is a gap, and no straight line between two looks: the tab was hidden, or nobody answered. */
export const gapMs = 20_000;

/** With one look more. A look that is no later than the last one changes nothing. */
export function withSample(
  before: Sampled | undefined,
  atMs: number,
  values: Readonly<Record<string, number | null>>,
): Sampled {
  const times = before?.atMs ?? [];
  const last = times.at(-1);
  if (before !== undefined && last !== undefined && atMs <= last) return before;
  const added = last !== undefined && atMs - last > gapMs ? [last + 1, atMs] : [atMs];
  const from = times.findIndex((time) => time > atMs - keptMs);
  const start = from === -1 ? times.length : from;
  const names = new Set([...Object.keys(before?.values ?? {}), ...Object.keys(values)]);
  const all: Record<string, (number | null)[]> = {};
  for (const name of names) {
    const had = before?.values[name] ?? times.map(() => null);
    const value = values[name] ?? null;
    all[name] = [...had.slice(start), ...(added.length === 2 ? [null, value] : [value])];
  }
  return { atMs: [...times.slice(start), ...added], values: all };
}
