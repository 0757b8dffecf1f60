import type { NodeView } from "@steward/contracts/node";
import type { CSSProperties } from "react";
import { healthTerms, spanText, termOf, visible } from "../../../text.ts";
import { Status } from "../../../ui/badge.tsx";
import type { Column } from "../../../ui/data-table.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Said } from "../../../ui/said.tsx";
import { causeBrief } from "../one/causes.ts";
import styles from "./list.module.css";
import { notesOf, noteTerms, tagValue } from "./node-choice.ts";

type Metric = "cpuPercent" | "memoryPercent" | "diskPercent";

/** A number, and how much that is of all there is. */
function Share({ value }: { value: number | undefined }) {
  if (value === undefined) return <span className={styles["none"]}>–</span>;
  const tone = value >= 95 ? "bad" : value >= 85 ? "wait" : "still";
  return (
    <span
      className={styles["share"]}
      data-tone={tone}
      style={{ "--share": `${Math.min(100, value)}%` } as CSSProperties}
    >
      {Math.round(value)} %
    </span>
  );
}

function share(id: string, header: string, metric: Metric, more: Partial<Column<NodeView>> = {}): Column<NodeView> {
  return {
    id,
    header,
    width: 76,
    align: "end",
    cell: ({ metrics }) => <Share value={metrics?.[metric]} />,
    text: ({ metrics }) => (metrics === undefined ? "" : Math.round(metrics[metric] * 10) / 10),
    ...more,
  };
}

function Tags({ tags }: { tags: readonly string[] }) {
  return (
    <span className={styles["tags"]} title={tags.map(visible).join(" ")}>
      {tags.slice(0, 3).map((tag) => (
        <span key={tag} className={styles["tag"]}>
          {visible(tag)}
        </span>
      ))}
      {tags.length > 3 && `+${tags.length - 3}`}
    </span>
  );
}

/** Each time that a row is drawn: it is about days. */
const notesNow = (node: NodeView) => notesOf(node, Date.now());

/** What is wrong, in a few words: what it is not healthy for, and what health does not say. */
function whyText(node: NodeView): string {
  const notes = notesNow(node).map((note) => noteTerms[note].text);
  return [...notes, ...(node.causes ?? []).map(({ part }) => causeBrief(part))].join(", ");
}

function Why({ node }: { node: NodeView }) {
  const [worst] = notesNow(node);
  const causes = (node.causes ?? []).map(({ part }) => causeBrief(part)).join(", ");
  if (worst === undefined && causes === "") return null;
  return (
    <span className={styles["why"]} title={visible(whyText(node))}>
      {worst !== undefined && <Status of={noteTerms[worst]} />}
      <Said>{causes}</Said>
    </span>
  );
}

const configTexts = { in_sync: "in sync", pending: "pending" } as const;

/** No links in the cells: a row is one. */
export const nodeColumns: readonly Column<NodeView>[] = [
  {
    id: "name",
    header: "Name",
    width: 160,
    cell: ({ name }) => <Said>{name}</Said>,
    text: ({ name }) => name,
  },
  {
    id: "health",
    header: "Health",
    width: 104,
    cell: ({ health }) => <Status of={termOf(healthTerms, health)} />,
    text: ({ health }) => health,
  },
  {
    id: "why",
    header: "Needs a look",
    width: 140,
    hideBelow: 620,
    cell: (node) => <Why node={node} />,
    text: whyText,
  },
  {
    id: "seen",
    header: "Seen",
    width: 100,
    hideBelow: 420,
    cell: ({ lastSeenAt }) => <Moment at={lastSeenAt} />,
    text: ({ lastSeenAt }) => lastSeenAt ?? "",
  },
  share("cpu", "CPU", "cpuPercent", { hideBelow: 1040 }),
  share("memory", "Memory", "memoryPercent", { hideBelow: 1040, width: 88 }),
  share("disk", "Disk", "diskPercent", { hideBelow: 700 }),
  {
    id: "site",
    header: "Site",
    width: 88,
    hideBelow: 1100,
    cell: (node) => <Said>{tagValue(node, "site")}</Said>,
    text: (node) => tagValue(node, "site") ?? "",
  },
  {
    id: "tags",
    header: "Tags",
    width: 190,
    hideBelow: 800,
    cell: ({ tags }) => <Tags tags={tags} />,
    text: ({ tags }) => tags.join(" "),
  },
  {
    id: "version",
    header: "Agent",
    width: 76,
    hideBelow: 980,
    cell: ({ agentVersion }) => <Said>{agentVersion ?? "–"}</Said>,
    text: ({ agentVersion }) => agentVersion ?? "",
  },
  {
    id: "config",
    header: "Configuration",
    width: 110,
    optional: true,
    cell: ({ configSync }) => (configSync === undefined ? "–" : configTexts[configSync]),
    text: ({ configSync }) => (configSync === undefined ? "" : configTexts[configSync]),
  },
  {
    id: "load",
    header: "Load",
    width: 70,
    align: "end",
    optional: true,
    cell: ({ metrics }) => (metrics === undefined ? "–" : metrics.loadAverage1m.toFixed(2)),
    text: ({ metrics }) => metrics?.loadAverage1m ?? "",
  },
  {
    id: "uptime",
    header: "Up for",
    width: 84,
    align: "end",
    optional: true,
    cell: ({ metrics }) => (metrics === undefined ? "–" : spanText(metrics.uptimeSeconds)),
    text: ({ metrics }) => metrics?.uptimeSeconds ?? "",
  },
  {
    id: "certificate",
    header: "Certificate ends",
    width: 120,
    optional: true,
    cell: ({ certificateExpiresAt }) =>
      certificateExpiresAt === undefined ? "–" : <Moment at={certificateExpiresAt} />,
    text: ({ certificateExpiresAt }) => certificateExpiresAt ?? "",
  },
  {
    id: "hostname",
    header: "Host name",
    width: 160,
    optional: true,
    cell: ({ hostname }) => <Said>{hostname}</Said>,
    text: ({ hostname }) => hostname ?? "",
  },
  {
    id: "doorbell",
    header: "Doorbell",
    width: 80,
    optional: true,
    cell: ({ doorbell }) => doorbell,
    text: ({ doorbell }) => doorbell,
  },
  {
    id: "id",
    header: "Id",
    width: 250,
    optional: true,
    cell: ({ id }) => <Said mono>{id}</Said>,
    text: ({ id }) => id,
  },
];

/** `nas-2` before `nas-10`. Worked out once for each machine. */
const keys = new WeakMap<NodeView, string>();
function nameKey(node: NodeView): string {
  let key = keys.get(node);
  if (key === undefined) keys.set(node, (key = node.name.replace(/\d+/g, (digits) => digits.padStart(9, "0"))));
  return key;
}

export function byName(nodes: readonly NodeView[]): NodeView[] {
  return nodes.toSorted((a, b) => {
    const [one, other] = [nameKey(a), nameKey(b)];
    return one < other ? -1 : one > other ? 1 : 0;
  });
}
