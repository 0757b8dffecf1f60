import type { Lane } from "@steward/contracts/names";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterMessage, choosePolls, firstTurn, type PullState } from "./choose-polls.ts";
import { createSlots } from "./slots.ts";

const lanes: Lane[] = ["express", "standard", "bulk"];
const none = new Set<Lane>();

describe("which receives begin", () => {
  it("with a slot for every lane: one long poll each, and none twice", () => {
    expect(choosePolls({ lanes, polling: none, freeSlots: 5, state: firstTurn }).polls).toEqual(
      lanes.map((lane) => ({ lane, waitSeconds: 20 })),
    );
    expect(choosePolls({ lanes, polling: new Set(lanes), freeSlots: 5, state: firstTurn }).polls).toEqual([]);
    expect(choosePolls({ lanes, polling: new Set<Lane>(["standard"]), freeSlots: 2, state: firstTurn }).polls).toEqual([
      { lane: "express", waitSeconds: 20 },
      { lane: "bulk", waitSeconds: 20 },
    ]);
  });

  it("with fewer: short polls in rounds, the shortest lane first", () => {
    const seen: Lane[] = [];
    let state: PullState = firstTurn;
    for (let poll = 0; poll < 6; poll += 1) {
      const chosen = choosePolls({ lanes, polling: none, freeSlots: 1, state });
      expect(chosen.polls).toMatchObject([{ waitSeconds: 1 }]);
      seen.push(...chosen.polls.map(({ lane }) => lane));
      state = chosen.state;
    }
    expect(seen).toEqual([...lanes, ...lanes]);
  });

  it("the longest lane is asked first in every eighth turn, however busy the shortest one is", () => {
    let state: PullState = firstTurn;
    const first: Lane[] = [];
    for (let turn = 0; turn < 16; turn += 1) {
      const { polls } = choosePolls({ lanes, polling: none, freeSlots: 1, state });
      first.push(...polls.map(({ lane }) => lane));
      state = afterMessage(state);
    }
    expect(first.map((lane) => (lane === "bulk" ? 1 : 0)).join("")).toBe("0000000100000001");
    expect(first.filter((lane) => lane === "express")).toHaveLength(14);
  });

  it("never takes more than the free slots, and never the same lane twice", () => {
    fc.assert(
      fc.property(
        fc.subarray(lanes),
        fc.integer({ min: 0, max: 5 }),
        fc.record({ turn: fc.nat(100), position: fc.nat(2) }),
        (busy, freeSlots, state) => {
          const polling = new Set(busy);
          const { polls } = choosePolls({ lanes, polling, freeSlots, state });
          const names = polls.map(({ lane }) => lane);
          expect(names.length).toBeLessThanOrEqual(freeSlots);
          expect(new Set([...names, ...busy]).size).toBe(names.length + busy.length);
          if (freeSlots > 0 && busy.length < lanes.length) expect(names.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  it("every lane is asked within a bounded number of polls", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 40, maxLength: 80 }), (messages) => {
        let state: PullState = firstTurn;
        let sinceBulk = 0;
        for (const message of messages) {
          const chosen = choosePolls({ lanes, polling: none, freeSlots: 1, state });
          sinceBulk = chosen.polls[0]?.lane === "bulk" ? 0 : sinceBulk + 1;
          expect(sinceBulk).toBeLessThanOrEqual(3 * 8);
          state = message ? afterMessage(chosen.state) : chosen.state;
        }
      }),
    );
  });
});

describe("slots", () => {
  it("are never more than there are, whatever is done with them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom("reserve", "use", "release"), { maxLength: 40 }),
        (total, steps) => {
          const slots = createSlots(total);
          const held: { slot: NonNullable<ReturnType<typeof slots.reserveSlot>>; used: boolean }[] = [];
          for (const step of steps) {
            if (step === "reserve") {
              const slot = slots.reserveSlot();
              expect(slot === undefined).toBe(held.length === total);
              if (slot) held.push({ slot, used: false });
            } else if (step === "use") {
              const one = held.find(({ used }) => !used);
              if (one) {
                slots.markSlotUsed(one.slot);
                one.used = true;
                expect(() => slots.markSlotUsed(one.slot)).toThrow("not reserved");
              }
            } else {
              const one = held.pop();
              if (one) {
                slots.releaseSlot(one.slot);
                expect(() => slots.releaseSlot(one.slot)).toThrow("not held");
              }
            }
            expect(slots.free()).toBe(total - held.length);
            expect(slots.used()).toBe(held.filter(({ used }) => used).length);
          }
        },
      ),
    );
  });
});
