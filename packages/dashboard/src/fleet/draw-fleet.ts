import type { Health } from "@steward/contracts/heartbeat";
import type { FleetDot } from "./fleet-dot.ts";
import { cellAt, type FleetLayout, gapOf, labelHeight } from "./fleet-layout.ts";

export interface FleetColours {
  healthy: string;
  warning: string;
  critical: string;
  offline: string;
  /** Lines upon a filled cell. */
  mark: string;
  label: string;
  focus: string;
  font: string;
}

export function fleetColours(element: Element): FleetColours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    healthy: token("--good-fill"),
    warning: token("--wait-fill"),
    critical: token("--bad-fill"),
    offline: token("--line-strong"),
    mark: token("--panel"),
    label: token("--soft"),
    focus: token("--ink"),
    font: `${parseFloat(style.fontSize) * 0.8}px ${style.fontFamily}`,
  };
}

/**
 * All cells at once, one path a health: ten thousand are drawn in a few milliseconds. Who sees no colours sees shapes: a
 * smaller square is well, a square cut in two warns, a crossed one is critical, an empty one is silent.
 */
export function drawFleet(
  context: CanvasRenderingContext2D,
  input: {
    dots: readonly FleetDot[];
    layout: FleetLayout;
    colours: FleetColours;
    scale: number;
    labels: readonly string[];
  },
): void {
  const { dots, layout, colours, scale, labels } = input;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height + 2);
  const side = layout.pitch - gapOf(layout.pitch);
  const cells: Record<Health, { x: number; y: number }[]> = { healthy: [], warning: [], critical: [], offline: [] };
  let index = 0;
  for (const group of layout.groups) {
    for (let within = 0; within < group.count; within += 1, index += 1) {
      const dot = dots[index];
      if (dot === undefined) continue;
      cells[dot.health].push({
        x: group.x + (within % group.columns) * layout.pitch,
        y: group.y + labelHeight + Math.floor(within / group.columns) * layout.pitch,
      });
    }
  }
  drawHealthy(context, cells.healthy, side, colours);
  drawWarning(context, cells.warning, side, colours);
  drawCritical(context, cells.critical, side, colours);
  drawOffline(context, cells.offline, side, colours);
  context.font = colours.font;
  context.fillStyle = colours.label;
  context.textBaseline = "top";
  for (const [at, group] of layout.groups.entries()) {
    context.fillText(fitted(context, labels[at] ?? group.label, group.width), group.x, group.y + 1);
  }
}

type Cells = readonly { x: number; y: number }[];

function drawHealthy(context: CanvasRenderingContext2D, cells: Cells, side: number, colours: FleetColours): void {
  const inset = side >= 8 ? 1 : 0;
  context.fillStyle = colours.healthy;
  context.beginPath();
  for (const { x, y } of cells) context.rect(x + inset, y + inset, side - 2 * inset, side - 2 * inset);
  context.fill();
}

/** Its lower right half: also where a cell is five pixels wide, it looks like no other. */
function drawWarning(context: CanvasRenderingContext2D, cells: Cells, side: number, colours: FleetColours): void {
  context.fillStyle = colours.warning;
  context.beginPath();
  for (const { x, y } of cells) {
    context.moveTo(x + side, y);
    context.lineTo(x + side, y + side);
    context.lineTo(x, y + side);
    context.closePath();
  }
  context.fill();
  context.strokeStyle = colours.warning;
  context.lineWidth = 1;
  context.beginPath();
  for (const { x, y } of cells) context.rect(x + 0.5, y + 0.5, side - 1, side - 1);
  context.stroke();
}

function drawCritical(context: CanvasRenderingContext2D, cells: Cells, side: number, colours: FleetColours): void {
  context.fillStyle = colours.critical;
  context.beginPath();
  for (const { x, y } of cells) context.rect(x, y, side, side);
  context.fill();
  if (side < 5) return;
  const inset = side * 0.27;
  context.strokeStyle = colours.mark;
  context.lineWidth = Math.max(1, side / 9);
  context.beginPath();
  for (const { x, y } of cells) {
    context.moveTo(x + inset, y + inset);
    context.lineTo(x + side - inset, y + side - inset);
    context.moveTo(x + side - inset, y + inset);
    context.lineTo(x + inset, y + side - inset);
  }
  context.stroke();
}

function drawOffline(context: CanvasRenderingContext2D, cells: Cells, side: number, colours: FleetColours): void {
  const width = side >= 10 ? 1.5 : 1;
  context.strokeStyle = colours.offline;
  context.lineWidth = width;
  context.beginPath();
  for (const { x, y } of cells) context.rect(x + width / 2, y + width / 2, side - width, side - width);
  context.stroke();
}

/** The frame around the cell that is pointed at. */
export function drawFocus(
  context: CanvasRenderingContext2D,
  input: { layout: FleetLayout; index: number | undefined; colours: FleetColours; scale: number },
): void {
  const { layout, index, colours, scale } = input;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, layout.width + 8, layout.height + 8);
  const at = index === undefined ? undefined : cellAt(layout, index);
  if (at === undefined) return;
  const side = layout.pitch - gapOf(layout.pitch);
  context.strokeStyle = colours.focus;
  context.lineWidth = 2;
  // Its canvas begins two pixels further up and left than the cells'.
  context.strokeRect(at.x, at.y, side + 4, side + 4);
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let shown = text.slice(0, 40);
  while (shown.length > 1 && context.measureText(`${shown}…`).width > width) shown = shown.slice(0, -1);
  return `${shown}…`;
}
