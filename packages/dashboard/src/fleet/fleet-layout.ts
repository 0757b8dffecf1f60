/**
 * Where each machine's cell is on a map: blocks of cells, one a group, put beside each other in shelves. All blocks of a
 * map have the same number of rows at most, so that shelves are full. Cells are as large as there is room for.
 */
export interface PlacedGroup {
  key: string;
  label: string;
  /** Index of its first cell in the map, and how many it has. */
  first: number;
  count: number;
  columns: number;
  x: number;
  /** Of its label; the cells begin `labelHeight` below. */
  y: number;
  width: number;
}
export interface FleetLayout {
  /** From one cell to the next; the cell itself is smaller by `gapOf`. */
  pitch: number;
  width: number;
  height: number;
  count: number;
  groups: PlacedGroup[];
}

export const labelHeight = 18;
const groupGap = 14;
const pitches = [34, 30, 26, 22, 19, 16, 14, 12, 10, 9, 8, 7, 6, 5];
/** A label that is not wholly legible says nothing. */
const leastWidth = 64;
const mostLabelWidth = 150;
const letterWidth = 7;

export function gapOf(pitch: number): number {
  return pitch >= 12 ? 3 : pitch >= 8 ? 2 : 1;
}

export function layOutFleet(
  groups: readonly { key: string; label: string; count: number }[],
  width: number,
  mostHeight: number,
): FleetLayout {
  let last = place(groups, width, 5);
  for (const pitch of pitches) {
    last = place(groups, width, pitch);
    if (last.height <= mostHeight) return last;
  }
  // It is higher than asked for: whoever shows it scrolls.
  return last;
}

function place(
  groups: readonly { key: string; label: string; count: number }[],
  width: number,
  pitch: number,
): FleetLayout {
  const mostColumns = Math.max(1, Math.floor(width / pitch));
  const largest = Math.max(1, ...groups.map(({ count }) => count));
  const rows = groups.length === 1 ? Math.ceil(largest / mostColumns) : rowsOf(largest, mostColumns);
  const placed: PlacedGroup[] = [];
  let x = 0;
  let y = 0;
  let shelf = 0;
  let first = 0;
  for (const { key, label, count } of groups) {
    const columns = Math.min(mostColumns, Math.max(1, Math.ceil(count / rows)));
    const labelWidth = Math.min(mostLabelWidth, Math.max(leastWidth, label.length * letterWidth));
    const blockWidth = Math.min(width, Math.max(columns * pitch, labelWidth));
    if (x > 0 && x + blockWidth > width) {
      x = 0;
      y += shelf + groupGap;
      shelf = 0;
    }
    placed.push({ key, label, first, count, columns, x, y, width: blockWidth });
    first += count;
    shelf = Math.max(shelf, labelHeight + Math.ceil(count / columns) * pitch);
    x += blockWidth + groupGap;
  }
  return { pitch, width, height: y + shelf, count: first, groups: placed };
}

function rowsOf(largest: number, mostColumns: number): number {
  return Math.max(Math.ceil(largest / mostColumns), Math.min(12, Math.ceil(Math.sqrt(largest / 1.6))));
}

/** The upper left corner of a cell. */
export function cellAt(layout: FleetLayout, index: number): { x: number; y: number; group: PlacedGroup } | undefined {
  const group = groupOf(layout, index);
  if (group === undefined) return undefined;
  const within = index - group.first;
  return {
    group,
    x: group.x + (within % group.columns) * layout.pitch,
    y: group.y + labelHeight + Math.floor(within / group.columns) * layout.pitch,
  };
}

/** Groups are in the order of their cells: the last one that begins before it. */
function groupOf({ groups, count }: FleetLayout, index: number): PlacedGroup | undefined {
  if (index < 0 || index >= count) return undefined;
  let low = 0;
  let high = groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((groups[middle]?.first ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return groups[low];
}

/** The cell at a point, as a pointer finds it. */
export function indexAt(layout: FleetLayout, x: number, y: number): number | undefined {
  for (const group of layout.groups) {
    const column = Math.floor((x - group.x) / layout.pitch);
    const row = Math.floor((y - group.y - labelHeight) / layout.pitch);
    if (column < 0 || row < 0 || column >= group.columns) continue;
    const within = row * group.columns + column;
    if (within < group.count) return group.first + within;
  }
  return undefined;
}

export type Direction = "left" | "right" | "up" | "down";

/** Where an arrow key leads: along the cells, and to the nearest one above or below, also of another block. */
export function neighbourOf(layout: FleetLayout, index: number, direction: Direction): number {
  if (direction === "left") return Math.max(0, index - 1);
  if (direction === "right") return Math.min(layout.count - 1, index + 1);
  const here = cellAt(layout, index);
  if (here === undefined) return index;
  const step = direction === "up" ? -here.group.columns : here.group.columns;
  const within = index - here.group.first + step;
  if (within >= 0 && within < here.group.count) return index + step;
  let best = index;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const group of layout.groups) {
    if (group === here.group || group.count === 0) continue;
    const rows = Math.ceil(group.count / group.columns);
    const row = direction === "up" ? rows - 1 : 0;
    const y = group.y + labelHeight + row * layout.pitch;
    if (direction === "up" ? y >= here.y : y <= here.y) continue;
    const wanted = Math.round((here.x - group.x) / layout.pitch);
    const column = Math.min(group.columns - 1, Math.max(0, wanted));
    const candidate = Math.min(group.first + group.count - 1, group.first + row * group.columns + column);
    const at = cellAt(layout, candidate);
    if (at === undefined) continue;
    const distance = Math.abs(at.x - here.x) + 2 * Math.abs(at.y - here.y);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
