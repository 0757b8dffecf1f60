import { marshall } from "@aws-sdk/util-dynamodb";
import { type Condition, conditionsOf, type Heartbeat, heartbeatSchema } from "@steward/contracts/heartbeat";
import { newId } from "@steward/contracts/ids";
import { keepConditions } from "@steward/core/node/conditions";
import fc from "fast-check";
import { expect, test } from "vitest";
import { heartbeatUpdate } from "./presence-beat.ts";
import {
  namesIn,
  packConditions,
  packGpus,
  packHex,
  packMetrics,
  packModels,
  packPulling,
  packVersion,
  presenceKey,
} from "./presence-item.ts";

const metrics = fc.record({
  cpuPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  memoryPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  diskPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  loadAverage1m: fc.double({ min: 0, max: 100_000, noNaN: true }),
  uptimeSeconds: fc.double({ min: 0, max: 1e10, noNaN: true }),
});
const condition = fc.record(
  {
    kind: fc.constantFrom("disk", "service", "temperature"),
    subject: fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
    level: fc.constantFrom("warning" as const, "critical" as const),
  },
  { requiredKeys: ["kind", "level"] },
);
const count = fc.nat({ max: 1024 });
const heartbeat = fc
  .record(
    {
      sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      intervalSeconds: fc.integer({ min: 1, max: 3600 }),
      metrics,
      agentVersion: fc.string({ unit: "grapheme", maxLength: 15 }),
      configRevision: fc.maxSafeNat(),
      factsDigest: fc.stringMatching(/^[0-9a-f]{64}$/),
      conditions: fc.array(fc.oneof(fc.string({ maxLength: 20 }), condition), { maxLength: 8 }),
      capacity: fc.record({ slots: count, used: count }),
      models: fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 8 }),
      gpus: fc.array(fc.record({ name: fc.string({ maxLength: 20 }), vramMb: count, freeMb: count }), { maxLength: 4 }),
      draining: fc.boolean(),
      pulling: fc.record({ model: fc.string({ maxLength: 30 }), percent: fc.integer({ min: 0, max: 100 }) }),
    },
    { requiredKeys: ["sequence", "intervalSeconds", "metrics", "agentVersion", "configRevision"] },
  )
  .filter((one) => heartbeatSchema.safeParse(one).success)
  .map((one) => heartbeatSchema.parse(one));
const fingerprint = fc.stringMatching(/^[0-9a-f]{64}$/);
const nodeId = fc.constantFrom(newId("appliance", 1), newId("worker", 2));

test("what is kept of a call from before changes nothing: each is put as if it were the first, as the SDK would put it", () => {
  fc.assert(
    fc.property(nodeId, fingerprint, heartbeat, fc.maxSafeNat(), (node, by, told, nowMs) => {
      const conditions = keepConditions(conditionsOf(told.conditions));
      const one = { nodeId: node, fingerprint: by, heartbeat: told, nowMs };
      expect(heartbeatUpdate("table", one, conditions)).toEqual(spelledOut(one, conditions));
    }),
    { numRuns: 2_000 },
  );
});

/** The same call, said attribute by attribute and put by the SDK. */
function spelledOut(
  one: { nodeId: string; fingerprint: string; heartbeat: Heartbeat; nowMs: number },
  conditions: readonly Condition[],
) {
  const { heartbeat: told } = one;
  const isWorker = one.nodeId.startsWith("wrk_");
  const lines = packConditions(conditions);
  const attributes: [name: string, value: unknown][] = [
    ["facts", told.factsDigest === undefined ? undefined : packHex(told.factsDigest)],
    ["conditions", lines],
    ["capacity", isWorker && told.capacity !== undefined ? [told.capacity.slots, told.capacity.used] : undefined],
    ["models", isWorker && told.models !== undefined ? packModels(told.models) : undefined],
    ["gpus", isWorker && told.gpus !== undefined ? packGpus(told.gpus) : undefined],
    ["draining", isWorker ? (told.draining ?? false) : undefined],
    ["pulling", isWorker && told.pulling !== undefined ? packPulling(told.pulling) : undefined],
  ];
  const set = attributes.filter(([, value]) => value !== undefined);
  const removed = [
    "#writeId",
    ...(lines === undefined ? ["#conditions"] : []),
    ...(isWorker && told.pulling === undefined ? ["#pulling"] : []),
  ];
  const always =
    "SET #sequence = :sequence, #seen = :now, #interval = :interval, #m3 = #m2, #m2 = #m1, #m1 = :metrics, " +
    "#version = :version, #revision = :revision, #current = :fingerprint";
  const update = `${[always, ...set.map(([name]) => `#${name} = :${name}`)].join(", ")} REMOVE ${removed.join(", ")}`;
  const condition =
    "(#current = :fingerprint OR #next = :fingerprint) AND #revoked = :no AND #sequence < :sequence AND #shape = :shape";
  return {
    TableName: "table",
    Key: marshall(presenceKey(one.nodeId)),
    UpdateExpression: update,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(update, condition),
    ExpressionAttributeValues: marshall({
      ":sequence": told.sequence,
      ":now": one.nowMs,
      ":interval": told.intervalSeconds,
      ":metrics": packMetrics(told.metrics),
      ":version": packVersion(told.agentVersion),
      ":revision": told.configRevision,
      ":fingerprint": packHex(one.fingerprint),
      ":no": false,
      ":shape": 1,
      ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
    }),
    ReturnValues: "ALL_OLD",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}
