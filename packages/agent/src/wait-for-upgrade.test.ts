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

/**
 * An upgrade that takes so many looks, and is killed at some of them: it comes again by itself, for which its unit takes a
 * look (`activating`), or is gone, and goes on from there when it is begun again.
 */
function machine(about: { looks: number; killedAt: number[]; goneAt: number[]; end: UpgradeOutcome }) {
  const { looks, killedAt, goneAt, end } = about;
  const begun: string[] = [];
  let left = looks;
  let state: "inactive" | "active" | "activating" = "inactive";
  const upgrader: Upgrader = {
    async begin({ id }) {
      begun.push(id);
      if (state !== "inactive") throw new Error("Unit steward-agent-upgrade.service was already loaded");
      state = "active";
    },
    unitState: async () => state,
    async endOf() {
      if (state === "inactive") return left <= 0 ? end : undefined;
      if (state === "activating") {
        state = "active";
        return undefined;
      }
      left -= 1;
      if (left <= 0) {
        state = "inactive";
        return end;
      }
      if (killedAt.includes(left)) state = goneAt.includes(left) ? "inactive" : "activating";
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
        fc.uniqueArray(fc.integer({ min: 1, max: 11 })),
        fc.constantFrom(...ends),
        fc.integer({ min: 1, max: 14 }),
        async (looks, killedAt, goneAt, end, lifeEndsAfter) => {
          const { upgrader, begun } = machine({ looks, killedAt, goneAt, end });
          const clock = sleepless();
          // A life begins without the server's time.
          const nowMs = () => (clock.monotonicMs() === 0 ? undefined : 1_800_000_000_000 + clock.monotonicMs());
          const about = { upgrader, id: "one", version: undefined, beat: async () => {}, withinMs: 600_000, nowMs };
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
          expect(begun.length).toBeLessThanOrEqual(killedAt.filter((at) => goneAt.includes(at)).length + 1);
        },
      ),
    );
  });

  it("fails where it cannot be begun, and at its deadline", async () => {
    const clock = sleepless();
    const never = { endOf: async () => undefined, unitState: async () => "activating", begin: async () => {} };
    const about = { id: "one", version: "2.0.0", beat: async () => {}, withinMs: 10_000, clock, nowMs: () => 1 };
    const { signal } = new AbortController();
    expect(await waitForUpgrade({ ...about, upgrader: never, signal })).toMatchObject({
      type: "failed",
      reason: "the upgrade did not end in time",
    });
    const begin = () => Promise.reject(new Error("there is no systemd-run"));
    const absent = { ...never, unitState: async () => "inactive", begin };
    expect(await waitForUpgrade({ ...about, withinMs: 1_200_000, upgrader: absent, signal })).toMatchObject({
      reason: expect.stringContaining("there is no systemd-run"),
    });
  });

  it("is begun a few times at most where each ends without a word", async () => {
    let begun = 0;
    const upgrader: Upgrader = {
      endOf: async () => undefined,
      unitState: async () => "inactive",
      begin: async () => void (begun += 1),
    };
    const about = { id: "one", version: "2.0.0", beat: async () => {}, withinMs: 1_200_000, nowMs: () => 1, upgrader };
    const clock = sleepless();
    expect(await waitForUpgrade({ ...about, clock, signal: new AbortController().signal })).toMatchObject({
      reason: "the upgrade cannot be begun: it ended without a word",
    });
    // A person's own upgrade, which keeps it off meanwhile, has time to end.
    expect([begun, clock.monotonicMs() >= 300_000]).toEqual([5, true]);
  });
});
