import { canonicalHash } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { z } from "zod";

/** Whose key it is: the same key of another person, or on another route, is another key. */
export interface IdempotencyScope {
  tenantId: string;
  personId: string;
  routeId: string;
  key: string;
}

export type Reservation =
  /** This call runs. `seed` is the same for every call with this key: ids of what the call creates come from it. */
  | { kind: "reserved"; seed: string; owner: string }
  | { kind: "answered"; answer: string }
  | { kind: "mismatch" }
  /** Another call with this key runs right now. */
  | { kind: "busy" };

/**
 * Where keys are remembered (24 h). A call that died in between is taken over after `takeOverAfterMs`, under the same
 * seed: what it had already created is found under the same id and not created again.
 */
export interface IdempotencyStore {
  reserve(
    scope: IdempotencyScope,
    request: { digest: string; nowMs: number; takeOverAfterMs: number },
  ): Promise<Reservation>;
  settle(scope: IdempotencyScope, outcome: { owner: string; answer: string }): Promise<void>;
  /** The call failed and changed nothing: the key is free again for the same request. */
  release(scope: IdempotencyScope, owner: string): Promise<void>;
}

/** An API Gateway call ends at 30 s: an older one is dead. */
const takeOverAfterMs = 30_000;
/** A DynamoDB item holds 400 KB. A larger answer is not kept: the call is made again, under the same seed. */
const maxKeptCharacters = 200_000;

export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, "1 to 200 printable ASCII characters");

/** Runs `call` at most once per key and gives its answer again to every repetition. */
export async function once(
  store: IdempotencyStore,
  scope: IdempotencyScope,
  request: { content: unknown; nowMs: number },
  call: (seed: string) => Promise<unknown>,
): Promise<{ answer: unknown; replayed: boolean }> {
  const digest = canonicalHash(request.content);
  const reservation = await store.reserve(scope, { digest, nowMs: request.nowMs, takeOverAfterMs });
  switch (reservation.kind) {
    case "answered":
      return { answer: JSON.parse(reservation.answer), replayed: true };
    case "mismatch":
      throw new AppError("idempotency_mismatch", "this Idempotency-Key was used for a request with another content", {
        next: "Use a new key for a new request.",
        fields: [{ path: "Idempotency-Key", message: "belongs to another request" }],
      });
    case "busy":
      throw new AppError("conflict", "the same request is being worked on", {
        retryAfterSeconds: 1,
        next: "Repeat it in a moment with the same key to get its answer.",
      });
    case "reserved": {
      let answer: unknown;
      try {
        answer = await call(reservation.seed);
      } catch (error) {
        // Only a refusal is known to have changed nothing; after a fault the next call takes over under the same seed.
        if (error instanceof AppError && error.code !== "internal" && error.code !== "unavailable") {
          await store.release(scope, reservation.owner);
        }
        throw error;
      }
      const text = JSON.stringify(answer ?? null);
      if (text.length <= maxKeptCharacters) await store.settle(scope, { owner: reservation.owner, answer: text });
      return { answer, replayed: false };
    }
  }
}
