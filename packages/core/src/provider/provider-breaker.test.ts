import fc from "fast-check";
import { expect, it } from "vitest";
import { createProviderBreaker } from "./provider-breaker.ts";

function provider() {
  const world = { nowMs: 0, up: true, asked: 0, told: [] as string[] };
  const breaker = createProviderBreaker<boolean>({
    isOutage: (answer) => !answer,
    outages: 3,
    nowMs: () => world.nowMs,
    onChange: (state) => world.told.push(state),
  });
  const ask = () =>
    breaker.ask(async () => {
      world.asked += 1;
      return world.up;
    });
  return { world, breaker, ask };
}

it("a provider that is down is asked three times, then once after each pause, and each pause is twice as long", async () => {
  const { world, breaker, ask } = provider();
  world.up = false;
  const askedAt: number[] = [];
  for (; world.nowMs < 600_000; world.nowMs += 1_000) {
    const before = world.asked;
    await ask();
    if (world.asked > before) askedAt.push(world.nowMs / 1_000);
  }
  expect(askedAt).toEqual([0, 1, 2, 17, 47, 107, 227, 347, 467, 587]);
  expect(breaker.closedForMs()).toBeGreaterThan(0);
});

it("one that answers again is asked by everybody, and told once each way", async () => {
  const { world, breaker, ask } = provider();
  world.up = false;
  for (let count = 0; count < 5; count += 1) await ask();
  expect(await ask()).toEqual({ kind: "down", forMs: 15_000 });
  world.nowMs += 15_000;
  await ask();
  world.nowMs += 30_000;
  world.up = true;
  expect(await ask()).toEqual({ kind: "asked", answer: true });
  expect(breaker.isUp()).toBe(true);
  expect(world.told).toEqual(["down", "up"]);
});

it("while one question tries it, nobody else waits for its outcome", async () => {
  const { world, breaker, ask } = provider();
  world.up = false;
  for (let count = 0; count < 3; count += 1) await ask();
  world.nowMs += 15_000;
  const trying = Promise.withResolvers<boolean>();
  const first = breaker.ask(() => trying.promise);
  expect(await ask()).toEqual({ kind: "down", forMs: 5_000 });
  trying.resolve(true);
  expect(await first).toEqual({ kind: "asked", answer: true });
  expect(await ask()).toMatchObject({ kind: "asked" });
});

it("whatever a provider does and however the system's clock jumps, it is asked again within the longest pause", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.nat(90_000)), { maxLength: 40 }), async (list) => {
      const { world, ask } = provider();
      for (const [up, passedMs] of list) {
        world.up = up;
        world.nowMs += passedMs;
        await ask();
      }
      world.up = true;
      world.nowMs += 120_000;
      expect(await ask()).toEqual({ kind: "asked", answer: true });
    }),
  );
});
