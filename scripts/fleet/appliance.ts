import { createClient } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { Metrics } from "@steward/contracts/heartbeat";
import { type Clock, createServerClock } from "@steward/node-client/clock";
import { startHeartbeats } from "@steward/node-client/heartbeats";
import type { Sequence } from "@steward/node-client/sequence";

/** How a request of an appliance goes through its network and our door. Rejects when no answer comes. */
export type Door = (body: string) => Promise<{ status: number; body: string; retryAfter?: string }>;

export interface Appliance {
  /** The agent's process starts, as after power has come back. */
  start(): void;
  stop(): void;
}

/** An agent's own heartbeats (`node-client`), with a network and a clock that the simulation gives it. */
export function createAppliance(options: {
  door: Door;
  clock: Clock;
  random: () => number;
  metrics: () => Metrics;
  nodesUrl: string;
}): Appliance {
  const { clock } = options;
  const sequence = numbers();
  const call = createClient({
    baseUrl: options.nodesUrl,
    transport: async ({ body = "" }) => {
      const { status, body: text, retryAfter } = await options.door(body);
      return {
        status,
        text: async () => text,
        header: (name) => (name.toLowerCase() === "retry-after" ? retryAfter : undefined),
      };
    },
  });
  let power: AbortController | undefined;
  return {
    start() {
      power?.abort();
      power = new AbortController();
      const heartbeats = startHeartbeats({
        client: {
          call,
          serverClock: createServerClock(clock),
          tendCertificate: async () => {},
          recoverCertificate: async () => false,
          goBackToOldCertificate: async () => false,
        },
        sequence,
        collect: () => ({
          metrics: options.metrics(),
          agentVersion: "0.1.0",
          configRevision: 0,
          factsDigest: facts,
        }),
        onAnswer: () => {},
        log: () => {},
        signal: power.signal,
        clock,
        random: options.random,
      });
      void heartbeats.ended;
    },
    stop: () => power?.abort(),
  };
}

const facts = "5".repeat(64);

/** As the agent's file keeps them: they grow, also over the loss of power. */
function numbers(): Sequence {
  let last = 0;
  return {
    next: async () => (last += 1),
    continueAbove: (seen) => void (last = Math.max(last, seen)),
  };
}

/** As the node's client says it of a call of which nobody knows whether it was carried out. */
export function unanswered(): AppError {
  return new AppError("unavailable", "no answer", { details: { unanswered: true } });
}
