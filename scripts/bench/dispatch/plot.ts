import type { Policy, Row } from "./measure.ts";

const colours: Record<Policy, string> = {
  "central, first come first served": "#555555",
  "central, three lanes": "#98df8a",
  "central, shortest first": "#999999",
  "central, shortest first, foreknown": "#cccccc",
  "pull, one lane": "#1f77b4",
  "pull, three lanes": "#2ca02c",
  "smallest queue, known at once": "#9467bd",
  "smallest queue, heartbeats": "#d62728",
  "random worker": "#ff7f0e",
};
const panel = { width: 380, height: 300, left: 60, top: 50, gap: 80 };

/** Mean waits over the load on a logarithmic scale, a panel for each variability of the work; bars are 95 % intervals. */
export function plot(rows: readonly Row[]): string {
  const shown = rows.filter(({ fleet }) => fleet === "8 × 1");
  const panels = [...new Set(shown.map(({ c2 }) => c2))];
  const loads = [...new Set(shown.map(({ load }) => load))].sort((a, b) => a - b);
  const waits = shown.map(({ meanWaitS }) => meanWaitS.value);
  const low = Math.floor(Math.log10(Math.min(...waits)));
  const high = Math.ceil(Math.log10(Math.max(...waits)));
  const first = loads[0] ?? 0;
  const span = (loads.at(-1) ?? 1) - first || 1;
  const x = (at: number, load: number) =>
    panel.left + at * (panel.width + panel.gap) + 20 + ((load - first) / span) * (panel.width - 40);
  const y = (seconds: number) =>
    panel.top + panel.height * (1 - (Math.log10(Math.max(seconds, 10 ** low)) - low) / (high - low));
  const width = panel.left + panels.length * (panel.width + panel.gap) + 150;
  const parts: string[] = [];
  panels.forEach((c2, at) => {
    const left = panel.left + at * (panel.width + panel.gap);
    parts.push(`<text x="${left + panel.width / 2}" y="${panel.top - 16}" text-anchor="middle">C² = ${c2}</text>`);
    parts.push(`<rect x="${left}" y="${panel.top}" width="${panel.width}" height="${panel.height}" class="frame"/>`);
    for (let power = low; power <= high; power += 1) {
      const line = y(10 ** power);
      parts.push(`<line x1="${left}" x2="${left + panel.width}" y1="${line}" y2="${line}" class="grid"/>`);
      parts.push(`<text x="${left - 6}" y="${line + 4}" text-anchor="end">${10 ** power} s</text>`);
    }
    for (const load of loads) {
      parts.push(
        `<text x="${x(at, load)}" y="${panel.top + panel.height + 18}" text-anchor="middle">${load.toFixed(2)}</text>`,
      );
    }
    for (const [policy, colour] of Object.entries(colours)) {
      const line = shown.filter((row) => row.c2 === c2 && row.policy === policy).sort((a, b) => a.load - b.load);
      const points = line.map((row) => `${round(x(at, row.load))},${round(y(row.meanWaitS.value))}`);
      parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
      for (const { load, meanWaitS } of line) {
        const ends = [meanWaitS.value - meanWaitS.plusMinus, meanWaitS.value + meanWaitS.plusMinus].map((end) =>
          round(y(end)),
        );
        const across = round(x(at, load));
        parts.push(`<line x1="${across}" x2="${across}" y1="${ends[0]}" y2="${ends[1]}" stroke="${colour}"/>`);
      }
    }
  });
  const legendAt = panel.left + panels.length * (panel.width + panel.gap) - panel.gap + 16;
  Object.entries(colours).forEach(([policy, colour], at) => {
    const line = panel.top + 12 + at * 20;
    parts.push(
      `<line x1="${legendAt}" x2="${legendAt + 16}" y1="${line - 4}" y2="${line - 4}" stroke="${colour}" stroke-width="2"/>`,
    );
    parts.push(`<text x="${legendAt + 22}" y="${line}">${policy}</text>`);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${panel.top + panel.height + 60}" font-family="sans-serif" font-size="12">`,
    "<style>.frame{fill:none;stroke:#333}.grid{stroke:#ddd}</style>",
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${panel.left}" y="18">Mean wait of a job by the fleet’s load: eight workers with a slot each</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function round(value: number): string {
  return value.toFixed(1);
}
