import type { PresenceState } from "@steward/core/node/node-state";
import {
  createItem,
  type Item,
  type Page,
  queryItems,
  readItem,
  readItems,
  type Table,
  updateItem,
  type Write,
} from "../table.ts";
import {
  itemOfPresence,
  maxPendingRuns,
  namesIn,
  packHex,
  packLevels,
  packRun,
  packThresholds,
  presenceKey,
  presenceOfItem,
  presencesPerPage,
  shardKey,
} from "./presence-item.ts";
import { type Changed, changeItem } from "./change.ts";
import { removeItem } from "./purge.ts";

export { beat } from "./presence-beat.ts";
export { maxPendingRuns, presenceShards } from "./presence-item.ts";

/*
 * The one record that is written all the time. Not one state in one attribute: every byte of it is counted (1 KB is one
 * write unit), it is on no index, and its writes are updates of single attributes.
 */

/** A node that has not sent a heartbeat yet. */
export const createPresence = (state: PresenceState): Write => createItem("presence", itemOfPresence(state));

export async function getPresence(table: Table, nodeId: string): Promise<PresenceState | undefined> {
  const item = await readItem(table, presenceKey(nodeId));
  return item === undefined ? undefined : presenceOfItem(item);
}

/** The node is refused from now on: no certificate is accepted where there is no presence. */
export async function removePresence(table: Table, nodeId: string): Promise<void> {
  await removeItem(table, presenceKey(nodeId));
}

/** In no order; nodes without a presence are left out. For a tenant the caller compares `tenantId`. */
export async function batchGetPresence(table: Table, nodeIds: readonly string[]): Promise<PresenceState[]> {
  return (await readItems(table, [...new Set(nodeIds)].map(presenceKey))).map(presenceOfItem);
}

/**
 * One page of a shard (0 to `presenceShards - 1`), for half the price a moment old: what is decided on it is written under
 * the condition that it is still so (`announce`). `after` of the page before goes on.
 */
export async function listPresenceShard(table: Table, shard: number, after = "!"): Promise<Page<PresenceState>> {
  const { items, more } = await queryItems(
    table,
    {
      KeyConditionExpression: "pk = :shard AND sk > :after",
      ExpressionAttributeValues: { ":shard": shardKey(shard), ":after": after },
    },
    { limit: presencesPerPage },
  );
  const last = items.at(-1);
  return { items: items.map(presenceOfItem), ...(more && last !== undefined ? { after: String(last["sk"]) } : {}) };
}

/**
 * announcedNext: settles two who noticed the same change of health (the heartbeat and the sweep, or two heartbeats):
 * the epoch is raised from what both read, by one of them. With `ifSequence`, a node that came back between the
 * sweep's read and this write is not announced as offline.
 */
const announcedNext = "#epoch = :before";
const sequenceUnchanged = "#sequence = :sequence";

/** Notes which health was told. False: somebody else did, or the node has been heard of since. */
export async function announce(
  table: Table,
  input: { nodeId: string; epochBefore: number; announced: PresenceState["announced"]; ifSequence?: number },
): Promise<boolean> {
  const { announced, ifSequence } = input;
  const outcome = await update(table, input.nodeId, {
    update: "SET #level = :level, #epoch = :epoch, #metricLevels = :metrics, #conditionDigest = :conditions",
    condition: ifSequence === undefined ? announcedNext : `${announcedNext} AND ${sequenceUnchanged}`,
    values: {
      ":level": announced.level,
      ":epoch": announced.epoch,
      ":metrics": packLevels(announced.metrics) ?? 0,
      ":conditions": announced.conditions ?? 0,
      ":before": input.epochBefore,
      ...(ifSequence === undefined ? {} : { ":sequence": ifSequence }),
    },
  });
  if (outcome.done) return true;
  // The reply of an earlier try was lost: what stands there is what we wanted.
  const stored = outcome.item === undefined ? undefined : presenceOfItem(outcome.item).announced;
  return stored?.epoch === announced.epoch && stored.level === announced.level;
}

/**
 * room: settles two dispatchers that add the last two runs at once: the set never has more than `maxPendingRuns`,
 * and with it the item never more than one write unit. A run that is in already is no further one.
 */
const room = "attribute_exists(pk) AND (attribute_not_exists(#runs) OR size(#runs) < :most OR contains(#runs, :one))";

/** Puts a run onto the list that the node's next heartbeat is answered with. False: the list is full, or there is no such node. */
export async function addPendingRun(table: Table, nodeId: string, runId: string): Promise<boolean> {
  const one = packRun(runId);
  const outcome = await update(table, nodeId, {
    update: "ADD #runs :set",
    condition: room,
    values: { ":set": new Set([one]), ":one": one, ":most": maxPendingRuns },
  });
  return outcome.done;
}

