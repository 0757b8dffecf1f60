import * as dagre from "@dagrejs/dagre";
import type { TopologyGraph, TopologyNode } from "./topology-graph.ts";

export interface Place {
  x: number;
  y: number;
}

const gapX = 28;
const gapY = 18;

export interface Placed {
  /** Upper left corners, by id. */
  places: Map<string, Place>;
  /** Around the groups, where they are a block. */
  frame?: Place & { width: number; height: number };
}

/** The layered part is dagre's; what stands before Steward, where it is much, is a block beside it. */
export function placeTopology(graph: TopologyGraph): Placed {
  const places = layeredPlaces(graph.framed ? graph.nodes.filter((node) => !isBefore(node)) : graph.nodes, graph);
  return graph.framed ? withBlock(places, graph) : { places };
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
  // Their right edges are one line: from there the edges go.
  const right = Math.max(...column.map(({ id, width }) => (places.get(id)?.x ?? 0) + width));
  for (const { id, width, height } of column) {
    if (!places.has(id)) continue;
    places.set(id, { x: right - width, y });
    y += height + gapY;
  }
}

const framePadding = 22;

/** Columns of about the same height, wider than high, as screens are, left of the rest and in its middle. */
function withBlock(places: Map<string, Place>, graph: TopologyGraph): Placed {
  const before = graph.nodes.filter(isBefore);
  const columns = Math.max(2, Math.round(Math.sqrt(before.length / 1.6)));
  const column = before.reduce((sum, { height }) => sum + height + gapY, 0) / columns;
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
    highest = Math.max(highest, y - gapY);
  }
  const frame = {
    x: -framePadding,
    y: -framePadding,
    width: x + widest + 2 * framePadding,
    height: highest + 2 * framePadding,
  };
  const others = graph.nodes.filter((node) => !isBefore(node));
  const down = Math.max(
    0,
    (highest - Math.max(0, ...others.map((node) => (places.get(node.id)?.y ?? 0) + node.height))) / 2,
  );
  for (const [id, place] of places) block.set(id, { x: place.x + x + widest + 160, y: place.y + down });
  return { places: block, frame };
}
