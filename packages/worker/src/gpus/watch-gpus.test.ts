import type { Clock } from "@steward/node-client/clock";
import { expect, it } from "vitest";
import type { GpuProbe } from "./probe-gpus.ts";
import { lookEveryMs, watchGpus } from "./watch-gpus.ts";

function watched() {
  let nowMs = 0;
  let looks = 0;
  let answer: PromiseWithResolvers<GpuProbe> = Promise.withResolvers();
  const clock: Clock = { monotonicMs: () => nowMs, sleep: async () => {} };
  const watch = watchGpus(() => {
    looks += 1;
    return answer.promise;
  }, clock);
  return {
    watch,
    looks: () => looks,
    pass: (ms: number) => {
      nowMs += ms;
    },
    find: async (vramMb: number) => {
      answer.resolve({ gpus: [{ name: "GPU", vendor: "amd", vramMb, memory: "own" }], troubles: [] });
      answer = Promise.withResolvers();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

it("is asked for at every heartbeat and looks at most twice a minute, and never twice at once", async () => {
  const { watch, looks, pass, find } = watched();
  expect(watch.latest().gpus).toEqual([]);
  expect(watch.latest().gpus).toEqual([]);
  // A tool that takes its time: nobody waits, and none is started beside it.
  pass(10 * lookEveryMs);
  expect(watch.latest().gpus).toEqual([]);
  expect(looks()).toBe(1);
  await find(1);
  expect(watch.latest().gpus).toHaveLength(1);
  pass(lookEveryMs - 1);
  watch.latest();
  expect(looks()).toBe(1);
  pass(1);
  expect(watch.latest().gpus[0]?.vramMb).toBe(1);
  expect(looks()).toBe(2);
  await find(2);
  expect(watch.latest().gpus[0]?.vramMb).toBe(2);
});

it("a start waits for the first look", async () => {
  const { watch, find } = watched();
  const fresh = watch.fresh();
  await find(7);
  expect((await fresh).gpus[0]?.vramMb).toBe(7);
});
