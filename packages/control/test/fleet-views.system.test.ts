import { createNode, getNode } from "@steward/aws/records/node";
import { createPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import { bulkNodes, changeTags } from "@steward/control/change-nodes";
import { viewConfig } from "@steward/control/configuration";
import type { Caller } from "@steward/control/context";
import { loadFleet } from "@steward/control/fleet-store";
import { fleetHealth, fleetHistory, nodeHistory, topology } from "@steward/control/fleet-views";
import { listNodes } from "@steward/control/node-views";
import { afterAll, beforeEach, expect, it } from "vitest";
import { aNode, aPresence } from "../../aws/test/support/states.ts";
import { type Fleet, metrics, openFleet } from "./support/fleet.ts";

let fleet: Fleet;
beforeEach(async () => {
  await fleet?.house.stop();
  fleet = await openFleet();
});
afterAll(async () => {
  await fleet?.house.stop();
});

it("more than 200 nodes are listed from a snapshot, filtered, searched, sorted and paged; fewer as they are", async () => {
  const { house, person, sweep } = fleet;
  const nowMs = house.nowMs();
  const { tenantId } = person;
  const made = Array.from({ length: 230 }, (_, index) => ({
    nodeId: newId("appliance", nowMs),
    name: `box-${String(index).padStart(3, "0")}`,
    tags: [`site:s${index % 4}`, "gateway:box-000"],
    cpu: index % 100,
  }));
  for (let at = 0; at < made.length; at += 40) {
    await commit(
      house.table,
      made.slice(at, at + 40).flatMap(({ nodeId, name, tags, cpu }) => [
        createPresence(
          aPresence({
            nodeId,
            tenantId,
            sequence: 1,
            lastSeenAtMs: nowMs,
            agentVersion: cpu < 10 ? "0.9.0" : "1.0.0",
            m1: { ...metrics, cpuPercent: cpu },
            announced: { level: "healthy", epoch: 1 },
          }),
        ),
        createNode(aNode({ nodeId, tenantId, name, hostname: `${name}.lan`, tags, healthSinceMs: nowMs })),
      ]),
    );
  }
  expect((await sweep()).saved).toBe(1);
  const snapshot = await loadFleet(house, tenantId);
  expect(snapshot.atMs).toBe(nowMs);
  // The same until the next sweep; then another.
  expect(await loadFleet(house, tenantId)).toBe(snapshot);

  const list = (query: Partial<Parameters<typeof listNodes>[2]>) => listNodes(house, person, { limit: 50, ...query });
  const hot = await list({ sort: "cpu", limit: 3 });
  expect(hot.items.map(({ metrics: shown }) => shown?.cpuPercent)).toEqual([99, 99, 98]);
  const next = await list({ sort: "cpu", limit: 3, after: hot.after });
  expect(next.items.map(({ metrics: shown }) => shown?.cpuPercent)).toEqual([98, 97, 97]);
  expect((await list({ version: "0.9.0", limit: 200 })).items).toHaveLength(30);
  const found = await list({ tag: "site:s1", q: "BOX-005.LAN" });
  expect(found.items.map(({ name }) => name)).toEqual(["box-005"]);
  expect(await fleetHealth(house, person)).toMatchObject({
    total: 230,
    counts: { healthy: 230 },
    versions: [
      { version: "1.0.0", nodes: 200 },
      { version: "0.9.0", nodes: 30 },
    ],
  });
  expect(await topology(house, person)).toMatchObject({
    sites: [{ nodes: 58 }, { nodes: 58 }, { nodes: 57 }, { nodes: 57 }],
    gateways: [{ name: "box-000", nodes: 230, node: { id: made[0]?.nodeId, health: "healthy" } }],
  });

  // Its step of history, in parts of about 64.
  expect((await fleetHistory(house, person, { hours: 1 })).points).toMatchObject([{ healthy: 230, offline: 0 }]);
  const points = await nodeHistory(house, person, { nodeId: made[77]?.nodeId ?? "" }, { hours: 1 });
  expect(points).toMatchObject({ stepSeconds: 300, points: [{ health: "healthy", cpuPercent: 77 }] });

  // Who does not fit a filter any more is left alone, whatever the snapshot says: it was taken before that.
  const [first, second] = made.slice(0, 2).map(({ nodeId }) => nodeId);
  if (first === undefined || second === undefined) throw new Error("no node");
  await changeTags(house, person, { nodeId: first }, { add: ["old"], remove: [] });
  await changeTags(house, person, { nodeId: second }, { add: ["old"], remove: [] });
  house.passTime(1_000);
  await sweep();
  await changeTags(house, person, { nodeId: first }, { add: [], remove: ["old"] });
  const ofOld = { filter: { tag: "old" }, change: { kind: "remove" as const } };
  expect(await bulkNodes(house, person, ofOld)).toMatchObject({
    changed: 1,
    items: [
      { id: first, outcome: "unchanged" },
      { id: second, outcome: "changed" },
    ],
  });
  expect((await getNode(house.table, { tenantId, nodeId: first }))?.removedAtMs).toBeUndefined();

  // Two sweeps have not come: what it says is true no more, and the records are read.
  house.passTime(151_000);
  expect((await loadFleet(house, tenantId)).atMs).toBe(house.nowMs());
});

it("tags and removal of many are each node's own outcome; a customer's are a customer's, and only an admin's", async () => {
  const { house, person, machines } = fleet;
  const [one, two] = await machines(2, ["site:berlin"]);
  const foreign = await house.tenant();
  const [theirs] = await machines(1, ["site:berlin"], foreign.tenantId);
  if (one === undefined || two === undefined || theirs === undefined) throw new Error("no machine");
  const tags = { kind: "tags" as const, add: ["ring:canary"], remove: ["site:berlin"] };
  expect(
    await bulkNodes(house, person, { nodes: [one.nodeId, theirs.nodeId, one.nodeId], change: tags }),
  ).toMatchObject({
    changed: 1,
    items: [
      { id: one.nodeId, outcome: "changed" },
      { id: theirs.nodeId, outcome: "failed", code: "not_found" },
    ],
  });
  expect(await bulkNodes(house, person, { filter: { tag: "ring:canary" }, change: tags })).toMatchObject({
    items: [{ id: one.nodeId, outcome: "unchanged" }],
  });
  const changed = await changeTags(house, person, { nodeId: two.nodeId }, { add: ["a:b"], remove: [] });
  expect(changed.tags).toEqual(["site:berlin", "a:b"]);
  const operator: Caller = { ...person, role: "operator" };
  await expect(bulkNodes(house, operator, { nodes: [one.nodeId], change: tags })).rejects.toMatchObject({
    code: "forbidden",
  });
  const remove = { kind: "remove" as const };
  await expect(bulkNodes(house, person, { filter: {}, change: remove })).rejects.toMatchObject({
    code: "unprocessable",
  });
  expect(await bulkNodes(house, person, { filter: { kind: "appliance" }, change: remove })).toMatchObject({
    changed: 2,
  });
  // The reply was lost.
  expect(await bulkNodes(house, person, { nodes: [one.nodeId, theirs.nodeId], change: remove })).toMatchObject({
    changed: 0,
    items: [{ outcome: "unchanged" }, { outcome: "failed", code: "not_found" }],
  });
  expect((await listNodes(house, person, { limit: 10 })).items).toEqual([]);
});

it("an interval of many that watches less is set with a yes, and without one for none of them", async () => {
  const { house, person, machines } = fleet;
  const [one, two] = await machines(2, ["site:berlin"]);
  if (one === undefined || two === undefined) throw new Error("no machine");
  const nodes = [one.nodeId, two.nodeId];
  const set = (seconds: number, more: { confirm?: boolean } = {}) =>
    bulkNodes(house, person, { nodes, change: { kind: "interval", seconds, ...more } });
  expect(await set(300)).toMatchObject({
    changed: 0,
    items: nodes.map((id) => ({ id, outcome: "failed", code: "denied_by_gate" })),
  });
  expect(await set(300, { confirm: true })).toMatchObject({ changed: 2 });
  expect((await viewConfig(house, person, { nodeId: two.nodeId })).config).toEqual({ intervalSeconds: 300 });
  // The reply was lost.
  expect(await set(300, { confirm: true })).toMatchObject({ changed: 0, items: [{ outcome: "unchanged" }, {}] });
  expect(await set(120)).toMatchObject({ changed: 2 });
});
