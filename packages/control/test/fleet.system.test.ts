import { listAlerts as listAlertRecords } from "@steward/aws/records/alert";
import { getFleetSilence } from "@steward/aws/records/fleet-silence";
import { createNode, getNode } from "@steward/aws/records/node";
import { listAudit } from "@steward/aws/records/audit";
import { listNotices } from "@steward/aws/records/notice";
import { createPresence, getPresence } from "@steward/aws/records/presence";
import { getSweepState } from "@steward/aws/records/sweep-state";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { newId } from "@steward/contracts/ids";
import type { Heartbeat } from "@steward/contracts/heartbeat";
import { acceptHeartbeat, type FleetEvent, type NodeEvent } from "@steward/control/accept-heartbeat";
import { listAlerts } from "@steward/control/alerts";
import { bulkNodes, changeTags } from "@steward/control/change-nodes";
import { viewConfig } from "@steward/control/configuration";
import type { Caller, NodeCaller } from "@steward/control/context";
import { loadFleet } from "@steward/control/fleet-store";
import { fleetHealth, fleetHistory, nodeHistory, topology } from "@steward/control/fleet-views";
import { listNodes } from "@steward/control/node-views";
import { noteFleetSilence, noteTransition } from "@steward/control/note-transition";
import { reconcile } from "@steward/control/reconcile";
import { putNodeThresholds, putThresholds } from "@steward/control/thresholds";
import { sweepPresence } from "@steward/control/sweep-presence";
import fc from "fast-check";
import { afterAll, beforeEach, expect, it } from "vitest";
import { aPresence } from "../../aws/test/support/states.ts";
import { type House, openHouse } from "./support/house.ts";

let house: House;
let person: Caller;
let events: (NodeEvent | FleetEvent)[];
const deps = () => ({
  ...house,
  sendNodeEvent: async (event: NodeEvent | FleetEvent) => {
    if (house.queuesAreDown) throw new Error("the queues are down");
    events.push(event);
  },
});

beforeEach(async () => {
  await house?.stop();
  house = await openHouse();
  person = await house.tenant();
  events = [];
});
afterAll(async () => {
  await house?.stop();
});

const metrics = { cpuPercent: 12, memoryPercent: 40, diskPercent: 61, loadAverage1m: 0.7, uptimeSeconds: 86_400 };
const sequences = new Map<string, number>();

async function beat(machine: NodeCaller, over: Partial<Heartbeat> = {}) {
  const sequence = over.sequence ?? (sequences.get(machine.nodeId) ?? 1) + 1;
  sequences.set(machine.nodeId, sequence);
  const heartbeat: Heartbeat = {
    sequence,
    intervalSeconds: 60,
    metrics,
    agentVersion: "1.0.0",
    configRevision: 0,
    conditions: [],
    ...over,
  };
  return acceptHeartbeat(deps(), { ...machine, heartbeat });
}
const machines = async (count: number, tags: string[] = [], tenantId = person.tenantId) =>
  Promise.all(Array.from({ length: count }, (_, index) => house.machine(tenantId, "appliance", `box-${index}`, tags)));
const sweep = () => actForSystem("a test's sweep", () => sweepPresence(deps()));
/** What the consumer of `node-events` does, with every message twice and the newest first. */
async function consume() {
  const taken = events.splice(0).filter((event) => "nodeId" in event);
  for (const event of [...taken.toReversed(), ...taken]) await noteTransition(house, event);
}
const minute = 60_000;
const levelOf = async ({ tenantId, nodeId }: NodeCaller) => (await getNode(house.table, { tenantId, nodeId }))?.health;

/** Those that are so, newest first. */
const alertsOf = async ({ tenantId }: Caller) => (await listAlertRecords(house.table, tenantId, { limit: 10 })).items;

