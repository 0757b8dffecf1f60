import { UpdateItemCommand, type UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";
import { type Condition, conditionsOf, type Heartbeat, type Metrics } from "@steward/contracts/heartbeat";
import { keepConditions } from "@steward/core/node/conditions";
import type { PresenceState } from "@steward/core/node/node-state";
import { calling, isNamed } from "../faults.ts";
import type { Item, Table } from "../table.ts";
import { fromWire, toWire, type WireItem } from "../wire-item.ts";
import {
  keptMetrics,
  namesIn,
  packConditions,
  packGpus,
  packHex,
  packMetrics,
  packModels,
  packPulling,
  packVersion,
  type PresenceName,
  presenceKey,
  presenceOfItem,
} from "./presence-item.ts";

/*
 * The one write that is made all the time. It is put as the wire has it, and past the document client: that one's steps
 * are resolved anew for each call, and take as long as all that is done here.
 */

type BeatOutcome =
  /** Stored. `before` is the record as it was, with the directive for the answer; the others are new, as they are kept. */
  | { kind: "accepted"; before: PresenceState; metrics: Metrics; conditions: Condition[] }
  /** This very heartbeat is stored already: its answer was lost. */
  | { kind: "retry"; stored: PresenceState }
  /** A later one is stored. */
  | { kind: "stale"; sequence: number }
  /** The certificate is not one of this node's, or it is revoked, or there is no such node. */
  | { kind: "refused" };

/**
 * accepted: settles every race of a heartbeat, in the write itself.
 *
 *     revocation  ───✓ revoked = true
 *     heartbeat       ──✗ refused: nothing is cached that could still let it in
 *
 *     heartbeat 7  ──✓ (answer lost)
 *     heartbeat 7      ──✗ sequence 7 is stored: a retry, answered from the record
 *     heartbeat 6         ──✗ stale: replayed, or long on its way
 */
const accepted =
  "(#current = :fingerprint OR #next = :fingerprint) AND #revoked = :no AND #sequence < :sequence AND #shape = :shape";

/**
 * A renewed certificate becomes the current one when it is first used: `current` is set to whichever was accepted,
 * which changes nothing while the old one is in use. `next` keeps it too until the following renewal, as an update
 * cannot decide whether to remove it without a second write unit; equal to `current`, it counts as absent.
 */
const heartbeatSets = [
  "#sequence = :sequence",
  "#seen = :now",
  "#interval = :interval",
  "#m3 = #m2",
  "#m2 = #m1",
  "#m1 = :metrics",
  "#version = :version",
  "#revision = :revision",
  "#current = :fingerprint",
];

interface Beat {
  nodeId: string;
  fingerprint: string;
  heartbeat: Heartbeat;
  nowMs: number;
}

/** Stores one heartbeat: one update of one write unit. Throws `unavailable` when the table does not manage. */
export async function beat(table: Table, one: Beat): Promise<BeatOutcome> {
  const { fingerprint, heartbeat } = one;
  const conditions = keepConditions(conditionsOf(heartbeat.conditions));
  try {
    const command = new UpdateItemCommand(heartbeatUpdate(table.name, one, conditions));
    const { Attributes: before } = await (table.wire === undefined
      ? table.client.send(command)
      : table.wire.send(command));
    if (before === undefined) return { kind: "refused" };
    return {
      kind: "accepted",
      before: presenceOfItem(fromWire(before)),
      metrics: keptMetrics(heartbeat.metrics),
      conditions,
    };
  } catch (error) {
    if (!isNamed(error, "ConditionalCheckFailedException")) {
      return await calling("store a heartbeat", () => Promise.reject(error));
    }
    const stored = itemOf(error);
    return stored === undefined ? { kind: "refused" } : whyRefused(presenceOfItem(stored), fingerprint, heartbeat);
  }
}

/** The call itself. `conditions` as they are kept. */
export function heartbeatUpdate(
  tableName: string,
  { nodeId, fingerprint, heartbeat, nowMs }: Beat,
  conditions: readonly Condition[],
): UpdateItemCommandInput {
  const values: Item = {
    ":sequence": heartbeat.sequence,
    ":now": nowMs,
    ":interval": heartbeat.intervalSeconds,
    ":metrics": packMetrics(heartbeat.metrics),
    ":version": packVersion(heartbeat.agentVersion),
    ":revision": heartbeat.configRevision,
    ":fingerprint": packHex(fingerprint),
    ":no": false,
    // What a later version has written is not changed by guess.
    ":shape": 1,
  };
  const sets: PresenceName[] = [];
  const removes: PresenceName[] = ["#writeId"];
  const set = (name: PresenceName, value: unknown) => {
    sets.push(name);
    values[valueOf(name)] = value;
  };
  if (heartbeat.factsDigest !== undefined) set("#facts", packHex(heartbeat.factsDigest));
  const packedConditions = packConditions(conditions);
  if (packedConditions === undefined) removes.push("#conditions");
  else set("#conditions", packedConditions);
  // Only workers run models. An appliance's item needs the room for its pending runs.
  if (nodeId.startsWith("wrk_")) {
    if (heartbeat.capacity !== undefined) set("#capacity", [heartbeat.capacity.slots, heartbeat.capacity.used]);
    if (heartbeat.models !== undefined) set("#models", packModels(heartbeat.models));
    if (heartbeat.gpus !== undefined) set("#gpus", packGpus(heartbeat.gpus));
    set("#draining", heartbeat.draining ?? false);
    if (heartbeat.pulling === undefined) removes.push("#pulling");
    else set("#pulling", packPulling(heartbeat.pulling));
  }
  return {
    TableName: tableName,
    Key: toWire(presenceKey(nodeId)),
    ...expressionsOf(sets, removes),
    ExpressionAttributeValues: toWire(values),
    ReturnValues: "ALL_OLD",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

type Expressions = Required<
  Pick<UpdateItemCommandInput, "UpdateExpression" | "ConditionExpression" | "ExpressionAttributeNames">
>;

/** By what a heartbeat tells: a few dozen, each made once in a process. */
const expressions = new Map<string, Expressions>();

function expressionsOf(sets: readonly PresenceName[], removes: readonly PresenceName[]): Expressions {
  const told = `${sets.join()} ${removes.join()}`;
  let known = expressions.get(told);
  if (known === undefined) {
    const all = [...heartbeatSets, ...sets.map((name) => `${name} = ${valueOf(name)}`)];
    const update = `SET ${all.join(", ")} REMOVE ${removes.join(", ")}`;
    known = {
      UpdateExpression: update,
      ConditionExpression: accepted,
      ExpressionAttributeNames: namesIn(update, accepted),
    };
    expressions.set(told, known);
  }
  return known;
}

function valueOf(name: PresenceName): string {
  return `:${name.slice(1)}`;
}

/** Fails closed: the certificate is looked at first. */
function whyRefused(stored: PresenceState, fingerprint: string, heartbeat: Heartbeat): BeatOutcome {
  const { current, next, revoked } = stored.certificate;
  if (revoked || (fingerprint !== current && fingerprint !== next)) return { kind: "refused" };
  if (stored.sequence === heartbeat.sequence) return { kind: "retry", stored };
  return { kind: "stale", sequence: stored.sequence };
}

/** The old item that a failed condition brings along. */
function itemOf(error: unknown): Item | undefined {
  if (!(error instanceof Error) || !("Item" in error)) return undefined;
  const { Item: item } = error;
  return typeof item === "object" && item !== null ? fromWire(item as WireItem) : undefined;
}
