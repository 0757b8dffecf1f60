import { getFleetSilence, putFleetSilence } from "@steward/aws/records/fleet-silence";
import { listNotices } from "@steward/aws/records/notice";
import { getSweepState } from "@steward/aws/records/sweep-state";
import type { FleetEvent, NodeEvent } from "@steward/control/accept-heartbeat";
import type { NodeCaller } from "@steward/control/context";
import { noteFleetSilence, noteTransition } from "@steward/control/note-transition";
import { presenceKey } from "@steward/aws/records/presence-item";
import { sweepPresence } from "@steward/control/sweep-presence";
import { expect, it } from "vitest";
import { minute, useFleet } from "./support/fleet.ts";

const fleet = useFleet();

it("a sweep in the steady state reads each shard once, and writes nothing", async () => {
  const { machines, sweep, asked } = fleet();
  await machines(20);
  await sweep();
  const calls = await asked(sweep);
  expect(calls.map(({ command }) => command).toSorted()).toEqual([
    "GetItemCommand",
    ...Array.from({ length: 64 }, () => "QueryCommand"),
  ]);
  expect(calls.every(({ indexUnits }) => indexUnits === 0)).toBe(true);
});

it("twenty of fifty that fall silent at once are one thing: held, told once, grouped; who stays gone is told of at its end", async () => {
  const { house, person, events, beat, machines, sweep, levelOf, alertsOf } = fleet();
  const gone = await machines(20);
  const here = await machines(30);
  const pass = async (back: NodeCaller[] = []) => {
    house.passTime(minute);
    for (const machine of [...here, ...back]) await beat(machine);
    await sweep();
    const told = events.splice(0);
    const nodes = told.filter((event) => "nodeId" in event);
    for (const event of told) {
      if ("nodeId" in event) await noteTransition(house, event);
      else await noteFleetSilence(house, event);
    }
    return { fleet: told.length - nodes.length, nodes: nodes.length };
  };
  expect(await pass()).toEqual({ fleet: 0, nodes: 0 });
  expect(await pass()).toEqual({ fleet: 0, nodes: 0 });
  // Over their time: the fleet's silence, and nothing of any node yet.
  expect(await pass()).toEqual({ fleet: 1, nodes: 0 });
  expect(await getFleetSilence(house.table, person.tenantId)).toMatchObject({ phase: "open", nodes: 20, of: 50 });
  const isFleets = { kind: "fleet-silent", status: "open", severity: "critical", nodes: { silent: 20, of: 50 } };
  expect(await alertsOf(person)).toMatchObject([isFleets]);
  const [raised, ...others] = await listNotices(house.table, person.tenantId, 10);
  expect([raised?.event, others]).toEqual(["alert.raised", []]);
  expect(house.sent.filter(({ queue }) => queue === "notifications")).toEqual([
    { queue: "notifications", body: { tenantId: person.tenantId, noticeId: raised?.noticeId } },
  ]);
  expect(await pass()).toEqual({ fleet: 0, nodes: 20 });
  expect(await pass()).toEqual({ fleet: 0, nodes: 0 });
  expect(await alertsOf(person)).toMatchObject([isFleets]);
  // One that dies later is none of them, and has an alert of its own.
  const later = here.pop();
  for (let passed = 0; passed < 3; passed += 1) await pass();
  expect(await alertsOf(person)).toMatchObject([{ kind: "offline", nodeId: later?.nodeId }, isFleets]);
  if (later !== undefined) here.push(later);
  await pass();
  const [lost, ...back] = gone;
  if (lost === undefined) throw new Error("no machine");
  // Each of them is healthy again, the silence is over, and the one that is gone is looked at once more.
  expect(await pass(back)).toEqual({ fleet: 1, nodes: 19 + 1 });
  expect(await getFleetSilence(house.table, person.tenantId)).toMatchObject({ phase: "ended" });
  expect(await levelOf(lost)).toBe("offline");
  expect(await alertsOf(person)).toMatchObject([{ kind: "offline", nodeId: lost.nodeId }]);
  expect(await pass(back)).toEqual({ fleet: 0, nodes: 0 });
  expect((await getSweepState(house.table)).silences).toEqual({});
});

