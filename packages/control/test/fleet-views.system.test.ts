import { createNode, getNode } from "@steward/aws/records/node";
import { createPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import { bulkNodes, changeTags } from "@steward/control/change-nodes";
import { viewConfig } from "@steward/control/configuration";
import type { Caller } from "@steward/control/context";
import { exportMetrics } from "@steward/control/export-metrics";
import { loadFleet } from "@steward/control/fleet-store";
import { fleetHealth, fleetHistory, nodeHistory, topology } from "@steward/control/fleet-views";
import { listNodes } from "@steward/control/node-views";
import { expect, it } from "vitest";
import { aNode, aPresence } from "../../aws/test/support/states.ts";
import { metrics, useFleet } from "./support/fleet.ts";

const fleet = useFleet();

it("more than 200 nodes are listed from a snapshot, filtered, searched, sorted and paged; fewer as they are", async () => {
  const { house, person, sweep } = fleet();
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

/** `steward_nodes{kind="appliance",health="healthy"}` → 3 */
function linesIn(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

it("/metrics has the same lines for 3 nodes and for 300, and asks as little; a customer's are its own, staff's everybody's", async () => {
  const { house, person, machines, sweep, asked } = fleet();
  const { tenantId } = person;
  const staff: Caller = { ...person, principal: { ...person.principal, grants: [{ tenant: "*", role: "viewer" }] } };
  const deps = { ...house, version: "1.2.3" };
  const scrape = async (caller: Caller, scope?: "tenant") =>
    linesIn(await exportMetrics(deps, caller, scope === undefined ? {} : { scope }));
  await machines(3);
  const foreign = await house.tenant();
  await machines(1, [], foreign.tenantId);
  await sweep();
  const few = { own: await scrape(person), all: await scrape(staff) };
  const callsFor = async (caller: Caller) => (await asked(() => scrape(caller))).map(({ command }) => command);
  const asFew = { own: await callsFor(person), all: await callsFor(staff) };

  const nowMs = house.nowMs();
  const made = Array.from({ length: 297 }, () => newId("appliance", nowMs));
  for (let at = 0; at < made.length; at += 40) {
    await commit(
      house.table,
      made.slice(at, at + 40).flatMap((nodeId, index) => [
        createPresence(
          aPresence({
            nodeId,
            tenantId,
            sequence: 1,
            lastSeenAtMs: nowMs,
            m1: metrics,
            announced: { level: "healthy", epoch: 1 },
          }),
        ),
        createNode(aNode({ nodeId, tenantId, name: `more-${at}-${index}`, healthSinceMs: nowMs })),
      ]),
    );
  }
  expect((await sweep()).saved).toBe(1);
  const many = { own: await scrape(person), all: await scrape(staff) };
  for (const scope of ["own", "all"] as const) {
    expect([...many[scope].keys()]).toEqual([...few[scope].keys()]);
    // Without the expected waits, which nobody knows where no worker lives.
    expect(few[scope].size).toBe(scope === "own" ? 33 : 22);
  }
  const nodes = 'steward_nodes{kind="appliance",health="healthy"}';
  expect([few.own.get(nodes), few.all.get(nodes)]).toEqual([3, 4]);
  expect([many.own.get(nodes), many.all.get(nodes)]).toEqual([300, 301]);
  expect((await scrape(staff, "tenant")).get(nodes)).toBe(300);
  expect(many.all.get("steward_nodes_timestamp_seconds")).toBe(nowMs / 1000);

  // The lanes were read a moment ago, for everybody. A large fleet is one object instead of a query and a batch.
  expect(asFew.all.toSorted()).toEqual(["GetItemCommand", "QueryCommand"]);
  expect(await callsFor(staff)).toHaveLength(2);
  expect(asFew.own).toHaveLength(11);
  expect(await callsFor(person)).toHaveLength(9);

  await expect(exportMetrics(deps, person, { scope: "installation" })).rejects.toMatchObject({ code: "forbidden" });
  expect([...(await scrape(foreign)).entries()]).toContainEqual([nodes, 1]);
});

it("/metrics tells of silence and of what waits, by nothing but the words of the code", async () => {
  const { house, person, machines, sweep, consume } = fleet();
  const staff: Caller = { ...person, principal: { ...person.principal, grants: [{ tenant: "*", role: "viewer" }] } };
  const deps = { ...house, version: "1.2.3" };
  await machines(2);
  await sweep();
  house.passTime(600_000);
  await sweep();
  await consume();
  const text = await exportMetrics(deps, person, {});
  const own = linesIn(text);
  expect(own.get('steward_nodes{kind="appliance",health="offline"}')).toBe(2);
  expect(own.get('steward_alerts{severity="critical",status="open"}')).toBe(2);
  expect(linesIn(await exportMetrics(deps, staff, {})).get('steward_nodes{kind="appliance",health="offline"}')).toBe(2);
  expect(text).not.toContain(person.tenantId);
  expect(text).not.toMatch(/apl_|box-/);
});

it("tags and removal of many are each node's own outcome; a customer's are a customer's, and only an admin's", async () => {
  const { house, person, machines } = fleet();
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
  const { house, person, machines } = fleet();
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
