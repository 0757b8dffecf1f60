import "uplot/dist/uPlot.min.css";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import uPlot from "uplot";
import type { Tone } from "../text.ts";
import { watchTheme } from "../theme.ts";
import { short, stacked, type Values } from "./plot-data.ts";

/** What else can be done with what is drawn. */
export interface Drawing {
  /** With a title and a legend: a picture that is passed on must speak for itself. */
  picture: (title: string, legend: readonly { label: string; tone: Tone }[], take: (blob: Blob) => void) => void;
}

interface Props {
  ref: Ref<Drawing>;
  atMs: readonly number[];
  series: readonly { label: string; tone: Tone; values: Values }[];
  height: number;
  kind: "line" | "area" | "stack";
  max?: number;
  group?: string;
  /** Where the pointer is. */
  onPlace: (place: number | undefined) => void;
}

/** uPlot, with the page's colours. In a chunk of its own: who sees no plot loads none. */
export default function Canvas({ ref, atMs, series, height, kind, max, group, onPlace }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const tell = useRef(onPlace);
  tell.current = onPlace;
  const drawn = kind === "stack" ? stacked(series.map(({ values }) => values)) : series.map(({ values }) => values);
  const data = [atMs.map((ms) => ms / 1000), ...drawn.map((values) => [...values])] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  // In a stack a layer of nothing would draw its line over the one below it.
  const isNothing = useRef<(at: number) => boolean>(() => false);
  isNothing.current = (at) =>
    kind === "stack" && series[at]?.values.every((value) => value === null || value === 0) === true;
  // Another series or height is another plot; new values are not.
  const shape = JSON.stringify([series.map(({ label, tone }) => [label, tone]), height, kind, max, group]);

  useEffect(() => {
    const node = place.current;
    if (node === null) return;
    const options = optionsOf(node, JSON.parse(shape) as Shape, {
      onPlace: (at) => tell.current(at),
      isNothing: (at) => isNothing.current(at),
    });
    const made = new uPlot(options, latest.current, node);
    plot.current = made;
    const resized = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== made.width) made.setSize({ width, height });
    });
    resized.observe(node);
    const forget = watchTheme(() => made.redraw(false));
    return () => {
      forget();
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `height` is in `shape`
  }, [shape]);

  useEffect(() => {
    const made = plot.current;
    if (made === null || made.data === latest.current) return;
    const all = made.data[0];
    const { min, max: end } = made.scales["x"] ?? {};
    // Whoever has drawn a stretch larger keeps it while new values come in.
    const isZoomed = min !== undefined && end !== undefined && (min > (all[0] ?? 0) || end < (all.at(-1) ?? 0));
    made.setData(latest.current, !isZoomed);
    if (isZoomed) made.redraw();
  }, [atMs, series]);

  useImperativeHandle(ref, () => ({
    picture: (title, legend, take) => {
      const { canvas } = plot.current?.ctx ?? {};
      if (canvas !== undefined && place.current !== null) pictureOf(place.current, canvas, title, legend, take);
    },
  }));
  return <div ref={place} />;
}

type Shape = [[string, Tone][], number, Props["kind"], number | null, string | null];

interface Asked {
  onPlace: (at: number | undefined) => void;
  isNothing: (series: number) => boolean;
}

function optionsOf(node: HTMLElement, shape: Shape, { onPlace, isNothing }: Asked): uPlot.Options {
  const [series, height, kind, max, group] = shape;
  const soft = () => colourOf(node, "--soft");
  const line = () => colourOf(node, "--line");
  const size = Number.parseFloat(getComputedStyle(node).fontSize) * 0.8;
  const font = `${size}px ${getComputedStyle(node).fontFamily}`;
  const axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(50, node.clientWidth),
    height,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      ...(group === null ? {} : { sync: { key: group } }),
    },
    scales: {
      x: { time: true },
      y: { range: (_plot, _low, high) => [0, max ?? (high > 0 ? high * 1.1 : 1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: size * 2.4, space: 96, incrs: steps, values: timesOf },
      { ...axis, size: size * 4, space: 32, values: (_plot, splits) => splits.map((split) => short(split)) },
    ],
    series: [
      {},
      ...series.map(([label, tone], at) => ({
        label,
        stroke: () => (isNothing(at) ? "transparent" : colourOf(node, `--${tone}`)),
        width: 1.5,
        // A single look is a point: a line needs two.
        points: { show: (made: uPlot) => made.data[0].length < 2, size: 6 },
        spanGaps: false,
        ...(kind === "line"
          ? {}
          : { fill: () => veil(colourOf(node, `--${tone}-fill`), kind === "stack" ? 0.55 : 0.2) }),
      })),
    ],
    ...(kind === "stack"
      ? {
          // Each layer down to the one below it.
          bands: series.slice(1).map((_one, index) => ({ series: [index + 2, index + 1] as [number, number] })),
        }
      : {}),
    hooks: { setCursor: [(made) => onPlace(made.cursor.idx ?? undefined)] },
  };
}

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** Seconds between the marks of the time: no less than one, for the words say no less. */
const steps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  2_592_000,
];

function timesOf(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  const format = step >= 86_400 ? days : step >= 60 ? hours : seconds;
  return splits.map((split) => format.format(split * 1000));
}

/** A canvas knows no custom properties: the browser is asked what colour comes of one. */
function colourOf(node: HTMLElement, token: string): string {
  return getComputedStyle(node).getPropertyValue(token).trim() || "#808080";
}

/** The colour, thinned. Tokens are hex. */
function veil(colour: string, alpha: number): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

function pictureOf(
  node: HTMLElement,
  drawn: HTMLCanvasElement,
  title: string,
  legend: readonly { label: string; tone: Tone }[],
  take: (blob: Blob) => void,
): void {
  const scale = drawn.width / Math.max(1, node.clientWidth);
  const margin = 16 * scale;
  const headHeight = 48 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * margin;
  canvas.height = drawn.height + headHeight + 2 * margin;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const family = getComputedStyle(node).fontFamily;
  context.fillStyle = colourOf(node, "--panel");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "top";
  context.fillStyle = colourOf(node, "--ink");
  context.font = `600 ${15 * scale}px ${family}`;
  context.fillText(title, margin, margin);
  context.font = `${12 * scale}px ${family}`;
  let left = margin;
  for (const { label, tone } of legend) {
    context.fillStyle = colourOf(node, `--${tone}`);
    context.fillRect(left, margin + 27 * scale, 10 * scale, 10 * scale);
    context.fillStyle = colourOf(node, "--soft");
    context.fillText(label, left + 15 * scale, margin + 25 * scale);
    left += context.measureText(label).width + 32 * scale;
  }
  context.drawImage(drawn, margin, margin + headHeight);
  canvas.toBlob((blob) => {
    if (blob !== null) take(blob);
  }, "image/png");
}
