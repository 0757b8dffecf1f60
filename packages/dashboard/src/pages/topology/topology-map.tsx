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
  const places = useMemo(() => placeTopology(graph), [graph]);
  const nodes = useMemo(
    () =>
      graph.nodes.map(
        (node): FlowNode => ({
          id: node.id,
          type: "box",
          position: places.get(node.id) ?? { x: 0, y: 0 },
          data: { node },
          width: node.width,
          height: node.height,
        }),
      ),
    [graph, places],
  );
  const edges = useMemo(
    () =>
      graph.edges.map(
        ({ id, from, to, busy, health }): Edge => ({
          id,
          source: from,
          target: to,
          animated: busy,
          className: busy ? styles["busyEdge"] : health === "healthy" ? styles["edge"] : styles["illEdge"],
          ...(busy ? { markerEnd: { type: MarkerType.ArrowClosed } } : {}),
        }),
      ),
    [graph],
  );

  const found = useRef<string[]>([]);
  found.current = graph.nodes.filter(({ dim, kind }) => !dim && kind !== "hub").map(({ id }) => id);
  // What was asked for comes into sight: the group that was opened, what was searched for, or all of it.
  const shape = graph.nodes.length;
  useEffect(() => {
    const shown = flow.current;
    if (shown === null) return;
    const wanted = q === "" ? (open === undefined ? undefined : [`group:${open}`, "hub"]) : found.current;
    const options = { maxZoom: 1, padding: 0.12, duration: reducedMotion() ? 0 : 250 };
    const frame = requestAnimationFrame(
      () =>
        void shown.fitView(
          wanted === undefined || wanted.length === 0 ? options : { ...options, nodes: wanted.map((id) => ({ id })) },
        ),
    );
    return () => cancelAnimationFrame(frame);
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
          fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
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
  if (node.kind === "group") return totalOf(node.counts) === 0 ? "var(--line)" : fills[worstOf(node.counts)];
  return node.kind === "worker" ? fills[node.health] : "var(--busy-fill)";
}
