import { randomUUID } from "node:crypto";
import { DeleteCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { defaults } from "@steward/contracts/defaults";
import type { IdempotencyState } from "@steward/core/tenant/tenant-state";
import { CustomAttributeType, Entity } from "electrodb";
import { calling, isNamed } from "../faults.ts";
import type { Item, Table } from "../table.ts";
import * as states from "./state.ts";

type Answer = NonNullable<IdempotencyState["answer"]>;

const idempotency = new Entity({
  model: states.model("idempotency"),
  attributes: {
    v: { type: "number", required: true },
    tenantId: { type: "string", required: true },
    key: { type: "string", required: true },
    bodyDigest: { type: "string", required: true },
    answer: { type: CustomAttributeType<Answer>("any") },
    startedAtMs: { type: "number", required: true },
    expiresAtMs: { type: "number", required: true },
    expiresAtS: { type: "number", required: true },
    owner: { type: "string", required: true },
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId", "key"], template: "T#${tenantId}#IDEMPOTENCY#${key}" },
      { composite: [], template: "IDEMPOTENCY" },
    ),
  },
});

/** Longer than any request lives (the HTTP API ends at 30 s): whoever began so long ago was killed. */
const abandonedAfterMs = 60_000;

/**
 * free: settles two requests with one key. The first to write makes the change; the other is told what it finds.
 * An expired entry counts as absent, and one that was begun long ago without an answer is taken over: whoever began
 * it is dead, and the change itself is guarded by its own conditions.
 */
const free =
  "attribute_not_exists(pk) OR expiresAtMs <= :now OR (attribute_not_exists(answer) AND startedAtMs <= :abandoned AND bodyDigest = :body)";

export type Begun =
  /** Nobody did this before: do it, then `finishIdempotent`. */
  | { kind: "first" }
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
  const { tenantId, key, bodyDigest, nowMs } = input;
  const owner = randomUUID();
  const expiresAtMs = nowMs + defaults.idempotencySeconds * 1000;
  const item = states.itemOf(
    idempotency.put({
      v: 1,
      tenantId,
      key,
      bodyDigest,
      startedAtMs: nowMs,
      expiresAtMs,
      expiresAtS: states.ttl(expiresAtMs),
      owner,
    }),
  );
  return calling("guard a request against being made twice", async () => {
    try {
      await table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: item,
          ConditionExpression: free,
          ExpressionAttributeValues: { ":now": nowMs, ":abandoned": nowMs - abandonedAfterMs, ":body": bodyDigest },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
      return { kind: "first" };
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
      return whatStands(oldItem(error), { owner, bodyDigest });
    }
  });
}

function whatStands(stored: Item, { owner, bodyDigest }: { owner: string; bodyDigest: string }): Begun {
  // Our own: the reply of an earlier try was lost.
  if (stored["owner"] === owner) return { kind: "first" };
  if (stored["bodyDigest"] !== bodyDigest) return { kind: "mismatch" };
  const { answer } = stored;
  if (typeof answer !== "object" || answer === null || !("status" in answer) || !("body" in answer)) {
    return { kind: "running" };
  }
  return { kind: "again", answer: { status: Number(answer.status), body: String(answer.body) } };
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
          Key: states.keyOf(idempotency.get({ tenantId, key })),
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

/** Forgets a call that failed in a way that may pass, so that the same key can try again at once. */
export async function abandonIdempotent(
  table: Table,
  { tenantId, key }: { tenantId: string; key: string },
): Promise<void> {
  await calling("forget a failed request", async () => {
    try {
      await table.client.send(
        new DeleteCommand({
          TableName: table.name,
          Key: states.keyOf(idempotency.get({ tenantId, key })),
          ConditionExpression: unanswered,
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}
