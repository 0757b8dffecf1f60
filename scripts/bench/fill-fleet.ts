import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { createNode } from "@steward/aws/records/node";
import { itemOfPresence } from "@steward/aws/records/presence-item";
import type { Item, Table } from "@steward/aws/table";
import { derivedId } from "@steward/contracts/ids";
import { type FleetNode, fleetNode } from "@steward/core/fleet/snapshot";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import { confirmedNode, firstPresence, itemOf } from "./appliances.ts";

const perBatch = 25;
const batchesAtOnce = 16;

/**
 * Stores the records of so many appliances, called `home-0` and so on, as enrolment and heartbeats leave them, and gives them
 * as a snapshot has them. They promised to beat again within the hour: no sweep finds them silent.
 */
export async function fillFleet(table: Table, tenantId: string, count: number): Promise<FleetNode[]> {
  const nowMs = Date.now();
  const made = Array.from({ length: count }, (_, index) => aNode(tenantId, index, nowMs));
  const items = made.flatMap(({ node, presence }) => [itemOf(createNode(node)), itemOfPresence(presence)]);
  const batches: Item[][] = [];
  for (let at = 0; at < items.length; at += perBatch) batches.push(items.slice(at, at + perBatch));
  const filling = Array.from({ length: batchesAtOnce }, async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const RequestItems = { [table.name]: batch.map((Item) => ({ PutRequest: { Item } })) };
      const { UnprocessedItems = {} } = await table.client.send(new BatchWriteCommand({ RequestItems }));
      if (Object.keys(UnprocessedItems).length > 0) throw new Error("the table did not take all records");
    }
  });
  await Promise.all(filling);
  return made
    .map(({ node, presence }) => fleetNode(node, presence, nowMs))
    .sort((one, other) => (one.nodeId < other.nodeId ? -1 : 1));
}

function aNode(tenantId: string, index: number, nowMs: number): { node: NodeState; presence: PresenceState } {
  const nodeId = derivedId("appliance", nowMs, `page ${index}`);
  const fingerprint = index.toString(16).padStart(64, "0");
  const health = index % 9 === 0 ? "warning" : "healthy";
  const part = (times: number) => ((index * times) % 1_000) / 10;
  const metrics = {
    cpuPercent: part(7),
    memoryPercent: part(11),
    diskPercent: part(13),
    loadAverage1m: part(17) / 50,
    uptimeSeconds: 60 * index,
  };
  return {
    node: {
      ...confirmedNode({ tenantId, nodeId, name: `home-${index}`, fingerprint, nowMs }),
      hostname: `home-${index}.lan`,
      tags: [`site:s${index % 50}`, "ring:main"],
      health,
    },
    presence: {
      ...firstPresence({ nodeId, tenantId, fingerprint, intervalSeconds: 3_600, nowMs }),
      sequence: 100 + index,
      lastSeenAtMs: nowMs - (index % 60) * 1_000,
      agentVersion: index % 20 === 0 ? "0.9.0" : "1.0.0",
      m1: metrics,
      m2: metrics,
      m3: metrics,
      announced: { level: health, epoch: 1 },
    },
  };
}