it("a silence does not end because a shard could not be read; and who is in it is told of when it can be", async () => {
  const { house, person, events, beat, machines, sweep, withoutShardOf } = fleet();
  const gone = await machines(5);
  const here = await machines(40);
  // One that hides less than what is a silence by itself: shards fall by chance.
  const shardOf = ({ nodeId }: NodeCaller) => presenceKey(nodeId).pk;
  const sharing = (one: NodeCaller) => [...gone, ...here].filter((other) => shardOf(other) === shardOf(one)).length;
  const hidden = gone.toSorted((a, b) => sharing(a) - sharing(b))[0];
  if (hidden === undefined) throw new Error("no machine");
  const others = gone.filter((one) => one !== hidden);
  const lines: unknown[] = [];
  house.log = (_level, event) => void lines.push(event);
  const pass = async (back: NodeCaller[] = []) => {
    house.passTime(minute);
    for (const machine of [...here, ...back]) await beat(machine);
    await sweep();
  };
  for (let passed = 0; passed < 4; passed += 1) await pass();
  expect(events.splice(0)).toHaveLength(1 + 5);
  await withoutShardOf(hidden, async () => {
    for (let passed = 0; passed < 3; passed += 1) await pass();
  });
  expect(lines).toContain("shard_not_swept");
  expect(events).toEqual([]);
  expect(await getFleetSilence(house.table, person.tenantId)).toMatchObject({ phase: "open", nodes: 5 });
  // All but that one are back, which is enough to say so; it is looked at by itself as soon as it is read again.
  await withoutShardOf(hidden, () => pass(others));
  expect(await getFleetSilence(house.table, person.tenantId)).toMatchObject({ phase: "ended" });
  const isHidden = (event: NodeEvent | FleetEvent) => "nodeId" in event && event.nodeId === hidden.nodeId;
  expect([events.filter(isHidden), events.filter((event) => "fleet" in event)]).toEqual([[], [expect.anything()]]);
  await pass(others);
  expect(events.filter(isHidden)).toMatchObject([{ level: "offline" }]);
  await pass(others);
  expect(events.filter(isHidden)).toHaveLength(1);
});

it("a tenant that cannot be told of its silence keeps nobody else from anything, and is told by the next sweep", async () => {
  const { house, person, events, deps, beat, machines } = fleet();
  const other = await house.tenant();
  await machines(10);
  const [single] = await machines(1, [], other.tenantId);
  const here = await machines(11, [], other.tenantId);
  house.passTime(3 * minute);
  for (const machine of here) await beat(machine);
  const lines: unknown[] = [];
  house.log = (_level, event) => void lines.push(event);
  const { sendNodeEvent } = deps();
  let isBroken = true;
  const broken = {
    ...deps(),
    sendNodeEvent: async (event: NodeEvent | FleetEvent) => {
      if (isBroken && event.tenantId === person.tenantId) throw new Error("refused");
      await sendNodeEvent(event);
    },
  };
  await sweepPresence(broken);
  expect(lines).toContain("silence_not_told");
  expect(events).toMatchObject([{ nodeId: single?.nodeId, level: "offline" }]);
  isBroken = false;
  await sweepPresence(broken);
  expect(events.filter((event) => "fleet" in event)).toEqual([{ tenantId: person.tenantId, fleet: "silence" }]);
});

it("a message of a silence that comes late opens no alert that nobody would end", async () => {
  const { house, person, alertsOf, behindRead } = fleet();
  const { tenantId } = person;
  const silence = { cause: "fleet", sinceMs: 0, holdUntilMs: 0, nodes: 5, of: 5, offlineBefore: 0 } as const;
  await putFleetSilence(house.table, { tenantId, silence: { ...silence, phase: "open" }, lookedAtMs: 1 });
  const isBehind = await behindRead(
    "#FLEET",
    async () => {
      await putFleetSilence(house.table, { tenantId, silence: { ...silence, phase: "ended" }, lookedAtMs: 2 });
      await noteFleetSilence(house, { tenantId });
    },
    () => noteFleetSilence(house, { tenantId }),
  );
  expect(isBehind).toBe(true);
  expect(await alertsOf(person)).toEqual([]);
});

it("ten minutes without ingest are one word to one tenant, and none of any node", async () => {
  const { house, events, beat, machines, sweep } = fleet();
  const other = await house.tenant();
  const all = [...(await machines(12)), ...(await machines(8, [], other.tenantId))];
  for (let passed = 0; passed < 10; passed += 1) {
    house.passTime(minute);
    await sweep();
  }
  // The provider's, as it is several tenants' machines; and it stays one while a straggler gets through.
  expect(events).toEqual([{ tenantId: "ten_provider", fleet: "silence" }]);
  const [straggler] = all;
  if (straggler !== undefined) await beat(straggler);
  await sweep();
  expect(events).toHaveLength(1);
  // The herd returns over two intervals.
  house.passTime(minute);
  for (const machine of all.slice(0, 15)) await beat(machine);
  await sweep();
  house.passTime(minute);
  for (const machine of all.slice(5)) await beat(machine);
  await sweep();
  expect(events).toEqual([
    { tenantId: "ten_provider", fleet: "silence" },
    { tenantId: "ten_provider", fleet: "silence" },
  ]);
  expect(await getFleetSilence(house.table, "ten_provider")).toMatchObject({
    cause: "ingest",
    phase: "ended",
    nodes: 20,
    of: 20,
  });
});

it("what was not told because the queues were down is told by the next sweep", async () => {
  const { house, events, machines, sweep } = fleet();
  await machines(11);
  house.passTime(3 * minute);
  house.queuesAreDown = true;
  const lines: unknown[] = [];
  house.log = (level, event) => void lines.push([level, event]);
  // The sweep goes on, as others' nodes, snapshots and metrics do not hang on it.
  expect(await sweep()).toMatchObject({ expected: 11 });
  expect(lines).toContainEqual(["error", "silence_not_told"]);
  house.queuesAreDown = false;
  await sweep();
  expect(events.filter((event) => "fleet" in event)).toHaveLength(1);
});
