const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * One line of `width` columns from points in time: each column is the mean of the points that fall into it, between 0 and
 * `top`; one without any is a gap. What is later than `toMs` is in the last: whose clock is right is nobody's business here.
 */
export function sparkline(
  points: readonly { atMs: number; value: number }[],
  { fromMs, toMs, width, top }: { fromMs: number; toMs: number; width: number; top: number },
): string {
  const columns = Array.from({ length: width }, (): number[] => []);
  for (const { atMs, value } of points) {
    if (atMs < fromMs) continue;
    const column = Math.min(width - 1, Math.floor(((atMs - fromMs) / Math.max(1, toMs - fromMs)) * width));
    columns[column]?.push(value);
  }
  return columns
    .map((values) => {
      if (values.length === 0) return " ";
      const part = values.reduce((sum, value) => sum + value, 0) / values.length / Math.max(top, Number.MIN_VALUE);
      return blocks[Math.min(blocks.length - 1, Math.max(0, Math.floor(part * blocks.length)))] ?? " ";
    })
    .join("");
}
