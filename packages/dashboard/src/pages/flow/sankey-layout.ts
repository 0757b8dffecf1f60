import type { FlowGraph, Station, Way } from "./flow-graph.ts";

export interface Box extends Station {
  x: number;
  y: number;
  height: number;
}
export interface Band extends Way {
  /** Its upper edge where it leaves and where it arrives; it is as thick as `thickness` all along. */
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  thickness: number;
}

interface Size {
  width: number;
  height: number;
  boxWidth: number;
  /** Between boxes of a column: there is the writing, too. */
  gap: number;
  columns: number;
}

/** Boxes in columns, as high as there are requests, and bands between them that do not cross more than they must. */
export function layoutOf(
  graph: FlowGraph,
  { width, height, boxWidth, gap, columns }: Size,
): { boxes: Box[]; bands: Band[] } {
  const inColumn = Array.from({ length: columns }, (_, column) =>
    graph.stations.filter((one) => one.column === column),
  );
  // One scale for all columns: a request is as thick everywhere.
  const scale = Math.min(
    ...inColumn.map((list) => {
      const total = list.reduce((sum, { count }) => sum + count, 0);
      return total === 0 ? Infinity : Math.max(0, height - gap * list.length) / total;
    }),
  );
  if (!Number.isFinite(scale)) return { boxes: [], bands: [] };
  const step = columns < 2 ? 0 : (width - boxWidth) / (columns - 1);
  const boxes = new Map<string, Box>();
  for (const list of inColumn) {
    let y = gap;
    for (const station of list) {
      const box = { ...station, x: station.column * step, y, height: station.count * scale };
      boxes.set(station.id, box);
      y += box.height + gap;
    }
  }
  const left = new Map<string, number>();
  const arrived = new Map<string, number>();
  const place = (id: string) => boxes.get(id)?.y ?? 0;
  // From above to below on both sides: then two bands of one box never cross.
  const ordered = [...graph.ways].sort((a, b) => place(a.from) - place(b.from) || place(a.to) - place(b.to));
  const starts = new Map<Way, number>();
  for (const way of ordered) {
    const used = left.get(way.from) ?? 0;
    starts.set(way, place(way.from) + used);
    left.set(way.from, used + way.count * scale);
  }
  const bands = [...graph.ways]
    .sort((a, b) => place(a.to) - place(b.to) || place(a.from) - place(b.from))
    .map((way): Band => {
      const used = arrived.get(way.to) ?? 0;
      arrived.set(way.to, used + way.count * scale);
      return {
        ...way,
        x0: (boxes.get(way.from)?.x ?? 0) + boxWidth,
        y0: starts.get(way) ?? 0,
        x1: boxes.get(way.to)?.x ?? 0,
        y1: place(way.to) + used,
        thickness: way.count * scale,
      };
    });
  return { boxes: [...boxes.values()], bands };
}

/** A band as the path of an SVG: two curves, level at both ends. */
export function pathOf({ x0, y0, x1, y1, thickness }: Band): string {
  const middle = (x0 + x1) / 2;
  const point = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return [
    `M${point(x0, y0)}`,
    `C${point(middle, y0)} ${point(middle, y1)} ${point(x1, y1)}`,
    `L${point(x1, y1 + thickness)}`,
    `C${point(middle, y1 + thickness)} ${point(middle, y0 + thickness)} ${point(x0, y0 + thickness)}Z`,
  ].join("");
}