/** Queries of the shard that holds the node are throttled while the work runs. */
async function withoutShardOf({ nodeId }: NodeCaller, work: () => Promise<unknown>) {
  house.table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        const { Items: items = [] } = answer.output as { Items?: Record<string, unknown>[] };
        if (commandName === "QueryCommand" && JSON.stringify(items).includes(nodeId)) throw new Error("throttled");
        return answer;
      },
    { step: "initialize", name: "withoutShard" },
  );
  try {
    await work();
  } finally {
    house.table.client.middlewareStack.remove("withoutShard");
  }
}

/** Does something behind the first read of a presence while the work runs. */
async function behindPresence(act: () => Promise<unknown>, work: () => Promise<unknown>) {
  let isDone = false;
  house.table.client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { Key: key } = args.input as { Key?: { pk?: unknown } };
      const isRead = JSON.stringify(key?.pk ?? "").includes("SYS#PRESENCE") && !("UpdateExpression" in args.input);
      if (!isDone && isRead) {
        isDone = true;
        await act();
      }
      return answer;
    },
    { step: "initialize", name: "behindPresence" },
  );
  try {
    await work();
  } finally {
    house.table.client.middlewareStack.remove("behindPresence");
  }
  expect(isDone).toBe(true);
}

/** What the table is asked for while the work runs, with what it costs. */
async function asked(work: () => Promise<unknown>) {
  const calls: { command: string; units: number; indexUnits: number }[] = [];
  house.table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        Object.assign(args.input, { ReturnConsumedCapacity: "INDEXES" });
        const answer = await next(args);
        type Consumed = { CapacityUnits?: number; GlobalSecondaryIndexes?: Record<string, { CapacityUnits?: number }> };
        const { ConsumedCapacity: consumed = {} } = answer.output as { ConsumedCapacity?: Consumed };
        const ofIndexes = Object.values(consumed.GlobalSecondaryIndexes ?? {});
        calls.push({
          command: commandName ?? "",
          units: consumed.CapacityUnits ?? Number.NaN,
          indexUnits: ofIndexes.reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0),
        });
        return answer;
      },
    { step: "initialize", name: "asked", priority: "low", override: true },
  );
  try {
    await work();
  } finally {
    house.table.client.middlewareStack.remove("asked");
  }
  return calls;
}

it("a heartbeat is one write of one unit, and nothing else happens while nothing changes", async () => {
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  const lines: string[] = [];
  house.log = (_level, event) => void lines.push(event);
  // Three of one kind are behind it: what follows is the steady state.
  for (let turn = 0; turn < 3; turn += 1) await beat(machine);
  const calls = await asked(async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      house.passTime(minute);
      await beat(machine);
    }
  });
  expect(calls).toEqual(Array.from({ length: 10 }, () => ({ command: "UpdateItemCommand", units: 1, indexUnits: 0 })));
  expect([events, house.sent, lines]).toEqual([[], [], []]);
});

it("a sweep in the steady state reads each shard once, and writes nothing", async () => {
  await machines(20);
  await sweep();
  const calls = await asked(sweep);
  expect(calls.map(({ command }) => command).toSorted()).toEqual([
    "GetItemCommand",
    ...Array.from({ length: 64 }, () => "QueryCommand"),
  ]);
  expect(calls.every(({ indexUnits }) => indexUnits === 0)).toBe(true);
});

