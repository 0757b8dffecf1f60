import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterJob,
  afterMessage,
  choosePolls,
  firstTurn,
  type PullQueue,
  type PullState,
  pullQueues,
} from "./choose-polls.ts";

const queues = pullQueues;
const none = new Set<PullQueue>();
const names = (polls: { queue: PullQueue }[]) => polls.map(({ queue }) => queue);

/** What one slot asks for in `count` polls, when `answers` says which of them bring a message. */
function rounds(count: number, answers: (poll: number, queue: PullQueue) => boolean = () => false) {
  const asked: [PullQueue, number][] = [];
  let state: PullState = firstTurn;
  for (let poll = 0; poll < count; poll += 1) {
    const chosen = choosePolls({ queues, polling: none, freeSlots: 1, usedSlots: 0, state });
    const [only] = chosen.polls;
    if (only === undefined || chosen.polls.length !== 1) throw new Error("one slot begins one receive");
    asked.push([only.queue, only.waitSeconds]);
    state = answers(poll, only.queue) ? afterJob(afterMessage(chosen.state)) : chosen.state;
  }
  return asked;
}

describe("with a slot for every queue", () => {
  const input = { queues, polling: none, freeSlots: 5, usedSlots: 0, state: firstTurn };

  it("each is polled at the same time, and none twice", () => {
    expect(names(choosePolls(input).polls)).toEqual(["own", "express", "standard", "bulk"]);
    expect(choosePolls({ ...input, polling: new Set(queues) }).polls).toEqual([]);
    const missing = choosePolls({ ...input, polling: new Set<PullQueue>(["own", "standard"]), freeSlots: 2 });
    expect(names(missing.polls)).toEqual(["express", "bulk"]);
  });

  it("an idle worker waits long, one that works comes back to every queue within a second", () => {
    expect(new Set(choosePolls(input).polls.map(({ waitSeconds }) => waitSeconds))).toEqual(new Set([20]));
    const working = choosePolls({ ...input, usedSlots: 1 });
    expect(new Set(working.polls.map(({ waitSeconds }) => waitSeconds))).toEqual(new Set([1]));
  });

  it("without a queue of its own the lanes are all that it needs slots for", () => {
    const { polls } = choosePolls({ ...input, queues: ["express", "standard", "bulk"], freeSlots: 3 });
    expect(polls).toEqual(["express", "standard", "bulk"].map((queue) => ({ queue, waitSeconds: 20 })));
  });
});

describe("with fewer slots", () => {
  const glances = ["own", "express", "express", "standard", "standard", "bulk"].map((queue) => [queue, 0]);

  it("a turn glances at each queue, at a lane twice before a longer one, and lingers at one", () => {
    expect(rounds(14)).toEqual([...glances, ["express", 1], ...glances, ["express", 1]]);
  });

  it("lingers at the shortest lane, and at each of the others in turn", () => {
    const lingered = rounds(7 * 12).flatMap(([queue, seconds]) => (seconds === 1 ? [queue] : []));
    const e = "express";
    expect(lingered).toEqual([e, e, e, "own", e, e, e, "standard", e, e, e, "bulk"]);
  });

  it("after a quiet minute only lingers, at the shortest lane every second time, until a message comes", () => {
    const quiet = rounds(7 * 60 + 8, (poll) => poll === 7 * 60 + 5).slice(7 * 60);
    expect(quiet).toEqual([
      ...["express", "own", "express", "standard", "express", "bulk"].map((queue) => [queue, 1]),
      ...glances.slice(0, 2),
    ]);
  });

  it("a slot whose job has ended glances at all before it lingers", () => {
    expect(rounds(8, (poll) => poll === 4).slice(4)).toEqual([["standard", 0], ...glances.slice(0, 3)]);
  });

  it("a queue that 64 turns in a row have passed over comes first, the longest lane before the others", () => {
    const first = rounds(300, (_, queue) => queue !== "own").map(([queue]) => queue);
    const lanes = first.filter((queue) => queue !== "own");
    expect(lanes.flatMap((lane, at) => (lane === "express" ? [] : [`${lane} ${at}`]))).toEqual([
      "bulk 64",
      "standard 65",
      "bulk 128",
      "standard 129",
    ]);
  });

  it("every queue is asked within a bounded number of turns, whichever others always have a message", () => {
    fc.assert(
      fc.property(
        fc.subarray([...queues], { maxLength: 3 }),
        fc.array(fc.boolean(), { minLength: 700 }),
        (busy, more) => {
          const asked = rounds(more.length, (poll, queue) => busy.includes(queue) || (more[poll] ?? false));
          for (const queue of queues) {
            let since = 0;
            let longest = 0;
            for (const [one] of asked) {
              since = one === queue ? 0 : since + 1;
              longest = Math.max(longest, since);
            }
            // 64 turns that a message ends, after the glances at the three others at the most; then those due before it.
            expect(longest).toBeLessThanOrEqual((64 + 4) * 6);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

it("never takes more than the free slots, never the same queue twice, and leaves no slot idle beside an unasked queue", () => {
  fc.assert(
    fc.property(
      fc.subarray([...queues]),
      fc.subarray([...queues]),
      fc.integer({ min: 0, max: 6 }),
      fc.nat(3),
      fc.record({
        turn: fc.nat(100),
        quietTurns: fc.nat(100),
        rest: fc.array(fc.record({ queue: fc.constantFrom(...queues), waitSeconds: fc.nat(1) }), { maxLength: 7 }),
        passedOver: fc.dictionary(fc.constantFrom(...queues), fc.nat(70)),
      }),
      (served, busy, freeSlots, usedSlots, state) => {
        // Something may be polled that is not served any more: its model went while the receive was out.
        const polling = new Set(busy);
        const chosen = choosePolls({ queues: served, polling, freeSlots, usedSlots, state });
        const begun = names(chosen.polls);
        const unasked = served.filter((queue) => !polling.has(queue));
        expect(begun).toHaveLength(Math.min(freeSlots, unasked.length));
        expect(new Set([...begun, ...busy]).size).toBe(begun.length + busy.length);
        expect(begun.every((queue) => served.includes(queue))).toBe(true);
      },
    ),
  );
});
