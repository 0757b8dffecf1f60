import { listAlerts } from "@steward/aws/records/alert";
import { getNode } from "@steward/aws/records/node";
import { actForSystem } from "@steward/aws/tenant-fence";
import type { AlertState } from "@steward/core/alert/alert-state";
import type { Heartbeat } from "@steward/contracts/heartbeat";
import { acceptHeartbeat, type FleetEvent, type NodeEvent } from "@steward/control/accept-heartbeat";
import type { Caller, NodeCaller } from "@steward/control/context";
import { noteTransition } from "@steward/control/note-transition";
import { sweepPresence } from "@steward/control/sweep-presence";
import { afterAll, beforeEach } from "vitest";
import { type House, openHouse } from "./house.ts";

export const metrics = {
  cpuPercent: 12,
  memoryPercent: 40,
  diskPercent: 61,
  loadAverage1m: 0.7,
  uptimeSeconds: 86_400,
};
export const minute = 60_000;

/** A tenant's machines, whose heartbeats, sweep and consumer of `node-events` are called by hand. */
async function openFleet() {
  const house: House = await openHouse();
  const person: Caller = await house.tenant();
  /** What was sent to `node-events`, oldest first. */
  const events: (NodeEvent | FleetEvent)[] = [];
  const sequences = new Map<string, number>();
  const deps = () => ({
    ...house,
    sendNodeEvent: async (event: NodeEvent | FleetEvent) => {
      if (house.queuesAreDown) throw new Error("the queues are down");
      events.push(event);
    },
  });
  const nextSequence = ({ nodeId }: NodeCaller) => (sequences.get(nodeId) ?? 1) + 1;
  return {
    house,
    person,
    events,
    deps,
    nextSequence,
    beat: async (machine: NodeCaller, over: Partial<Heartbeat> = {}) => {
      const sequence = over.sequence ?? nextSequence(machine);
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
    },
    machines: async (count: number, tags: string[] = [], tenantId = person.tenantId) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => house.machine(tenantId, "appliance", `box-${index}`, tags)),
      ),
    sweep: () => actForSystem("a test's sweep", () => sweepPresence(deps())),
    /** What the consumer of `node-events` does, with every message twice and the newest first. */
    consume: async () => {
      const taken = events.splice(0).filter((event) => "nodeId" in event);
      for (const event of [...taken.toReversed(), ...taken]) await noteTransition(house, event);
    },
    levelOf: async ({ tenantId, nodeId }: NodeCaller) => (await getNode(house.table, { tenantId, nodeId }))?.health,
    /** Those that are so, newest first. */
    alertsOf: async ({ tenantId }: Caller): Promise<AlertState[]> =>
      (await listAlerts(house.table, tenantId, { limit: 10 })).items,

    /** Queries of the shard that holds the node are throttled while the work runs. */
    withoutShardOf: async ({ nodeId }: NodeCaller, work: () => Promise<unknown>) => {
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
    },

    /** Does something behind the first read of a record of that family while the work runs. Answers whether there was one. */
    behindRead: async (
      family: "SYS#PRESENCE" | "#FLEET",
      act: () => Promise<unknown>,
      work: () => Promise<unknown>,
    ) => {
      let isDone = false;
      house.table.client.middlewareStack.add(
        (next) => async (args) => {
          const answer = await next(args);
          const { Key: key } = args.input as { Key?: { pk?: unknown } };
          const isRead = JSON.stringify(key?.pk ?? "").includes(family) && !("UpdateExpression" in args.input);
          if (!isDone && isRead) {
            isDone = true;
            await act();
          }
          return answer;
        },
        { step: "initialize", name: "behindRead" },
      );
      try {
        await work();
      } finally {
        house.table.client.middlewareStack.remove("behindRead");
      }
      return isDone;
    },

    /** What the table is asked for while the work runs, with what it costs. */
    asked: async (work: () => Promise<unknown>) => {
      const calls: { command: string; units: number; indexUnits: number }[] = [];
      house.table.client.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            Object.assign(args.input, { ReturnConsumedCapacity: "INDEXES" });
            const answer = await next(args);
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
    },
  };
}

type Fleet = Awaited<ReturnType<typeof openFleet>>;

/** For each test a fleet of its own, which the answered function gives. */
export function useFleet(): () => Fleet {
  let fleet: Fleet | undefined;
  beforeEach(async () => {
    await fleet?.house.stop();
    fleet = await openFleet();
  });
  afterAll(async () => {
    await fleet?.house.stop();
  });
  return () => {
    if (fleet === undefined) throw new Error("there is a fleet in a test only");
    return fleet;
  };
}

interface Consumed {
  CapacityUnits?: number;
  GlobalSecondaryIndexes?: Record<string, { CapacityUnits?: number }>;
}