/** Takes a run off the list; it need not be on it. */
export async function removePendingRun(table: Table, nodeId: string, runId: string): Promise<void> {
  await update(table, nodeId, {
    update: "DELETE #runs :set",
    condition: exists,
    values: { ":set": new Set([packRun(runId)]) },
  });
}

/** exists: settles a late write with the removal of the node: an update must not make a new, half-empty record. */
const exists = "attribute_exists(pk)";

/** What the node is told by its next heartbeat's answer. Only what is given changes. False: there is no such node. */
export async function setDirective(
  table: Table,
  nodeId: string,
  directive: Partial<Omit<PresenceState["directive"], "pendingRuns">>,
): Promise<boolean> {
  const values: Item = {};
  const sets: string[] = [];
  const set = (name: string, value: unknown) => {
    if (value === undefined) return;
    sets.push(`#${name} = :${name}`);
    values[`:${name}`] = value;
  };
  set("toldInterval", directive.intervalSeconds);
  set("toldRevision", directive.configRevision);
  set("toldThresholds", packThresholds(directive.thresholds));
  if (sets.length === 0) return true;
  return (await update(table, nodeId, { update: `SET ${sets.join(", ")}`, condition: exists, values })).done;
}

/**
 * notNewer: settles two changes of one configuration: the appliance is told the revision that came last. True again after
 * it was carried out.
 */
const notNewer = "attribute_exists(pk) AND #toldRevision <= :revision";

/** Tells the node of a new configuration, in the transaction that stores it. */
export function tellConfig(nodeId: string, told: { revision: number; intervalSeconds: number }): Write {
  return changePresence(nodeId, {
    update: "SET #toldRevision = :revision, #toldInterval = :interval",
    condition: notNewer,
    values: { ":revision": told.revision, ":interval": told.intervalSeconds },
  });
}

/**
 * newestUnchanged: settles a renewal with another one, and with a revocation. Each of them has read which certificate is
 * the newest, and has to do with all that came before: a renewal makes the next link of that chain, a revocation marks
 * every link.
 *
 *     renewal A → B   ──✓
 *     renewal A → C      ──✗ B is the newest: read again (the same key gets B, another one is counted)
 *
 *     revocation of A    ──✓ revoked
 *     renewal A → B         ──✗ nothing new for a node that is revoked
 *
 *     renewal A → B   ──✓
 *     revocation of A    ──✗ B would stay unmarked: read again, and revoke both
 *
 * `#next` stays what it was when it becomes the current one (see `beat`): where there is one, it is the newest.
 */
const newestUnchanged = "(#next = :newest OR (attribute_not_exists(#next) AND #current = :newest))";
const notRevoked = "#revoked = :no";

/** The fingerprint of the certificate that was issued last. */
export function newestCertificate({ certificate }: PresenceState): string {
  return certificate.next ?? certificate.current;
}

/** Accepts a renewed certificate beside the current one, in the transaction that stores it. */
export function setNextCertificate(
  nodeId: string,
  renewal: { newest: string; fingerprint: string; expiresAtMs: number },
): Write {
  return changePresence(nodeId, {
    update: "SET #next = :next, #expires = :expires",
    condition: `${notRevoked} AND ${newestUnchanged}`,
    values: {
      ":next": packHex(renewal.fingerprint),
      ":expires": renewal.expiresAtMs,
      ":newest": packHex(renewal.newest),
      ":no": false,
    },
  });
}

/** Refuses the node from now on, in the transaction that revokes its certificates: `newest` and all before it. */
export function revokePresence(nodeId: string, newest: string): Write {
  return changePresence(nodeId, {
    update: "SET #revoked = :yes",
    condition: newestUnchanged,
    values: { ":yes": true, ":newest": packHex(newest) },
  });
}

interface PresenceChange {
  update: string;
  condition: string;
  values: Item;
}

function statementOf({ update: expression, condition, values }: PresenceChange) {
  return {
    UpdateExpression: expression,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(expression, condition),
    ExpressionAttributeValues: values,
  };
}

/** For a transaction. */
function changePresence(nodeId: string, change: PresenceChange): Write {
  return updateItem("presence", { Key: presenceKey(nodeId), ...statementOf(change) });
}

async function update(table: Table, nodeId: string, change: PresenceChange): Promise<Changed> {
  return changeItem(table, "change a presence", { key: presenceKey(nodeId), ...statementOf(change) });
}
