import type { Health } from "@steward/contracts/heartbeat";
import { describe, expect, it } from "vitest";
import type { FleetDot } from "../../fleet/fleet-dot.ts";
import { groupFleet } from "../../fleet/group-fleet.ts";
import { placeTopology } from "./place-topology.ts";
import { mostGroups, mostMembers, mostWorkers, topologyGraph } from "./topology-graph.ts";

const dot = (at: number, site: string, health: Health = "healthy"): FleetDot => ({
  id: `apl_${at}`,
  name: `node-${at}`,
  tenantId: "ten_a",
  kind: "appliance",
  health,
  tags: [`site:${site}`],
});
const lanes = ["express", "standard", "bulk"].map((lane) => ({ lane, queued: 2, inFlight: 1 })) as never;
const workers = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    id: `w${at}`,
    name: `worker-${at}`,
    health: "healthy",
    slots: 4,
    used: 1,
  })) as never;

function graphOf(dots: FleetDot[], more: { open?: string; q?: string; workers?: number } = {}) {
  const groups = groupFleet(dots, "tag:site");
  return topologyGraph({ groups, open: more.open, q: more.q ?? "", lanes, workers: workers(more.workers ?? 2) });
}

describe("the topology", () => {
  it("of ten thousand machines is a box a group, and a bounded number of them", () => {
    const dots = Array.from({ length: 10_000 }, (_, at) => dot(at, `s${at % 1_000}`));
    const { nodes, edges } = graphOf(dots, { workers: 100 });
    expect(nodes.length).toBe(mostGroups + 1 + 1 + 3 + mostWorkers + 1);
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    for (const { from, to } of edges) expect(ids.has(from) && ids.has(to)).toBe(true);
    expect(new Set(edges.map(({ id }) => id)).size).toBe(edges.length);
  });

  it("shows of an open group the worst first, and says how many are not shown", () => {
    const dots = Array.from({ length: 300 }, (_, at) => dot(at, "bonn", at === 299 ? "critical" : "healthy"));
    const group = graphOf(dots, { open: "bonn" }).nodes.find(({ kind }) => kind === "group");
    if (group?.kind !== "group") throw new Error("no group");
    expect(group.members).toHaveLength(mostMembers);
    expect(group.members?.[0]?.health).toBe("critical");
    expect(group.more).toBe(300 - mostMembers);
  });

  it("dims what was not searched for, and finds machines in closed groups", () => {
    const dots = [dot(1, "bonn"), dot(2, "berlin"), dot(3, "berlin")];
    const { nodes, found } = graphOf(dots, { q: "node-1" });
    expect(found).toBe(1);
    const dimmed = nodes.filter((node) => node.kind === "group").map((node) => [node.label, node.dim]);
    expect(Object.fromEntries(dimmed)).toEqual({ bonn: false, berlin: true });
    expect(graphOf(dots, { q: "BERLIN" }).found).toBe(2);
    expect(graphOf(dots).found).toBeUndefined();
  });

  it("lays no box upon another, few or many", () => {
    for (const sites of [3, 14, 15, 90]) {
      const dots = Array.from({ length: 400 }, (_, at) => dot(at, `s${at % sites}`));
      const graph = graphOf(dots, { open: "s0" });
      const { places, frame } = placeTopology(graph);
      expect(frame !== undefined).toBe(sites > 14);
      const boxes = graph.nodes.map(({ id, width, height }) => ({
        id,
        width,
        height,
        ...(places.get(id) ?? { x: NaN, y: NaN }),
      }));
      for (const a of boxes) {
        expect(Number.isFinite(a.x + a.y)).toBe(true);
        const upon = boxes.find(
          (b) =>
            b.id !== a.id && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
        );
        expect(upon?.id, `${a.id} of ${sites} sites`).toBeUndefined();
      }
    }
  });
});
