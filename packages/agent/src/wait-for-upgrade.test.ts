import type { Clock } from "@steward/node-client/clock";
import type { UpgradeOutcome } from "@steward/node-client/service-commands";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Upgrader, waitForUpgrade } from "./wait-for-upgrade.ts";

function sleepless(): Clock {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
}

/** An upgrade that takes so many looks, and is killed at some of them; begun again it goes on from there. */
function machine({ looks, killedAt, end }: { looks: number; killedAt: number[]; end: UpgradeOutcome }) {
  const begun: string[] = [];
  let left = looks;
  let underWay = false;
  const upgrader: Upgrader = {
    async begin(id) {
      if (underWay) throw new Error("one is under way");
      begun.push(id);
      underWay = true;
    },
    isUnderWay: async () => underWay,
    async endOf() {
      if (!underWay) return left <= 0 ? end : undefined;
      left -= 1;
      if (left <= 0) {
        underWay = false;
        return end;
      }
      if (killedAt.includes(left)) underWay = false;
      return undefined;
    },
  };
  return { upgrader, begun };
}

const ends: UpgradeOutcome[] = [
  { type: "upgraded", version: "2.0.0" },
  { type: "current", version: "2.0.0" },
  { type: "returned", version: "2.0.0", why: "it got no heartbeat out in time" },
  { type: "failed", why: "forbidden: the release is refused" },
];

describe("waiting for an upgrade", () => {
  it("comes to the upgrade's own end, in whichever life, however often the upgrade itself was killed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 11 }), { maxLength: 4 }),
        fc.constantFrom(...ends),
        fc.integer({ min: 1, max: 14 }),
        async (looks, killedAt, end, lifeEndsAfter) => {
          const { upgrader, begun } = machine({ looks, killedAt, end });
          const about = { upgrader, id: "one", version: undefined, beat: async () => {}, withinMs: 600_000 };
          const clock = sleepless();
          const life = new AbortController();
          let slept = 0;
          const dying = {
            ...clock,
            sleep: async (ms: number, signal?: AbortSignal) => {
              slept += 1;
              if (slept === lifeEndsAfter) life.abort();
              await clock.sleep(ms, signal);
            },
          };
          let outcome = await waitForUpgrade({ ...about, clock: dying, signal: life.signal });
          if (outcome.type === "going_down") {
            outcome = await waitForUpgrade({ ...about, clock, signal: new AbortController().signal });
          }
          expect(outcome.type).toBe(end.type === "upgraded" || end.type === "current" ? "back" : "failed");
          if (outcome.type === "failed") expect(outcome.reason).toContain("why" in end ? end.why : "");
          expect(begun.length).toBeLessThanOrEqual(killedAt.length + 1);
        },
      ),
    );
  });

  it("fails where it cannot be begun, and at its deadline", async () => {
    const clock = sleepless();
    const never = { endOf: async () => undefined, isUnderWay: async () => true, begin: async () => {} };
    const about = { id: "one", version: "2.0.0", beat: async () => {}, withinMs: 10_000, clock };
    const { signal } = new AbortController();
    expect(await waitForUpgrade({ ...about, upgrader: never, signal })).toMatchObject({
      type: "failed",
      reason: "the upgrade did not end in time",
    });
    const begin = () => Promise.reject(new Error("there is no systemd-run"));
    const absent = { ...never, isUnderWay: async () => false, begin };
    expect(await waitForUpgrade({ ...about, upgrader: absent, signal })).toMatchObject({
      reason: expect.stringContaining("there is no systemd-run"),
    });
  });
});
