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
  it("a turn glances at each queue, then lingers at each; idle, it goes on lingering", () => {
    expect(rounds(12)).toEqual([
      ...queues.map((queue) => [queue, 0]),
      ...queues.map((queue) => [queue, 1]),
      ...queues.map((queue) => [queue, 1]),
    ]);
  });

  it("a slot whose job has ended glances at all before it lingers at one", () => {
    expect(rounds(8, (poll) => poll === 5).slice(4)).toEqual([
      ["own", 1],
      ["express", 1],
      ["own", 0],
      ["express", 0],
    ]);
  });

  it("every eighth turn begins at another queue, from the longest lane on, however busy the first ones are", () => {
    const first = rounds(40, () => true).map(([queue]) => queue);
    expect(
      first.map((queue, turn) => (turn % 8 === 7 ? queue : undefined)).filter((queue) => queue !== undefined),
    ).toEqual([...["bulk", "standard", "express", "own", "bulk"]]);
    expect(first.filter((queue) => queue === "own")).toHaveLength(36);
  });

  it("every queue is asked within a bounded number of turns, whichever others always have a message", () => {
    fc.assert(
      fc.property(
        fc.subarray([...queues], { maxLength: 3 }),
        fc.array(fc.boolean(), { minLength: 300 }),
        (busy, more) => {
          const asked = rounds(more.length, (poll, queue) => busy.includes(queue) || (more[poll] ?? false));
          for (const queue of queues) {
            let since = 0;
            for (const [one] of asked) {
              since = one === queue ? 0 : since + 1;
              // Its place is the first in every 32nd turn; a turn that does not ask it asks three others at the most.
              expect(since).toBeLessThanOrEqual(8 * queues.length * (queues.length - 1) + queues.length);
            }
          }
        },
      ),
      { numRuns: 50 },
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
      fc.record({ turn: fc.nat(100), position: fc.nat(7) }),
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
