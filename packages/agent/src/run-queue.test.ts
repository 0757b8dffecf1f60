import { AppError } from "@steward/contracts/errors";
import type { Clock } from "@steward/node-client/clock";
import { expect, test } from "vitest";
import type { Obeyed } from "./obey-run.ts";
import { createRunQueue } from "./run-queue.ts";

/** Time stands still: whoever sleeps is woken by somebody, or never. */
const standing: Clock = {
  monotonicMs: () => 0,
  sleep: async (_, signal) => {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
  },
};
/** Whoever sleeps is awake at once, that much later. */
function sleepless(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    clock: {
      monotonicMs: () => pauses.reduce((sum, ms) => sum + ms, 0),
      sleep: async (ms) => void pauses.push(ms),
    },
  };
}
const unavailable = new AppError("unavailable", "no bundle");

function queueOf(options: { pending: () => string[]; obey: (runId: string) => Obeyed | void; clock?: Clock }) {
  const stop = new AbortController();
  const queue = createRunQueue({
    pending: async () => options.pending(),
    obey: async (runId) => {
      return options.obey(runId) ?? { type: "ran", status: "succeeded" };
    },
    onRan: async () => undefined,
    clock: options.clock ?? standing,
    random: () => 0.5,
    log: () => undefined,
    signal: stop.signal,
  });
  return {
    queue,
    end: async () => {
      stop.abort();
      await queue.settled();
    },
  };
}

test("a run that cannot begin keeps no other waiting, and is not hurried by the doorbell", async () => {
  const obeyed: string[] = [];
  const done = Promise.withResolvers<void>();
  let pending = ["run_a"];
  const { queue, end } = queueOf({
    pending: () => pending,
    obey: (runId) => {
      obeyed.push(runId);
      if (runId === "run_a") throw unavailable;
      done.resolve();
    },
  });
  queue.wake();
  await expect.poll(() => obeyed).toEqual(["run_a"]);
  pending = ["run_a", "run_b"];
  queue.wake();
  await done.promise;
  expect(obeyed).toEqual(["run_a", "run_b"]);
  await end();
});

test("what cannot begin is tried again with growing pauses until it can", async () => {
  const { clock, pauses } = sleepless();
  let tries = 0;
  const { queue, end } = queueOf({
    pending: () => (tries > 4 ? [] : ["run_a"]),
    obey: () => {
      tries += 1;
      if (tries <= 4) throw unavailable;
    },
    clock,
  });
  queue.wake();
  await queue.settled();
  expect(tries).toBe(5);
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
  await end();
});

test("while runs cannot be listed, one that is due again does not make the agent ask without a pause", async () => {
  const { clock, pauses } = sleepless();
  let listings = 0;
  const { queue, end } = queueOf({
    pending: () => {
      listings += 1;
      if (listings === 1) return ["run_a"];
      if (listings > 6) return [];
      throw unavailable;
    },
    obey: () => {
      throw unavailable;
    },
    clock,
  });
  queue.wake();
  await queue.settled();
  expect(pauses).toEqual([500, 500, 1_000, 2_000, 4_000, 8_000]);
  await end();
});

test("the doorbell is heard while runs could not be listed", async () => {
  const obeyed: string[] = [];
  let down = true;
  const { queue, end } = queueOf({
    pending: () => {
      if (down) throw unavailable;
      return obeyed.length > 0 ? [] : ["run_a"];
    },
    obey: (runId) => void obeyed.push(runId),
  });
  queue.wake();
  down = false;
  queue.wake();
  await expect.poll(() => obeyed).toEqual(["run_a"]);
  await end();
});

test("a run that has ended and comes back as another attempt is obeyed at once, and not after a minute", async () => {
  const { clock } = sleepless();
  const done = Promise.withResolvers<void>();
  let looks = 0;
  const { queue, end } = queueOf({
    pending: () => ["run_a"],
    obey: () => {
      looks += 1;
      if (looks === 1) return { type: "over", code: "expired" };
      return done.resolve();
    },
    clock,
  });
  queue.wake();
  await done.promise;
  expect(clock.monotonicMs()).toBeLessThan(1_000);
  await end();
});
