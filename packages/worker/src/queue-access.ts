import { SQSClient } from "@aws-sdk/client-sqs";
import type { Client } from "@steward/contracts/client";
import type { queueCredentialsSchema } from "@steward/contracts/routes/workers";
import { fullJitterMs } from "@steward/node-client/backoff";
import { type Clock, systemClock } from "@steward/node-client/clock";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, type Log } from "@steward/node-client/log";
import type { z } from "zod";

type Lent = z.infer<typeof queueCredentialsSchema>;

export interface QueueAccess {
  /** Keys that hold, asked for where there are none. Throws where there are none to be had now. */
  keys(): Promise<Lent>;
  /** The queues refused the keys: whatever their time says, they are worth nothing. */
  refused(): void;
}

/** New ones are asked for at half of the time of those there are: for as long again the door may be away. */
const refreshAt = 0.5;
/** Not used in their last minute: a call would come too late. */
const marginMs = 60_000;

/**
 * Keys to the queues, lent by the nodes door and renewed long before they end. By the monotonic clock alone: a worker's
 * time of day may be wrong. While the door is away those there are go on being used until they end; a door that says no
 * for good (the worker was removed, or is in quarantine) ends their use at once.
 */
export function createQueueAccess(options: {
  call: Client;
  log: Log;
  clock?: Clock;
  random?: () => number;
}): QueueAccess {
  const { call, log, clock = systemClock, random = Math.random } = options;
  let held: { keys: Lent; refreshAtMs: number; endsAtMs: number } | undefined;
  let asking: Promise<Lent> | undefined;
  let failures = 0;
  let askAgainAtMs = Number.NEGATIVE_INFINITY;

  async function ask(): Promise<Lent> {
    // Counted from before the call: never later than the lender's own count.
    const askedAtMs = clock.monotonicMs();
    try {
      const keys = await call("queueCredentials", {});
      const lifeMs = keys.expiresInSeconds * 1000;
      held = {
        keys,
        refreshAtMs: askedAtMs + lifeMs * refreshAt,
        endsAtMs: askedAtMs + lifeMs - Math.min(marginMs, lifeMs / 10),
      };
      if (failures > 0) log("queue_keys.lent_again", {});
      failures = 0;
      askAgainAtMs = Number.NEGATIVE_INFINITY;
      return keys;
    } catch (error) {
      failures += 1;
      askAgainAtMs = clock.monotonicMs() + fullJitterMs({ failures, baseMs: 500, capMs: 60_000, random });
      if (isFinal(error)) held = undefined;
      if (failures === 1) log("queue_keys.not_lent", { error: describeError(error), inUse: held !== undefined });
      throw error;
    }
  }
  const askOnce = () => (asking ??= ask().finally(() => (asking = undefined)));

  return {
    async keys() {
      const nowMs = clock.monotonicMs();
      if (held === undefined || nowMs >= held.endsAtMs) return askOnce();
      if (nowMs >= held.refreshAtMs && nowMs >= askAgainAtMs) askOnce().catch(() => undefined);
      return held.keys;
    },
    refused() {
      held = undefined;
    },
  };
}

/** How SQS, and STS behind it, say that keys are worth nothing (any more). */
const refusals = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "InvalidSecurity",
  "UnrecognizedClientException",
]);

/** A client for the queues with lent keys. Where they were taken back before their time, its next call has new ones. */
export function createQueueClient(access: QueueAccess): SQSClient {
  const sqs = new SQSClient({
    region: async () => (await access.keys()).region,
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await access.keys();
      // Over since 1970: so the SDK asks at every call, and not by this machine's time of day.
      return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(0) };
    },
  });
  sqs.middlewareStack.add(
    (next) => async (input) => {
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof Error && refusals.has(error.name)) access.refused();
        throw error;
      }
    },
    { step: "initialize", name: "stewardQueueKeysRefused", priority: "high" },
  );
  return sqs;
}
