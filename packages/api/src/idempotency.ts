import { canonicalHash } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { derivedId } from "@steward/contracts/ids";
import type { Repeatable } from "@steward/control/context";
import { z } from "zod";

/** Whose key it is: the same key of another person, or on another route, is another key. */
export interface IdempotencyScope {
  tenantId: string;
  personId: string;
  routeId: string;
  key: string;
}

export interface KeptAnswer {
  status: number;
  body: string;
}
export type Begun =
  /** `beganAtMs`: the very first try. `begunBefore`: that was another one, and nobody knows what became of it. */
  | { kind: "first"; owner: string; beganAtMs: number; begunBefore: boolean }
  | { kind: "again"; answer: KeptAnswer }
  /** Another call with this key is under way. */
  | { kind: "running" }
  | { kind: "mismatch" };

/** Where keys are remembered (24 h). `key` is a hash over scope and key. */
export interface IdempotencyStore {
  begin(input: { tenantId: string; key: string; bodyDigest: string; nowMs: number }): Promise<Begun>;
  finish(input: { tenantId: string; key: string; answer: KeptAnswer }): Promise<void>;
  /** The call was refused and changed nothing: the key is free again. */
  abandon(input: { tenantId: string; key: string; owner: string }): Promise<void>;
}

/** A DynamoDB item holds 400 KB. A larger answer is not kept; a repetition is told to look for itself. */
const maxKeptBytes = 300_000;

export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, "1 to 200 printable ASCII characters");

/**
 * Runs `call` once per key and gives its answer again to every repetition. Only successes are kept. A call that was
 * killed is made again; it is told so, and gives what it makes the same id.
 */
export async function once(
  store: IdempotencyStore,
  scope: IdempotencyScope,
  request: { content: unknown; nowMs: number },
  call: (repeatable: Repeatable) => Promise<KeptAnswer>,
): Promise<KeptAnswer & { replayed: boolean }> {
  const { tenantId } = scope;
  const key = canonicalHash({ ...scope });
  const begun = await store.begin({ tenantId, key, bodyDigest: canonicalHash(request.content), nowMs: request.nowMs });
  switch (begun.kind) {
    case "again":
      return { ...begun.answer, replayed: true };
    case "mismatch":
      throw new AppError("idempotency_mismatch", "this Idempotency-Key was used for a request with another content", {
        next: "Use a new key for a new request.",
        fields: [{ path: "Idempotency-Key", message: "belongs to another request" }],
      });
    case "running":
      throw new AppError("conflict", "the same request is being worked on", {
        retryAfterSeconds: 1,
        next: "Repeat it in a moment with the same key to get its answer.",
      });
    case "first": {
      let answer: KeptAnswer;
      try {
        answer = await call({
          idOf: (kind) => derivedId(kind, begun.beganAtMs, key),
          begunBefore: begun.begunBefore,
        });
      } catch (error) {
        // A refusal changed nothing. After a fault nobody knows, so the key stays taken until it counts as abandoned.
        if (error instanceof AppError && error.code !== "internal" && error.code !== "unavailable") {
          await store.abandon({ tenantId, key, owner: begun.owner });
        }
        throw error;
      }
      if (Buffer.byteLength(answer.body) <= maxKeptBytes) await store.finish({ tenantId, key, answer });
      return { ...answer, replayed: false };
    }
    default:
      return begun satisfies never;
  }
}
