import type { Clock } from "@steward/node-client/clock";
import { expect, it } from "vitest";
import { keepModels } from "./keep-models.ts";
import { createProgress } from "./pull-model.ts";

type Told = [string, Record<string, unknown>];

/** A clock on which waiting takes no time, and a registry that answers as it is told. */
function kept(answer: (model: string, attempt: number) => number[] | Error, until: number) {
  let nowMs = 0;
  const stop = new AbortController();
  const told: Told[] = [];
  const asked: { model: string; atMs: number }[] = [];
  const done = Promise.withResolvers<void>();
  const clock: Clock = {
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal?.aborted) nowMs += ms;
    },
  };
  const states: unknown[] = [];
  const keeper = keepModels({
    pull: async (model, onPercent) => {
      if (asked.length >= until) {
        stop.abort();
        done.resolve();
        throw new Error("over");
      }
      asked.push({ model, atMs: nowMs });
      const answered = answer(model, asked.filter((one) => one.model === model).length);
      if (answered instanceof Error) throw answered;
      for (const percent of answered) onPercent(percent);
    },
    clock,
    random: () => 0.5,
    log: (event, fields = {}) => told.push([event, fields]),
    stop: stop.signal,
    onChange: () => states.push(keeper.state()),
    onPulled: () => {},
  });
  return { keeper, asked, told, states, done: done.promise, now: () => nowMs };
}
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

it("what is missing comes one after another in the order that was wanted, its progress shown and told by tenths", async () => {
  const { keeper, asked, told, states } = kept(() => [1, 4, 12, 13, 60, 100], 10);
  keeper.want(["llama3.2:3b", "llama3.1:8b"]);
  await settle();
  expect(asked.map((one) => one.model)).toEqual(["llama3.2:3b", "llama3.1:8b"]);
  expect(states).toContainEqual({ model: "llama3.2:3b", percent: 13 });
  expect(told.filter(([event]) => event === "models.pulling").map(([, fields]) => fields["percent"])).toEqual([
    12, 60, 100, 12, 60, 100,
  ]);
  expect(keeper.state()).toBeUndefined();
});

it("one that fails is tried ever more seldom, and the next has its turn meanwhile", async () => {
  const { keeper, asked, done, states } = kept(
    (model) => (model === "big" ? new Error("pull model manifest: 500") : [100]),
    7,
  );
  keeper.want(["big", "small"]);
  await done;
  expect(asked.slice(0, 2).map((one) => one.model)).toEqual(["big", "small"]);
  const gaps = asked
    .filter((one) => one.model === "big")
    .map((one, index, all) => one.atMs - (all[index - 1]?.atMs ?? 0));
  const waits = gaps.slice(1);
  expect(waits.length).toBeGreaterThanOrEqual(4);
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(waits[0]).toBeGreaterThanOrEqual(10_000);
  expect(states).toContainEqual({ model: "big", percent: 0, problem: "failing" });
});

it("a full disk is named, with what to do, and is not filled again at once", async () => {
  const full = "write /usr/share/ollama/.ollama/models/blobs/sha256:065b-partial-0: no space left on device";
  const { keeper, asked, told, done, states } = kept(() => new Error(full), 2);
  keeper.want(["llama3.1:8b"]);
  await done;
  expect(told.find(([event]) => event === "models.pull_failed")?.[1]).toMatchObject({
    model: "llama3.1:8b",
    why: expect.stringContaining("no space left") as string,
    next: expect.stringContaining("make room") as string,
  });
  expect(states).toContainEqual({ model: "llama3.1:8b", percent: 0, problem: "disk_full" });
  expect((asked[1]?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(600_000);
});

it("a name that the registry does not know is called one", async () => {
  const { keeper, told, done } = kept(() => new Error("pull model manifest: file does not exist"), 1);
  keeper.want(["lama3"]);
  await done;
  expect(told.find(([event]) => event === "models.pull_failed")?.[1]["next"]).toContain("there is no model lama3");
});

it("a model that is not wanted any more, or came by hand, is not asked for again", async () => {
  const { keeper, asked } = kept(() => new Error("offline"), 100);
  keeper.want(["big"]);
  await new Promise((resolve) => setImmediate(resolve));
  keeper.want([]);
  await settle();
  const before = asked.length;
  await settle();
  expect(asked.length).toBe(before);
  expect(keeper.state()).toBeUndefined();
});

it("progress is that of all layers, never goes back, and is whole only when Ollama says so", () => {
  const progress = createProgress();
  const part = (digest: string, completed: number, total: number) => ({
    status: `pulling ${digest}`,
    digest,
    total,
    completed,
  });
  expect(progress.moved({ status: "pulling manifest" })).toBe(true);
  expect(progress.percent()).toBe(0);
  progress.moved(part("a", 50, 100));
  expect(progress.percent()).toBe(50);
  expect(progress.moved(part("a", 50, 100))).toBe(false);
  progress.moved(part("b", 0, 100));
  expect(progress.percent()).toBe(50);
  progress.moved(part("a", 100, 100));
  progress.moved(part("b", 100, 100));
  expect(progress.percent()).toBe(99);
});
