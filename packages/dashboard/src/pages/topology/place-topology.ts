import * as dagre from "@dagrejs/dagre";
import type { TopologyGraph, TopologyNode } from "./topology-graph.ts";

export interface Place {
  x: number;
  y: number;
}

/** So many groups are a column; more are a block of columns, which is no matter of edges that must not cross. */
const mostInColumn = 14;
const gapX = 28;
const gapY = 18;

/** Upper left corners. The layered part is dagre's; what stands before Steward, where it is much, is a block beside it. */
export function placeTopology(graph: TopologyGraph): Map<string, Place> {
  const before = graph.nodes.filter(isBefore);
  const asBlock = before.length > mostInColumn;
  const layered = asBlock ? graph.nodes.filter((node) => !isBefore(node)) : graph.nodes;
  const places = layeredPlaces(layered, graph);
  if (!asBlock) return places;
  return withBlock(places, before, graph);
}

function isBefore({ kind, id }: TopologyNode): boolean {
  return kind === "group" || id === "rest:groups";
}

function layeredPlaces(nodes: readonly TopologyNode[], { edges }: TopologyGraph): Map<string, Place> {
  const layout = new dagre.graphlib.Graph();
  layout.setGraph({ rankdir: "LR", nodesep: gapY, ranksep: 110, marginx: 8, marginy: 8 });
  layout.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) layout.setNode(id, { width, height });
  const known = new Set(nodes.map(({ id }) => id));
  for (const { from, to } of edges) if (known.has(from) && known.has(to)) layout.setEdge(from, to);
  dagre.layout(layout);
  const places = new Map(
    nodes.map(({ id, width, height }): [string, Place] => {
      const { x, y } = layout.node(id) as Place;
      return [id, { x: x - width / 2, y: y - height / 2 }];
    }),
  );
  for (const kind of ["group", "lane", "worker"] as const)
    inOrder(
      places,
      nodes.filter((node) => node.kind === kind),
    );
  return places;
}

/** A column from top to bottom as it was given: the largest group first, express before bulk. To dagre it is all one. */
function inOrder(places: Map<string, Place>, column: readonly TopologyNode[]): void {
  let y = Math.min(...column.map(({ id }) => places.get(id)?.y ?? Number.POSITIVE_INFINITY));
  for (const { id, height } of column) {
    const place = places.get(id);
    if (place === undefined) continue;
    places.set(id, { x: place.x, y });
    y += height + gapY;
  }
}

/** Columns of about the same height, about as high as wide, left of the rest and in its middle. */
function withBlock(
  places: Map<string, Place>,
  before: readonly TopologyNode[],
  graph: TopologyGraph,
): Map<string, Place> {
  const columns = Math.max(2, Math.round(Math.sqrt(before.length / 5)));
  const total = before.reduce((sum, { height }) => sum + height + gapY, 0);
  const column = total / columns;
  const block = new Map<string, Place>();
  let x = 0;
  let y = 0;
  let widest = 0;
  let highest = 0;
  for (const { id, width, height } of before) {
    if (y > 0 && y + height / 2 > column) {
      x += widest + gapX;
      y = 0;
      widest = 0;
    }
    block.set(id, { x, y });
    y += height + gapY;
    widest = Math.max(widest, width);
    highest = Math.max(highest, y);
  }
  const right = x + widest + 140;
  const heights = graph.nodes
    .filter((node) => !isBefore(node))
    .map((node) => (places.get(node.id)?.y ?? 0) + node.height);
  const down = Math.max(0, (highest - Math.max(0, ...heights)) / 2);
  for (const [id, place] of places) block.set(id, { x: place.x + right, y: place.y + down });
  return block;
}
