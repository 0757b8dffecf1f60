/** One measured figure: what, how much, the bar it is held to, and how it was measured. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** `<= 25`, `>= 1000` or `= 1`; absent where there is no bar. */
  bar?: { at: "most" | "least" | "exactly"; value: number };
  how: string;
}

export function meets(figure: Figure): boolean {
  const { bar, value } = figure;
  if (bar === undefined) return true;
  if (bar.at === "exactly") return value === bar.value;
  return bar.at === "most" ? value <= bar.value : value >= bar.value;
}

const signs = { most: "≤", least: "≥", exactly: "=" } as const;

/** Figures as a table for people. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    figure.bar === undefined ? "" : `${signs[figure.bar.at]} ${figure.bar.value} ${figure.unit}`,
    figure.bar === undefined ? "" : meets(figure) ? "ok" : "MISSED",
    figure.how,
  ]);
  return columns(["figure", "measured", "bar", "", "how"], rows);
}

/** Cells under their heads, as wide as the widest of a column. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** The value below which `share` (0 to 1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError("no samples");
  return value;
}

function round(value: number): string {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}
