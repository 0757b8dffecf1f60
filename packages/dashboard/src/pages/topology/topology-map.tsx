import "@xyflow/react/dist/base.css";
import { Background, Controls, type Edge, MarkerType, MiniMap, ReactFlow, type ReactFlowInstance } from "@xyflow/react";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { totalOf, worstOf } from "../../fleet/fleet-dot.ts";
import { shownTheme, watchTheme } from "../../theme.ts";
import { placeTopology } from "./place-topology.ts";
import type { TopologyGraph, TopologyNode } from "./topology-graph.ts";
import { Box, type FlowNode, TopologyContext, type TopologyDoes } from "./topology-nodes.tsx";
import styles from "./topology.module.css";

const nodeTypes = { box: Box };

/** The graph. It is read and moved in; nothing is dragged or tied together here. */
export function TopologyMap({
  graph,
  does,
  q,
  open,
}: {
  graph: TopologyGraph;
  does: TopologyDoes;
  q: string;
  open: string | undefined;
}) {
  const flow = useRef<ReactFlowInstance<FlowNode, Edge>>(null);
  const theme = useSyncExternalStore(watchTheme, shownTheme);
  const { places, frame } = useMemo(() => placeTopology(graph), [graph]);
  const nodes = useMemo(() => {
    const boxes = graph.nodes.map(
      (node): FlowNode => ({
        id: node.id,
        type: "box",
        position: places.get(node.id) ?? { x: 0, y: 0 },
        data: { node },
        width: node.width,
        height: node.height,
      }),
    );
    if (frame === undefined) return boxes;
    const { x, y, width, height } = frame;
    const node: TopologyNode = { kind: "frame", id: "frame", dim: false, width, height };
    return [{ id: "frame", type: "box" as const, position: { x, y }, data: { node }, width, height }, ...boxes];
  }, [graph, places, frame]);
  const edges = useMemo(
    () => [
      ...(graph.framed ? [{ id: "frame>hub", source: "frame", target: "hub", className: styles["edge"] }] : []),
      ...graph.edges.map(
        ({ id, from, to, busy, health }): Edge => ({
          id,
          source: from,
          target: to,
          animated: busy,
          className: busy ? styles["busyEdge"] : health === "healthy" ? styles["edge"] : styles["illEdge"],
          ...(busy ? { markerEnd: { type: MarkerType.ArrowClosed } } : {}),
        }),
      ),
    ],
    [graph],
  );

  const wanted = useRef<string[]>([]);
  wanted.current = wantedOf(graph, q, open);
  // What was asked for comes into sight: the group that was opened, what was searched for, or all of it. Where all of it
  // were too small to be read, its middle: the small map shows the rest.
  const shape = graph.nodes.length;
  useEffect(() => {
    const shown = flow.current;
    if (shown === null) return;
    const nodesOf = wanted.current.map((id) => ({ id }));
    const frameId = requestAnimationFrame(
      () =>
        void shown.fitView({
          ...fit,
          duration: reducedMotion() ? 0 : 250,
          ...(nodesOf.length === 0 ? {} : { nodes: nodesOf }),
        }),
    );
    return () => cancelAnimationFrame(frameId);
  }, [q, open, shape]);

  return (
    <TopologyContext value={does}>
      <div className={styles["map"]}>
        <ReactFlow<FlowNode, Edge>
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          colorMode={theme}
          onInit={(instance) => {
            flow.current = instance;
          }}
          fitView
          fitViewOptions={{ ...fit, nodes: wantedOf(graph, q, open).map((id) => ({ id })) }}
          minZoom={0.08}
          maxZoom={1.6}
          onlyRenderVisibleElements
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          zoomOnScroll={false}
          panOnScroll={false}
          aria-label="Graph of groups of machines, Steward, lanes and workers"
        >
          <Background gap={22} size={1} />
          <MiniMap<FlowNode>
            pannable
            zoomable
            nodeColor={({ data }) => colourOf(data.node)}
            ariaLabel="The whole graph in small"
            className={styles["mini"]}
          />
          <Controls showInteractive={false} className={styles["controls"]} aria-label="Zoom" />
        </ReactFlow>
      </div>
    </TopologyContext>
  );
}

/** Smaller than that nobody reads it. */
const fit = { minZoom: 0.55, maxZoom: 1, padding: 0.08 };
const firstShown = 20;

function wantedOf(graph: TopologyGraph, q: string, open: string | undefined): string[] {
  if (open !== undefined && graph.nodes.some(({ id }) => id === `group:${open}`)) {
    return graph.framed ? [`group:${open}`] : [`group:${open}`, "hub"];
  }
  const lit = q === "" ? [] : graph.nodes.filter((node) => node.lit === true).slice(0, firstShown);
  if (lit.length > 0) return lit.map(({ id }) => id);
  return graph.nodes.filter(({ kind }) => !graph.framed || kind === "group").map(({ id }) => id);
}

function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const fills = {
  healthy: "var(--good-fill)",
  warning: "var(--wait-fill)",
  critical: "var(--bad-fill)",
  offline: "var(--still-fill)",
};
function colourOf(node: TopologyNode): string {
  if (node.kind === "frame") return "transparent";
  if (node.kind === "group") return totalOf(node.counts) === 0 ? "var(--line)" : fills[worstOf(node.counts)];
  return node.kind === "worker" ? fills[node.health] : "var(--busy-fill)";
}
