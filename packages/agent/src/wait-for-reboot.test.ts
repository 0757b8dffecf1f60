import type { Clock } from "@steward/node-client/clock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { waitForReboot } from "./wait-for-reboot.ts";

/** A machine on a clock of its own: down for a while once it was told, then in another boot, later heard of. */
function world(options: { obeys?: boolean; downMs?: number; deafMs?: number; bootId?: string }) {
  const stop = new AbortController();
  let nowMs = 0;
  let told = 0;
  let backAtMs = Number.POSITIVE_INFINITY;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
  const { downMs = 20_000, deafMs = 3_000 } = options;
  return {
    told: () => told,
    nowMs: () => nowMs,
    stop,
    ask: (withinMs: number) =>
      waitForReboot({
        bootId: "one",
        withinMs,
        clock,
        signal: stop.signal,
        boot: {
          id: async () => {
            if (options.bootId !== undefined) return options.bootId;
            if (nowMs < backAtMs && told > 0 && options.obeys !== false) throw new Error("it is down");
            return nowMs >= backAtMs ? "two" : "one";
          },
          restart: async () => {
            told += 1;
            if (options.obeys !== false) backAtMs = nowMs + downMs;
          },
        },
        beat: async () => {
          if (nowMs < backAtMs + deafMs && options.bootId === undefined) throw new Error("no network yet");
        },
      }),
  };
}

describe("waiting for a machine to start again", () => {
  it("ends at another boot and the first heartbeat after it, or at the deadline, and tells the machine once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60_000), fc.nat(20_000), fc.nat(90_000), async (downMs, deafMs, withinMs) => {
        const { ask, told, nowMs } = world({ downMs, deafMs });
        const rebooted = await ask(withinMs);
        expect(told()).toBe(withinMs === 0 ? 0 : 1);
        if (rebooted.type === "back") expect(nowMs()).toBeGreaterThanOrEqual(downMs + deafMs);
        else expect(rebooted.type).toBe("failed");
        // A look is due every second.
        if (downMs + deafMs + 1_000 < withinMs) expect(rebooted.type).toBe("back");
        if (downMs + deafMs > withinMs) expect(rebooted.type).toBe("failed");
      }),
    );
  });

  it("tells a machine nothing that has restarted already", async () => {
    const { ask, told } = world({ bootId: "two" });
    expect(await ask(1_000)).toEqual({ type: "back" });
    expect(told()).toBe(0);
  });

  it("fails at the deadline where the machine does not go down, and where it is back too late", async () => {
    expect(await world({ obeys: false }).ask(60_000)).toEqual({
      type: "failed",
      reason: "the machine did not start again in time",
    });
    expect(await world({ bootId: "two" }).ask(-1)).toEqual({ type: "failed", reason: "the machine was back too late" });
  });

  it("ends with the agent, which goes down with the machine", async () => {
    const { ask, stop } = world({ obeys: false });
    stop.abort();
    expect(await ask(60_000)).toEqual({ type: "going_down" });
  });
});