it("replayed, overtaken and doubled heartbeats, and clocks that jump, leave what the newest one said", async () => {
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  let newest = 1;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ahead: fc.integer({ min: -3, max: 3 }), uptime: fc.nat(1e9), jumpMs: fc.nat(3_600_000) }), {
        minLength: 1,
        maxLength: 12,
      }),
      async (beats) => {
        for (const { ahead, uptime, jumpMs } of beats) {
          const sequence = Math.max(1, newest + ahead);
          // A node's clock is in no heartbeat but as what it says of itself.
          const told = { ...metrics, uptimeSeconds: uptime + jumpMs };
          const before = await getPresence(house.table, machine.nodeId);
          const outcome = await beat(machine, { sequence, metrics: told }).then(
            () => "taken",
            (error: { code?: string }) => error.code,
          );
          const after = await getPresence(house.table, machine.nodeId);
          if (sequence > newest) {
            expect([outcome, after?.sequence, after?.m1?.uptimeSeconds]).toEqual([
              "taken",
              sequence,
              told.uptimeSeconds,
            ]);
            expect([after?.m2, after?.m3]).toEqual([before?.m1, before?.m2]);
            newest = sequence;
          } else {
            // The same once more is a reply that was lost; one that is older is none of today's.
            expect(outcome).toBe(sequence === newest ? "taken" : "stale_sequence");
            expect(after).toEqual(before);
          }
        }
      },
    ),
    { numRuns: 25 },
  );
  expect(events).toEqual([]);
});

it("a silent node is offline once, and healthy again once: its record follows whatever the messages do", async () => {
  const [machine, other] = await machines(2);
  if (machine === undefined || other === undefined) throw new Error("no machine");
  house.passTime(2 * minute + 1);
  await beat(other);
  expect((await sweep()).announced).toBe(1);
  expect((await sweep()).announced).toBe(0);
  expect(events).toMatchObject([{ nodeId: machine.nodeId, level: "offline" }]);
  await consume();
  expect(await levelOf(machine)).toBe("offline");
  await beat(machine);
  expect(events).toMatchObject([{ nodeId: machine.nodeId, level: "healthy" }]);
  await consume();
  expect(await levelOf(machine)).toBe("healthy");
});

it("a node that beats between the sweep's look and its word is not left offline", async () => {
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  house.passTime(2 * minute + 1);
  // It is back when whoever got the message has read that it is silent, and nobody has announced that yet.
  await behindPresence(
    () => beat(machine),
    () =>
      sweepPresence({
        ...deps(),
        sendNodeEvent: async (event) => {
          events.push(event);
          if ("nodeId" in event) await noteTransition(house, event);
        },
      }),
  );
  expect(await levelOf(machine)).toBe("healthy");
  expect((await getPresence(house.table, machine.nodeId))?.announced.level).toBe("healthy");
});

it("a node that is back, and noted as it was before, while a message of its silence is worked on, is not left offline", async () => {
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  house.passTime(2 * minute + 1);
  await sweep();
  const [silence] = events.splice(0);
  if (silence === undefined || !("nodeId" in silence)) throw new Error("no message");
  await behindPresence(
    async () => {
      await beat(machine);
      await consume();
    },
    () => noteTransition(house, silence),
  );
  expect(await levelOf(machine)).toBe("healthy");
  expect((await alertsOf(person)).filter(({ status }) => status !== "resolved")).toEqual([]);
});

it("no transition is lost where the sweep, the heartbeat or the consumer ends between any two of its steps", async () => {
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  let stepsLeft = Number.POSITIVE_INFINITY;
  const step = () => {
    stepsLeft -= 1;
    if (stepsLeft < 0) throw new Error("killed");
  };
  house.table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (/^(?:Put|Update|TransactWrite)/.test(commandName ?? "")) step();
        return next(args);
      },
    { step: "initialize", name: "kill" },
  );
  const dying = {
    ...deps(),
    sendNodeEvent: async (event: NodeEvent | FleetEvent) => {
      step();
      events.push(event);
    },
  };
  const sequenceOf = () => (sequences.get(machine.nodeId) ?? 1) + 1;
  // Writes and messages alike: each is once the last one that gets out.
  for (let survived = 0; survived < 7; survived += 1) {
    for (const wanted of ["offline", "healthy"] as const) {
      const sequence = sequenceOf();
      const lives = [
        async () => {
          if (wanted === "offline") await sweepPresence(dying);
          else {
            const heartbeat = { sequence, intervalSeconds: 60, metrics, agentVersion: "1", configRevision: 0 };
            await acceptHeartbeat(dying, { ...machine, heartbeat: { ...heartbeat, conditions: [] } });
          }
        },
        async () => {
          for (const event of events) if ("nodeId" in event) await noteTransition(house, event);
        },
      ];
      if (wanted === "offline") house.passTime(2 * minute + 1);
      stepsLeft = survived;
      for (const life of lives) await life().catch(() => undefined);
      stepsLeft = Number.POSITIVE_INFINITY;
      // A message that was not worked on to its end comes once more; the node and the sweep go on.
      if (wanted === "healthy") await beat(machine, { sequence: sequence + 1 });
      else await sweep();
      await consume();
      expect([survived, await levelOf(machine)]).toEqual([survived, wanted]);
    }
  }
});

