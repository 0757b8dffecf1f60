import { getPresence } from "@steward/aws/records/presence";
import { acceptHeartbeat, type FleetEvent, type NodeEvent } from "@steward/control/accept-heartbeat";
import { noteTransition } from "@steward/control/note-transition";
import { sweepPresence } from "@steward/control/sweep-presence";
import fc from "fast-check";
import { expect, it } from "vitest";
import { metrics, minute, useFleet } from "./support/fleet.ts";

const fleet = useFleet();

it("a heartbeat is one write of one unit, and nothing else happens while nothing changes", async () => {
  const { house, events, beat, machines, asked } = fleet();
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

it("replayed, overtaken and doubled heartbeats, and clocks that jump, leave what the newest one said", async () => {
  const { house, events, beat, machines } = fleet();
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  let newest = 1;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          ahead: fc.integer({ min: -3, max: 3 }),
          uptime: fc.nat(1e9),
          jumpMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
        }),
        {
          minLength: 1,
          maxLength: 12,
        },
      ),
      async (beats) => {
        for (const { ahead, uptime, jumpMs } of beats) {
          const sequence = Math.max(1, newest + ahead);
          // Ours, also back. A node's own clock is in no heartbeat but as what it says of itself.
          house.passTime(jumpMs);
          const told = { ...metrics, uptimeSeconds: uptime };
          const before = await getPresence(house.table, machine.nodeId);
          const outcome = await beat(machine, { sequence, metrics: told }).then(
            () => "taken",
            (error: { code?: string }) => error.code,
          );
          const after = await getPresence(house.table, machine.nodeId);
          if (sequence > newest) {
            expect([outcome, after?.sequence, after?.m1?.uptimeSeconds]).toEqual(["taken", sequence, uptime]);
            expect(after?.lastSeenAtMs).toBe(house.nowMs());
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
  const { house, events, beat, machines, sweep, consume, levelOf } = fleet();
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
  const { house, events, deps, beat, machines, levelOf, behindRead } = fleet();
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  house.passTime(2 * minute + 1);
  // It is back when whoever got the message has read that it is silent, and nobody has announced that yet.
  const isBehind = await behindRead(
    "SYS#PRESENCE",
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
  expect(isBehind).toBe(true);
  expect(await levelOf(machine)).toBe("healthy");
  expect((await getPresence(house.table, machine.nodeId))?.announced.level).toBe("healthy");
});

it("a node that is back, and noted as it was before, while a message of its silence is worked on, is not left offline", async () => {
  const { house, person, events, beat, machines, sweep, consume, levelOf, alertsOf, behindRead } = fleet();
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  house.passTime(2 * minute + 1);
  await sweep();
  const [silence] = events.splice(0);
  if (silence === undefined || !("nodeId" in silence)) throw new Error("no message");
  const isBehind = await behindRead(
    "SYS#PRESENCE",
    async () => {
      await beat(machine);
      await consume();
    },
    () => noteTransition(house, silence),
  );
  expect(isBehind).toBe(true);
  expect(await levelOf(machine)).toBe("healthy");
  expect((await alertsOf(person)).filter(({ status }) => status !== "resolved")).toEqual([]);
});

it("no transition is lost where the sweep, the heartbeat or the consumer ends between any two of its steps", async () => {
  const { house, events, deps, nextSequence, beat, machines, sweep, consume, levelOf } = fleet();
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
  // Writes and messages alike: each is once the last one that gets out.
  for (let survived = 0; survived < 7; survived += 1) {
    for (const wanted of ["offline", "healthy"] as const) {
      const sequence = nextSequence(machine);
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

it("a late message of something else does not make a node offline that the sweep holds back", async () => {
  const { house, person, events, beat, machines, sweep, levelOf, alertsOf } = fleet();
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
