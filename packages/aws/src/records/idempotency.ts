import { randomUUID } from "node:crypto";
import { DeleteCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { defaults } from "@steward/contracts/defaults";
import type { IdempotencyState } from "@steward/core/tenant/tenant-state";
import { calling, isNamed } from "../faults.ts";
import type { Item, Table } from "../table.ts";
import * as states from "./state.ts";

type Answer = NonNullable<IdempotencyState["answer"]>;

const keyOf = ({ tenantId, key }: { tenantId: string; key: string }) => ({
  pk: `T#${tenantId}#IDEMPOTENCY#${key}`,
  sk: "IDEMPOTENCY",
});

/**
 * A call that was begun so long ago and has no answer was probably killed. If it was only slow, both go on: what they
 * make has the same id, so the second creation meets the first, and every other change is conditional.
 */
const abandonedAfterMs = 5_000;

/** free: settles two requests with one key. The first to write is the first; the other is told what it finds. */
const free = "attribute_not_exists(pk) OR expiresAtMs <= :now";
/** abandoned: settles two repetitions that both found a call without an answer. One of them goes on in its place. */
const abandoned = "#owner = :owner AND attribute_not_exists(answer)";

export type Begun =
  /**
   * Do it, then `finishIdempotent`. `beganAtMs`: when the very first try began. `begunBefore`: that was another one,
   * which never answered; what it made may be there. `owner`: of this try.
   */
  | { kind: "first"; owner: string; beganAtMs: number; begunBefore: boolean }
  /** It is done: give the same answer. */
  | { kind: "again"; answer: Answer }
  /** The first call is under way. */
  | { kind: "running" }
  /** The key was used for another body. */
  | { kind: "mismatch" };

/** `key` is the sha256 of principal, route and the caller's key; `bodyDigest` that of the body. */
export async function beginIdempotent(
  table: Table,
  input: { tenantId: string; key: string; bodyDigest: string; nowMs: number },
): Promise<Begun> {
  const { nowMs } = input;
  const owner = randomUUID();
  return calling("guard a request against being made twice", async () => {
    const stored = await put(table, { ...input, owner, beganAtMs: nowMs }, free, { ":now": nowMs });
    if (stored === undefined) return { kind: "first", owner, beganAtMs: nowMs, begunBefore: false };
    const found = whatStands(stored, { ...input, owner });
    if (found.kind !== "abandoned") return found;
    const { beganAtMs } = found;
    const newer = await put(
      table,
      { ...input, owner, beganAtMs },
      abandoned,
      { ":owner": found.owner },
      { "#owner": "owner" },
    );
    if (newer === undefined) return { kind: "first", owner, beganAtMs, begunBefore: true };
    const after = whatStands(newer, { ...input, owner });
    // Somebody else has just gone on in its place.
    return after.kind === "abandoned" ? { kind: "running" } : after;
  });
}

interface Entry {
  tenantId: string;
  key: string;
  bodyDigest: string;
  nowMs: number;
  owner: string;
  beganAtMs: number;
}

/** Writes the entry, or answers the one that stands where the condition does not hold. */
async function put(
  table: Table,
  { tenantId, key, bodyDigest, nowMs, owner, beganAtMs }: Entry,
  condition: string,
  values: Item,
  names?: Record<string, string>,
): Promise<Item | undefined> {
  const expiresAtMs = nowMs + defaults.idempotencySeconds * 1000;
  const item = {
    ...keyOf({ tenantId, key }),
    v: 1,
    tenantId,
    key,
    bodyDigest,
    startedAtMs: nowMs,
    beganAtMs,
    expiresAtMs,
    expiresAtS: states.ttl(expiresAtMs),
    owner,
  };
  try {
    await table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: item,
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return undefined;
  } catch (error) {
    if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    return oldItem(error);
  }
}

function whatStands(
  stored: Item,
  { owner, bodyDigest, nowMs }: { owner: string; bodyDigest: string; nowMs: number },
): Begun | { kind: "abandoned"; owner: string; beganAtMs: number } {
  const startedAtMs = Number(stored["startedAtMs"]);
  // An entry of an older version does not say.
  const beganAtMs = Number(stored["beganAtMs"] ?? startedAtMs);
  // Our own: the reply of an earlier try was lost.
  if (stored["owner"] === owner) return { kind: "first", owner, beganAtMs, begunBefore: beganAtMs !== startedAtMs };
  if (stored["bodyDigest"] !== bodyDigest) return { kind: "mismatch" };
  const { answer } = stored;
  if (typeof answer === "object" && answer !== null && "status" in answer && "body" in answer) {
    return { kind: "again", answer: { status: Number(answer.status), body: String(answer.body) } };
  }
  if (nowMs - startedAtMs < abandonedAfterMs) return { kind: "running" };
  return { kind: "abandoned", owner: String(stored["owner"]), beganAtMs };
}

function oldItem(error: unknown): Item {
  if (!(error instanceof Error) || !("Item" in error) || typeof error.Item !== "object" || error.Item === null)
    return {};
  return unmarshall(error.Item as Parameters<typeof unmarshall>[0]);
}

/** unanswered: settles a slow first call with the one that took it over: the first answer stays the answer. */
const unanswered = "attribute_exists(pk) AND attribute_not_exists(answer)";

/** Keeps the answer for whoever asks again with the key. */
export async function finishIdempotent(
  table: Table,
  { tenantId, key, answer }: { tenantId: string; key: string; answer: Answer },
): Promise<void> {
  await calling("keep an answer", async () => {
    try {
      await table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: keyOf({ tenantId, key }),
          UpdateExpression: "SET answer = :answer",
          ConditionExpression: unanswered,
          ExpressionAttributeValues: { ":answer": answer },
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}

/** own: settles a refused call with the one that took it over: only its own entry is forgotten. */
const own = "#owner = :owner AND attribute_not_exists(answer)";

/** Forgets a call that was refused, so that the same key can try again at once. */
export async function abandonIdempotent(
  table: Table,
  { tenantId, key, owner }: { tenantId: string; key: string; owner: string },
): Promise<void> {
  await calling("forget a failed request", async () => {
    try {
      await table.client.send(
        new DeleteCommand({
          TableName: table.name,
          Key: keyOf({ tenantId, key }),
          ConditionExpression: own,
          ExpressionAttributeNames: { "#owner": "owner" },
          ExpressionAttributeValues: { ":owner": owner },
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}
