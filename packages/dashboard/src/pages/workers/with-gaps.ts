/** Points in their steps; where one or more are missing there is a `null`, so that no line is drawn across the silence. */
export function withGaps<Point extends { at: string }>(
  points: readonly Point[],
  stepSeconds: number,
): { atMs: number[]; rows: (Point | null)[] } {
  const atMs: number[] = [];
  const rows: (Point | null)[] = [];
  for (const point of points) {
    const at = Date.parse(point.at);
    const last = atMs.at(-1);
    if (last !== undefined && at - last > stepSeconds * 1_500) {
      atMs.push(last + stepSeconds * 1_000);
      rows.push(null);
    }
    atMs.push(at);
    rows.push(point);
  }
  return { atMs, rows };
}
