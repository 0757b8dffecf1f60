import type { HealthCounts } from "@steward/contracts/fleet";
import type { Health } from "@steward/contracts/heartbeat";
import type { QueueStatus } from "@steward/contracts/queues";
import { type FleetDot, totalOf, worstOf } from "../../fleet/fleet-dot.ts";
import type { FleetGroup } from "../../fleet/group-fleet.ts";

/** What stands in the graph. `dim`: something else was searched for; `lit`: it, or something in it, was. */
export type TopologyNode = { id: string; width: number; height: number; dim: boolean; lit?: boolean } & (
  | {
      kind: "group";
      group: string;
      label: string;
      counts: HealthCounts;
      /** Where it is open: the first of its machines, the worst first, and how many are not shown. */
      members?: readonly FleetDot[];
      more: number;
      /** Of those that are behind a gateway: the gateway itself, where it is a machine that we know. */
      gateway?: FleetDot;
    }
  | { kind: "hub"; machines: number; silent: number }
  | { kind: "lane"; lane: string; queued: number; inFlight: number }
  | { kind: "worker"; workerId: string; label: string; health: Health; slots: number; used: number; draining: boolean }
  | { kind: "rest"; label: string }
  /** Around a block of groups. */
  | { kind: "frame" }
);

export interface TopologyEdge {
  id: string;
  from: string;
  to: string;
  /** Something goes over it just now: work in a lane, jobs at a worker. */
  busy: boolean;
  /** The worst of where it comes from. */
  health: Health;
}

export interface TopologyGraph {
  nodes: TopologyNode[];
  edges: TopologyEdge[];
  /** The groups are a block in one frame, which has one line to Steward: a hundred lines say less. */
  framed: boolean;
  /** Machines that fit what was searched for; undefined where nothing was. */
  found: number | undefined;
}

/** More boxes than that are no picture any more: the rest are one. */
export const mostGroups = 400;
export const mostWorkers = 30;
/** Of one open group; whoever wants all of them opens the list. */
export const mostMembers = 120;
export const memberColumns = 4;
/** So many groups are a column; more are a block of columns. */
export const mostInColumn = 14;
const groupSize = { width: 232, height: 98 };
const memberRow = 30;

/** From the machines over Steward to the lanes and to those who work on them. */
export function topologyGraph(input: {
  groups: readonly FleetGroup[];
  open: string | undefined;
  q: string;
  lanes: QueueStatus["lanes"];
  workers: QueueStatus["workers"];
  /** Whether the groups are gateways: then each may be a machine itself. */
  gateways?: ReadonlyMap<string, FleetDot>;
}): TopologyGraph {
  const { groups, open, lanes, workers, gateways } = input;
  const words = input.q.trim().toLowerCase();
  const fits = (text: string) => words !== "" && text.toLowerCase().includes(words);
  const nodes: TopologyNode[] = [];
  const edges: TopologyEdge[] = [];
  const framed = groups.length > mostInColumn;
  let found = 0;
  let machines = 0;
  let silent = 0;

  for (const [at, group] of groups.entries()) {
    machines += totalOf(group.counts);
    silent += group.counts.offline;
    const matching =
      words === "" ? [] : group.dots.filter((dot) => fits(dot.name) || dot.tags.some(fits) || dot.id === words);
    const whole = fits(group.label);
    found += whole ? group.dots.length : matching.length;
    if (at >= mostGroups) continue;
    const isOpen = group.key === open;
    // What was searched for comes first: it is what somebody opened it for.
    const ordered =
      matching.length === 0 ? group.dots : [...matching, ...group.dots.filter((dot) => !matching.includes(dot))];
    const members = isOpen ? ordered.slice(0, mostMembers) : undefined;
    const rows = members === undefined ? 0 : Math.ceil(members.length / memberColumns);
    const gateway = gateways?.get(group.key);
    const id = `group:${group.key}`;
    nodes.push({
      kind: "group",
      id,
      group: group.key,
      label: group.label,
      counts: group.counts,
      more: members === undefined ? 0 : group.dots.length - members.length,
      dim: words !== "" && !whole && matching.length === 0,
      lit: whole || matching.length > 0,
      ...(members === undefined ? {} : { members }),
      ...(gateway === undefined ? {} : { gateway }),
      width: isOpen ? 620 : groupSize.width,
      height: groupSize.height + (members === undefined ? 0 : rows * memberRow + 30),
    });
    if (!framed) edges.push({ id: `${id}>hub`, from: id, to: "hub", busy: false, health: worstOf(group.counts) });
  }
  if (groups.length > mostGroups) {
    const label = `${groups.length - mostGroups} more groups: see the table`;
    nodes.push({ kind: "rest", id: "rest:groups", label, dim: false, ...groupSize });
  }

  nodes.push({ kind: "hub", id: "hub", machines, silent, dim: false, width: 170, height: 84 });
  for (const { lane, queued, inFlight } of lanes) {
    const id = `lane:${lane}`;
    nodes.push({
      kind: "lane",
      id,
      lane,
      queued,
      inFlight,
      dim: words !== "" && !fits(lane),
      lit: fits(lane),
      width: 160,
      height: 60,
    });
    edges.push({ id: `hub>${id}`, from: "hub", to: id, busy: queued + inFlight > 0, health: "healthy" });
  }
  for (const worker of workers.slice(0, mostWorkers)) {
    const id = `worker:${worker.id}`;
    const { name, health, slots, used, draining = false } = worker;
    const dim = words !== "" && !fits(name);
    if (fits(name)) found += 1;
    nodes.push({
      kind: "worker",
      id,
      workerId: worker.id,
      label: name,
      health,
      slots,
      used,
      draining,
      dim,
      lit: fits(name),
      width: 200,
      height: 66,
    });
    for (const { lane, inFlight } of lanes) {
      edges.push({ id: `lane:${lane}>${id}`, from: `lane:${lane}`, to: id, busy: used > 0 && inFlight > 0, health });
    }
  }
  if (workers.length > mostWorkers) {
    const label = `${workers.length - mostWorkers} more workers`;
    nodes.push({ kind: "rest", id: "rest:workers", label, dim: false, width: 200, height: 50 });
    for (const { lane } of lanes) {
      edges.push({ id: `lane:${lane}>rest`, from: `lane:${lane}`, to: "rest:workers", busy: false, health: "healthy" });
    }
  }
  return { nodes, edges, framed, found: words === "" ? undefined : found };
}
