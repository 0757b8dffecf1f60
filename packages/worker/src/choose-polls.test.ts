import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterJob,
  afterMessage,
  afterNothing,
  choosePolls,
  firstTurn,
  type PullQueue,
  type PullState,
  pullQueues,
} from "./choose-polls.ts";

const queues = pullQueues;
const none = new Set<PullQueue>();
const names = (polls: { queue: PullQueue }[]) => polls.map(({ queue }) => queue);

/** What one slot asks for in `count` polls, when `answers` says which of them bring a message. A job takes `jobMs`. */
function rounds(
  count: number,
  answers: (poll: number, queue: PullQueue) => boolean = () => false,
  { jobMs = 4_000 } = {},
) {
  const asked: [PullQueue, number][] = [];
  let state: PullState = firstTurn;
  let nowMs = 0;
  for (let poll = 0; poll < count; poll += 1) {
    const chosen = choosePolls({ queues, polling: none, freeSlots: 1, usedSlots: 0, nowMs, state });
    const [only] = chosen.polls;
    if (only === undefined || chosen.polls.length !== 1) throw new Error("one slot begins one receive");
    asked.push([only.queue, only.waitSeconds]);
    const brings = answers(poll, only.queue);
    nowMs += 10 + (brings ? jobMs : only.waitSeconds * 1_000);
    state = brings ? afterJob(afterMessage(chosen.state, only.queue)) : afterNothing(chosen.state, only, nowMs);
  }
  return asked;
}
const glance = (...list: PullQueue[]) => list.map((queue) => [queue, 0]);

describe("with a slot for every queue", () => {
  const input = { queues, polling: none, freeSlots: 5, usedSlots: 0, nowMs: 0, state: firstTurn };

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
  const lanes = glance("express", "express", "express", "standard", "standard", "standard", "express", "bulk");
  const all = [...glance("own"), ...lanes];

  it("a turn glances at each queue, at a lane three times before a longer one, and lingers at one", () => {
    expect(rounds(10)).toEqual([...all, ["express", 1]]);
  });

  it("does not glance at what it has just lingered at in vain, nor at its own queue again within 5 s", () => {
    expect(rounds(16).slice(10)).toEqual([
      ...glance("standard", "standard", "standard", "standard", "bulk"),
      ["standard", 1],
    ]);
    const owns = rounds(60).flatMap(([queue], poll) => (queue === "own" ? [poll] : []));
    expect(owns[1]).toBeGreaterThan(9 + 3 * 5);
    expect(rounds(20, (poll) => poll === 6, { jobMs: 6_000 }).slice(7)[0]).toEqual(["own", 0]);
  });

  it("looks at its own queue again at once when that has given a job: there may be more", () => {
    expect(rounds(3, (poll) => poll === 0, { jobMs: 1 }).map(([queue]) => queue)).toEqual(["own", "own", "express"]);
    expect(rounds(3, (poll) => poll === 1, { jobMs: 1 }).map(([queue]) => queue)).toEqual([
      "own",
      "express",
      "express",
    ]);
  });

  it("lingers at the shortest lane first, and at every queue within twelve turns", () => {
    const lingered = rounds(300).flatMap(([queue, seconds]) => (seconds === 1 ? [queue] : []));
    const first = lingered.slice(0, 12);
    expect(first[0]).toBe("express");
    expect(queues.map((queue) => first.filter((one) => one === queue).length)).toEqual([1, 6, 4, 1]);
    expect(lingered.slice(12, 24)).toEqual(first);
  });

  it("several free slots linger at different queues, the shortest lanes first", () => {
    const input = { queues, usedSlots: 1, nowMs: 0 };
    const polling = new Set<PullQueue>();
    let state: PullState = { ...firstTurn, glances: [] };
    const lingered: PullQueue[] = [];
    for (let slot = 0; slot < 3; slot += 1) {
      const chosen = choosePolls({ ...input, polling, freeSlots: 1, state: { ...state, glances: [] } });
      state = chosen.state;
      for (const { queue } of chosen.polls) {
        lingered.push(queue);
        polling.add(queue);
      }
    }
    expect(lingered.slice(0, 2)).toEqual(["express", "standard"]);
    expect(new Set(lingered).size).toBe(3);
  });

  it("after a quiet minute only lingers, at the shortest lane every second time, until a message comes", () => {
    const asked = rounds(800);
    const quiet = asked.slice(asked.findLastIndex(([, seconds]) => seconds === 0) + 2);
    expect(asked.filter(([, seconds]) => seconds === 1).length - quiet.length).toBeLessThanOrEqual(60);
    expect(quiet.length).toBeGreaterThan(300);
    const times = (queue: PullQueue) => quiet.slice(0, 60).filter(([one]) => one === queue).length;
    expect(queues.map(times)).toEqual([10, 30, 10, 10]);
    expect(rounds(802, (poll) => poll === 800).slice(801)).toEqual(glance("own"));
  });

  it("a slot whose job has ended glances at the shortest lane again, wherever the turn was", () => {
    expect(rounds(9, (poll) => poll === 4).slice(4)).toEqual(
      glance("standard", "express", "express", "express", "standard"),
    );
  });

  it("a queue that 64 turns in a row have passed over comes first, the longest lane before the others", () => {
    const first = rounds(300, (_, queue) => queue !== "own").map(([queue]) => queue);
    const lanes = first.filter((queue) => queue !== "own");
    expect(lanes.flatMap((lane, at) => (lane === "express" ? [] : [`${lane} ${at}`]))).toEqual([
      "bulk 64",
      "standard 65",
      "bulk 128",
      "standard 129",
      "bulk 192",
      "standard 193",
    ]);
  });

  it("every queue is asked within a bounded number of turns, whichever others always have a message", () => {
    fc.assert(
      fc.property(
        fc.subarray([...queues], { maxLength: 3 }),
        fc.array(fc.boolean(), { minLength: 900 }),
        fc.constantFrom(100, 4_000),
        (busy, more, jobMs) => {
          const asked = rounds(more.length, (poll, queue) => busy.includes(queue) || (more[poll] ?? false), { jobMs });
          for (const queue of queues) {
            let since = 0;
            let longest = 0;
            for (const [one] of asked) {
              since = one === queue ? 0 : since + 1;
              longest = Math.max(longest, since);
            }
            // 64 turns that a message ends, after the glances at the three others at the most; then those due before it.
            expect(longest).toBeLessThanOrEqual((64 + 4) * 9);
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
        quietTurns: fc.nat(100),
        glances: fc.option(fc.array(fc.constantFrom(...queues), { maxLength: 7 }), { nil: undefined }),
        passedOver: fc.dictionary(fc.constantFrom(...queues), fc.nat(70)),
        askedAtMs: fc.dictionary(fc.constantFrom(...queues), fc.nat(10_000)),
        emptyAtMs: fc.dictionary(fc.constantFrom(...queues), fc.nat(10_000)),
      }),
      (served, busy, freeSlots, usedSlots, state) => {
        // Something may be polled that is not served any more: its model went while the receive was out.
        const polling = new Set(busy);
        const chosen = choosePolls({ queues: served, polling, freeSlots, usedSlots, nowMs: 10_000, state });
        const begun = names(chosen.polls);
        const unasked = served.filter((queue) => !polling.has(queue));
        expect(begun).toHaveLength(Math.min(freeSlots, unasked.length));
        expect(new Set([...begun, ...busy]).size).toBe(begun.length + busy.length);
        expect(begun.every((queue) => served.includes(queue))).toBe(true);
      },
    ),
  );
});