it("twenty of fifty that fall silent at once are one thing: held, told once, grouped; who stays gone is told of at its end", async () => {
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
  const gone = await machines(5);
  const here = await machines(40);
  const [hidden] = gone;
  if (hidden === undefined) throw new Error("no machine");
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
  await withoutShardOf(hidden, () => pass(gone.slice(1)));
  expect(await getFleetSilence(house.table, person.tenantId)).toMatchObject({ phase: "ended" });
  const isHidden = (event: NodeEvent | FleetEvent) => "nodeId" in event && event.nodeId === hidden.nodeId;
  expect([events.filter(isHidden), events.filter((event) => "fleet" in event)]).toEqual([[], [expect.anything()]]);
  await pass(gone.slice(1));
  expect(events.filter(isHidden)).toMatchObject([{ level: "offline" }]);
  await pass(gone.slice(1));
  expect(events.filter(isHidden)).toHaveLength(1);
});

it("a tenant that cannot be told of its silence keeps nobody else from anything, and is told by the next sweep", async () => {
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

it("a late message of something else does not make a node offline that the sweep holds back", async () => {
  const all = await machines(12);
  const [machine] = all;
  if (machine === undefined) throw new Error("no machine");
  const hot = { ...metrics, diskPercent: 99 };
  for (let turn = 0; turn < 2; turn += 1) await beat(machine, { metrics: hot });
  const [late] = events.splice(0);
  if (late === undefined || !("nodeId" in late)) throw new Error("no message");
  // Nobody is heard any more, and whoever got the message has failed at it until now.
  for (let passed = 0; passed < 5; passed += 1) {
    house.passTime(minute);
    await sweep();
  }
  await noteTransition(house, late);
  expect(await levelOf(machine)).toBe("critical");
  expect(await alertsOf(person)).toMatchObject([{ kind: "health", nodeId: machine.nodeId }]);
  expect((await getPresence(house.table, machine.nodeId))?.announced.level).toBe("critical");
});

it("ten minutes without ingest are one word to one tenant, and none of any node", async () => {
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
  await machines(10);
  await house.machine(person.tenantId, "appliance", "here").then((machine) => {
    sequences.set(machine.nodeId, 1);
    return machine;
  });
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

it("more than 200 nodes are listed from a snapshot, filtered, searched, sorted and paged; fewer as they are", async () => {
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
        createNode({
          v: 1,
          version: 1,
          tenantId,
          nodeId,
          kind: "appliance",
          name,
          hostname: `${name}.lan`,
          tags,
          doorbell: "pull",
          health: "healthy",
          healthSinceMs: nowMs,
          healthEpoch: 1,
          keyFingerprint: "b".repeat(64),
          createdAtMs: nowMs,
          updatedAtMs: nowMs,
        }),
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

it("an agent that finds another service down at each beat cannot open alerts without end", async () => {
  const machine = await house.machine(person.tenantId, "appliance");
  for (let turn = 0; turn < 25; turn += 1) {
    house.passTime(10_000);
    await beat(machine, { conditions: [{ kind: "service", subject: `x${turn}`, level: "warning" }] });
    await consume();
  }
  const { items } = await listAlerts(house, person, { limit: 100 });
  expect(items.map(({ part }) => part)).toEqual(["too-many"]);
  expect(await toldOf("alert.raised")).toBe(21);
});

/** Whose alerts are shown, and whose a gateway hides. */
async function silentOnes(): Promise<{ shown: string[]; hidden: string[] }> {
  const names = async (suppressed?: "true") =>
    (await listAlerts(house, person, { limit: 100, suppressed })).items.map(({ node }) => node?.name ?? "").sort();
  const shown = await names();
  return { shown, hidden: (await names("true")).filter((name) => !shown.includes(name)) };
}
async function fallSilent() {
  house.passTime(4 * minute);
  await sweep();
  await consume();
}
const toldOf = async (event: string) =>
  (await listNotices(house.table, person.tenantId, 100)).filter((notice) => notice.event === event).length;

it("a gateway hides whom it takes down, and only as long as it may be the reason", async () => {
  const { tenantId } = person;
  await putThresholds(house, person, { thresholds: {}, escalateAfterMinutes: 30 });
  const router = await house.machine(tenantId, "appliance", "router");
  const behind = await house.machine(tenantId, "appliance", "behind", ["gateway:router"]);
  await fallSilent();
  expect(await silentOnes()).toEqual({ shown: ["router"], hidden: ["behind"] });
  house.passTime(4 * minute);
  const audits = async () => (await listAudit(house.table, tenantId, { limit: 100 })).items.length;
  const before = await audits();
  await reconcile(house);
  // It was looked at, and nothing has come of it.
  expect(await audits()).toBe(before);
  house.passTime(26 * minute);
  await reconcile(house);
  expect([await toldOf("alert.raised"), await toldOf("alert.escalated")]).toEqual([1, 1]);
  // The gateway is back, and the machine is not.
  house.passTime(10 * minute);
  await beat(router);
  await consume();
  await reconcile(house);
  expect((await silentOnes()).shown).toContain("behind");
  expect(await toldOf("alert.raised")).toBe(2);
  await beat(behind);
  await consume();
  // The gateway is gone for good, and the machine is heard by another line before it is gone, too.
  house.passTime(24 * 60 * minute);
  await beat(behind);
  await sweep();
  await consume();
  await fallSilent();
  expect(await silentOnes()).toEqual({ shown: ["behind", "router"], hidden: [] });
  expect(await toldOf("alert.raised")).toBe(4);
});

it.each([
  ["in a circle hide nobody", ["a b", "b c", "c a"], { shown: ["a", "b", "c"], hidden: [] }],
  ["one behind the other hide what is behind them", ["a b", "b c", "c"], { shown: ["c"], hidden: ["a", "b"] }],
])("gateways %s", async (_what, pairs, expected) => {
  for (const [name, gateway] of pairs.map((pair) => pair.split(" "))) {
    await house.machine(person.tenantId, "appliance", name, gateway === undefined ? [] : [`gateway:${gateway}`]);
  }
  await fallSilent();
  expect(await silentOnes()).toEqual(expected);
});

it("a tenant's thresholds reach its nodes also while somebody sets one node after the other", async () => {
  const [one, other] = await machines(2);
  if (one === undefined || other === undefined) throw new Error("no machines");
  await putThresholds(house, person, { thresholds: { diskPercent: [70, 99] } });
  house.passTime(30_000);
  await putNodeThresholds(house, person, { nodeId: one.nodeId }, { memoryPercent: [1, 2] });
  await reconcile(house);
  const toldTo = async ({ nodeId }: NodeCaller) => (await getPresence(house.table, nodeId))?.directive.thresholds;
  expect(await toldTo(one)).toMatchObject({ diskPercent: [70, 99], memoryPercent: [1, 2] });
  expect(await toldTo(other)).toMatchObject({ diskPercent: [70, 99] });
});
