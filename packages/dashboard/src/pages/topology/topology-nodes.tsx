import { healthLevels } from "@steward/contracts/heartbeat";
import { Link } from "@tanstack/react-router";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { createContext, memo, use } from "react";
import { totalOf } from "../../fleet/fleet-dot.ts";
import { healthTerms, plural, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Said } from "../../ui/said.tsx";
import type { TopologyNode } from "./topology-graph.ts";
import styles from "./topology.module.css";

export interface TopologyDoes {
  /** Opens a group, or closes the one that is open. */
  unfold: (group: string | undefined) => void;
  /** The search of the list that has all of a group, where there is one. */
  listOf: (group: string) => object | undefined;
}
export const TopologyContext = createContext<TopologyDoes>({ unfold: () => undefined, listOf: () => undefined });

export type FlowNode = Node<{ node: TopologyNode }, "box">;

/** Each box of the graph. Its buttons and links are real ones: the Tab key goes through them. */
export const Box = memo(function Box({ data: { node } }: NodeProps<FlowNode>) {
  return (
    <>
      {node.kind === "group" || node.kind === "frame" || node.id === "rest:groups" ? null : (
        <Handle type="target" position={Position.Left} isConnectable={false} className={styles["handle"]} />
      )}
      <div
        className={classes(
          styles["box"],
          styles[node.kind],
          node.dim && styles["dim"],
          node.lit === true && styles["lit"],
        )}
        style={{ width: node.width, height: node.height }}
      >
        <Inside node={node} />
      </div>
      {node.kind === "worker" || node.id === "rest:workers" ? null : (
        <Handle type="source" position={Position.Right} isConnectable={false} className={styles["handle"]} />
      )}
    </>
  );
});

function Inside({ node }: { node: TopologyNode }) {
  if (node.kind === "group") return <Group node={node} />;
  if (node.kind === "hub") {
    return (
      <>
        <strong>Steward</strong>
        <span className={styles["soft"]}>hears {plural(node.machines - node.silent, "machine")}</span>
        <span className={styles["soft"]}>{node.silent === 0 ? "none is silent" : `${node.silent} silent`}</span>
      </>
    );
  }
  if (node.kind === "lane") {
    return (
      <>
        <strong className={styles["laneName"]}>{node.lane}</strong>
        <span className={styles["soft"]}>
          {node.queued} wait · {node.inFlight} at work
        </span>
      </>
    );
  }
  if (node.kind === "worker") {
    return (
      <>
        <span className={styles["boxHead"]}>
          {/* To customers workers have no ids of their own, and no page. */}
          {node.workerId.startsWith("wrk_") ? (
            <Link to="/workers/$nodeId" params={{ nodeId: node.workerId }} className="nopan">
              <Said>{node.label}</Said>
            </Link>
          ) : (
            <Said>{node.label}</Said>
          )}
          <Status of={node.draining ? { text: "draining", tone: "wait" } : termOf(healthTerms, node.health)} />
        </span>
        <span className={styles["soft"]}>
          {node.used} of {node.slots} slots at work
        </span>
      </>
    );
  }
  return node.kind === "frame" ? null : <span className={styles["soft"]}>{node.label}</span>;
}

function Group({ node }: { node: Extract<TopologyNode, { kind: "group" }> }) {
  const { unfold, listOf } = use(TopologyContext);
  const { counts, label, members, more, gateway } = node;
  const total = totalOf(counts);
  const list = listOf(node.group);
  return (
    <>
      <span className={styles["boxHead"]}>
        <button
          type="button"
          className={classes(styles["unfold"], "nopan")}
          aria-expanded={members !== undefined}
          onClick={() => unfold(members === undefined ? node.group : undefined)}
        >
          <Icon name={members === undefined ? "right" : "down"} size={14} />
          <Said>{label}</Said>
        </button>
        {gateway === undefined ? null : <Status of={termOf(healthTerms, gateway.health)} />}
        <span className={styles["soft"]}>{total}</span>
      </span>
      <span className={styles["bar"]} aria-hidden="true">
        {healthLevels.map((level) =>
          counts[level] === 0 ? null : (
            <span key={level} className={styles[level]} style={{ flexGrow: counts[level] }} />
          ),
        )}
      </span>
      <span className={styles["soft"]}>
        {counts.healthy === total
          ? "all are well"
          : healthLevels
              .filter((level) => level !== "healthy" && counts[level] > 0)
              .map((level) => `${counts[level]} ${healthTerms[level].text}`)
              .join(", ")}
      </span>
      {members === undefined ? null : (
        <>
          <ul className={styles["members"]}>
            {members.map((dot) => (
              <li key={dot.id}>
                <Link
                  to={dot.kind === "worker" ? "/workers/$nodeId" : "/appliances/$nodeId"}
                  params={{ nodeId: dot.id }}
                  search={{ tenant: dot.tenantId } as never}
                  className={classes(styles["member"], "nopan")}
                  title={`${visible(dot.name)}: ${healthTerms[dot.health].text}`}
                >
                  <span className={styles[`${dot.health}Sign`]} aria-hidden="true" />
                  <span className={styles["memberName"]}>
                    <Said>{dot.name}</Said>
                  </span>
                  <span className="heard">, {healthTerms[dot.health].text}</span>
                </Link>
              </li>
            ))}
          </ul>
          <span className={styles["soft"]}>
            {more > 0 ? `${more} more are not drawn. ` : ""}
            {list === undefined ? null : (
              <Link to="/appliances" search={list as never} className={classes(styles["all"], "nopan")}>
                Open as a list
              </Link>
            )}
          </span>
        </>
      )}
    </>
  );
}
