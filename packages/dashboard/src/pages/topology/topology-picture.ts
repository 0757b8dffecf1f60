import { healthLevels } from "@steward/contracts/heartbeat";
import { totalOf } from "../../fleet/fleet-dot.ts";
import { visible } from "../../text.ts";
import { placeTopology } from "./place-topology.ts";
import type { TopologyGraph, TopologyNode } from "./topology-graph.ts";

const margin = 40;
/** A canvas that a browser still makes a picture of. */
const mostPixels = 8_000;

/** The whole graph as a PNG, in the page's colours: what is out of sight is in it too. */
export async function topologyPicture(graph: TopologyGraph, look: Element): Promise<Blob | undefined> {
  const { places, frame } = placeTopology(graph);
  const boxes = graph.nodes.flatMap((node) => {
    const place = places.get(node.id);
    return place === undefined ? [] : [{ node, ...place }];
  });
  const right = Math.max(1, ...boxes.map(({ x, node }) => x + node.width)) + 2 * margin;
  const bottom = Math.max(1, ...boxes.map(({ y, node }) => y + node.height)) + 2 * margin;
  const scale = Math.min(2, mostPixels / right, mostPixels / bottom);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(right * scale);
  canvas.height = Math.ceil(bottom * scale);
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  const style = getComputedStyle(look);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  context.scale(scale, scale);
  context.fillStyle = colour("--back");
  context.fillRect(0, 0, right, bottom);
  context.translate(margin, margin);
  const byId = new Map(boxes.map((box) => [box.node.id, box]));
  const outOf = (id: string) => {
    if (id === "frame") return frame;
    const box = byId.get(id);
    return box === undefined ? undefined : { x: box.x, y: box.y, width: box.node.width, height: box.node.height };
  };
  if (frame !== undefined) {
    context.strokeStyle = colour("--line-strong");
    context.setLineDash([6, 5]);
    context.strokeRect(frame.x, frame.y, frame.width, frame.height);
    context.setLineDash([]);
  }
  const framed = graph.framed ? [{ from: "frame", to: "hub", busy: false }] : [];
  for (const { from, to, busy } of [...framed, ...graph.edges]) {
    const a = outOf(from);
    const b = byId.get(to);
    if (a === undefined || b === undefined) continue;
    const start = { x: a.x + a.width, y: a.y + a.height / 2 };
    const end = { x: b.x, y: b.y + b.node.height / 2 };
    const bend = (end.x - start.x) / 2;
    context.strokeStyle = busy ? colour("--busy-fill") : colour("--line-strong");
    context.lineWidth = busy ? 2 : 1;
    context.beginPath();
    context.moveTo(start.x, start.y);
    context.bezierCurveTo(start.x + bend, start.y, end.x - bend, end.y, end.x, end.y);
    context.stroke();
  }
  const fills = {
    healthy: "--good-fill",
    warning: "--wait-fill",
    critical: "--bad-fill",
    offline: "--still-fill",
  } as const;
  for (const { node, x, y } of boxes) {
    context.fillStyle = colour("--panel");
    context.strokeStyle = colour("--line-strong");
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x, y, node.width, node.height, 8);
    context.fill();
    context.stroke();
    const [title, ...lines] = wordsOf(node);
    context.textBaseline = "top";
    context.fillStyle = colour("--ink");
    context.font = `600 14px ${style.fontFamily}`;
    context.fillText(visible(title ?? ""), x + 10, y + 10, node.width - 20);
    context.fillStyle = colour("--soft");
    context.font = `12px ${style.fontFamily}`;
    for (const [at, line] of lines.entries())
      context.fillText(visible(line), x + 10, y + 32 + at * 17, node.width - 20);
    if (node.kind !== "group") continue;
    let left = x + 10;
    const all = totalOf(node.counts);
    for (const level of healthLevels) {
      const width = all === 0 ? 0 : ((node.width - 20) * node.counts[level]) / all;
      context.fillStyle = colour(fills[level]);
      context.fillRect(left, y + 64, width, 8);
      left += width;
    }
    for (const [at, dot] of (node.members ?? []).entries()) {
      context.fillStyle = colour(fills[dot.health]);
      const memberX = x + 10 + (at % 4) * 150;
      const memberY = y + 98 + Math.floor(at / 4) * 30;
      context.fillRect(memberX, memberY + 2, 10, 10);
      context.fillStyle = colour("--ink");
      context.fillText(visible(dot.name), memberX + 16, memberY, 128);
    }
  }
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? undefined), "image/png"));
}

function wordsOf(node: TopologyNode): string[] {
  if (node.kind === "group") {
    const { counts } = node;
    const unwell = healthLevels
      .filter((level) => level !== "healthy" && counts[level] > 0)
      .map((level) => `${counts[level]} ${level}`);
    return [`${node.label}  ${totalOf(counts)}`, unwell.length === 0 ? "all are well" : unwell.join(", ")];
  }
  if (node.kind === "hub") return ["Steward", `${node.machines} machines`, `${node.silent} silent`];
  if (node.kind === "lane") return [node.lane, `${node.queued} wait, ${node.inFlight} at work`];
  if (node.kind === "worker") return [node.label, `${node.health}, ${node.used} of ${node.slots} slots`];
  return node.kind === "rest" ? [node.label] : [];
}
