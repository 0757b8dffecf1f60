import type { Outcome } from "./simulate.ts";
import { noticedWithinMs } from "./noticed-within.ts";

const panel = { width: 640, height: 180, left: 70, top: 40, gap: 60 };

/** A run at a look: who was silent and who was told so, heartbeats a minute, and how long after a death it was told. */
export function plot({ settings, scenario, told, score, beatsPerMinute }: Outcome): string {
  const minutes = Array.from({ length: settings.minutes + 1 }, (_, minute) => minute);
  const level = new Map<number, string>();
  let next = 0;
  const silentAt: number[] = [];
  const toldAt: number[] = [];
  for (const minute of minutes) {
    const atMs = minute * 60_000;
    for (let one = told[next]; one !== undefined && one.atMs <= atMs; one = told[(next += 1)])
      level.set(one.node, one.level);
    silentAt.push(scenario.silences.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs).length);
    toldAt.push([...level.values()].filter((value) => value === "offline").length);
  }
  const limit = noticedWithinMs(settings.intervalSeconds) / 1_000;
  const longest = Math.max(limit, score.delays.at(-1) ?? 0) * 1.05;
  const share = score.delays.map((seconds, at) => [seconds, (at + 1) / score.delays.length] as const);
  const down = scenario.outage && [scenario.outage.fromMs / 60_000, scenario.outage.toMs / 60_000];
  const panels = [
    frame(0, "appliances: silent by their own fault (grey), told as offline (red)", {
      x: [0, settings.minutes],
      y: [0, Math.max(1, ...silentAt, ...toldAt)],
      unit: "min",
      shade: down,
      lines: [
        { points: minutes.map((minute, at) => [minute, silentAt[at] ?? 0] as const), colour: "#888888" },
        { points: minutes.map((minute, at) => [minute, toldAt[at] ?? 0] as const), colour: "#d62728" },
      ],
    }),
    frame(1, "heartbeats answered in a minute", {
      x: [0, settings.minutes],
      y: [0, Math.max(1, ...beatsPerMinute)],
      unit: "min",
      shade: down,
      lines: [{ points: beatsPerMinute.map((beats, minute) => [minute + 0.5, beats] as const), colour: "#1f77b4" }],
    }),
    frame(2, `share of deaths told by then; the bar is at ${limit} s`, {
      x: [0, longest],
      y: [0, 1],
      unit: "s",
      shade: [limit, longest],
      lines: [{ points: share, colour: "#2ca02c" }],
    }),
  ];
  const height = panel.top + 3 * (panel.height + panel.gap);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${panel.left + panel.width + 30}" height="${height}" font-family="sans-serif" font-size="12">`,
    "<style>.frame{fill:none;stroke:#333}.shade{fill:#eee}</style>",
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${panel.left}" y="16">${settings.appliances} appliances, ${settings.minutes} minutes, seed ${settings.seed}; grey: our own door was down</text>`,
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

interface Drawn {
  x: readonly [number, number];
  y: readonly [number, number];
  unit: string;
  shade: readonly number[] | undefined;
  lines: { points: readonly (readonly [number, number])[]; colour: string }[];
}

function frame(place: number, title: string, { x, y, unit, shade, lines }: Drawn): string {
  const top = panel.top + place * (panel.height + panel.gap);
  const across = (value: number) => (panel.left + ((value - x[0]) / (x[1] - x[0])) * panel.width).toFixed(1);
  const up = (value: number) => (top + panel.height * (1 - (value - y[0]) / (y[1] - y[0]))).toFixed(1);
  const [from, to] = shade ?? [];
  const shaded =
    from === undefined || to === undefined
      ? []
      : [
          `<rect class="shade" x="${across(from)}" y="${top}" width="${Number(across(to)) - Number(across(from))}" height="${panel.height}"/>`,
        ];
  const ticks = Array.from({ length: 7 }, (_, at) => x[0] + ((x[1] - x[0]) * at) / 6);
  return [
    `<text x="${panel.left}" y="${top - 6}">${title}</text>`,
    ...shaded,
    `<rect class="frame" x="${panel.left}" y="${top}" width="${panel.width}" height="${panel.height}"/>`,
    ...[y[0], (y[0] + y[1]) / 2, y[1]].map(
      (value) =>
        `<text x="${panel.left - 6}" y="${Number(up(value)) + 4}" text-anchor="end">${Number(value.toFixed(2))}</text>`,
    ),
    ...ticks.map(
      (value) =>
        `<text x="${across(value)}" y="${top + panel.height + 16}" text-anchor="middle">${value.toFixed(0)} ${unit}</text>`,
    ),
    ...lines.map(
      ({ points, colour }) =>
        `<polyline points="${points.map(([a, b]) => `${across(a)},${up(b)}`).join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
    ),
  ].join("\n");
}
