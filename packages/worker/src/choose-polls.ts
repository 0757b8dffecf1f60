import { defaults } from "@steward/contracts/defaults";
import { type Lane, lanes } from "@steward/contracts/names";

/** What a worker receives from: its own queue, which has what was sent to this one worker, and the lanes. */
export type PullQueue = "own" | Lane;
/** In the order in which they are asked. */
export const pullQueues: readonly PullQueue[] = ["own", ...lanes];

export interface Poll {
  queue: PullQueue;
  waitSeconds: number;
}

type ByQueue<T> = Readonly<Partial<Record<PullQueue, T>>>;

/** Where the rounds through the queues are. */
export interface PullState {
  /** How many turns in a row have brought no message. A turn ends with one, or when everything that it asks was asked. */
  quietTurns: number;
  /** What this turn has still to glance at; after that it lingers. Undefined: the next turn is to begin. */
  glances: readonly PullQueue[] | undefined;
  /** How many turns in a row a message has ended before they came to this queue. */
  passedOver: ByQueue<number>;
  askedAtMs: ByQueue<number>;
  /** When a poll that waited, and so asked all of SQS's servers, ended without a message. */
  emptyAtMs: ByQueue<number>;
}
export const firstTurn: PullState = {
  quietTurns: 0,
  glances: undefined,
  passedOver: {},
  askedAtMs: {},
  emptyAtMs: {},
};

export interface PollsInput {
  /** Those that may be asked, in the order of `pullQueues`. */
  queues: readonly PullQueue[];
  /** Queues with a receive outstanding; each holds a slot. */
  polling: ReadonlySet<PullQueue>;
  freeSlots: number;
  /** Slots that run a job. */
  usedSlots: number;
  nowMs: number;
  state: PullState;
}

const longPollSeconds = 20;
const lingerSeconds = 1;
/**
 * Where turns without a message linger, one after the other, of a busy worker and of a quiet one. The longer nothing
 * comes, the more of the fleet's slots are free, and the less likely it is that none of them is at `standard`.
 */
const lingers = {
  busy: [
    ...(["express", "standard", "express", "standard", "express", "express"] as const),
    ...(["standard", "bulk", "express", "standard", "express", "own"] as const),
  ],
  quiet: ["express", "own", "express", "standard", "express", "bulk"],
} as const satisfies Record<string, readonly PullQueue[]>;
/** After so many without a message, a minute, a turn only lingers: one request a second instead of eight. */
const quietAfterTurns = 60;
/**
 * Few jobs are sent to one worker, and each of its turns would ask for them: after so long, or once it gave one. Half of
 * the 10 s in which a job of `express` is to be taken.
 */
const ownEveryMs = 5_000;
/** What was empty so short a time ago is not glanced at. */
const stillEmptyMs = 100;

/**
 * Which receives to begin now. Decisions 27 and 34 have the measurements behind the numbers.
 *
 * With a slot for every queue each is polled at the same time. The polls are long while the worker has nothing to do:
 * idling is cheap. Once it works they are short, because a slot that waits at one queue is not there for another, and
 * nobody may call it back (a poll is never aborted).
 *
 * With fewer slots the worker goes round the queues: its own first, which nobody else can serve, then the shortest lane.
 * A turn glances at each without waiting, so that the work of one does not wait for the emptiness of another, and then
 * lingers at one for a second.
 */
export function choosePolls(input: PollsInput): { polls: Poll[]; state: PullState } {
  const { queues, polling, freeSlots, usedSlots, nowMs } = input;
  const open = queues.filter((queue) => !polling.has(queue));
  if (freeSlots >= open.length) {
    const waitSeconds = usedSlots === 0 ? longPollSeconds : lingerSeconds;
    const polls = open.map((queue) => ({ queue, waitSeconds }));
    return { polls, state: asked(input.state, polls, nowMs) };
  }
  const polls: Poll[] = [];
  let { state } = input;
  while (polls.length < freeSlots) {
    const free = open.filter((queue) => !polls.some((poll) => poll.queue === queue));
    const turn = state.glances ?? glancesOfTurn(queues, state, nowMs);
    const at = turn.findIndex((queue) => free.includes(queue));
    const next = turn[at];
    let poll: Poll;
    if (next === undefined) {
      poll = { queue: lingerAt(free, state), waitSeconds: lingerSeconds };
      state = { ...state, quietTurns: state.quietTurns + 1, glances: undefined };
    } else {
      poll = { queue: next, waitSeconds: 0 };
      state = { ...state, glances: turn.slice(at + 1) };
    }
    polls.push(poll);
    state = asked(state, [poll], nowMs);
  }
  return { polls, state };
}

/** After a message the next turn begins, with the queue of its own where that has just given one: there may be more. */
export function afterMessage(state: PullState, from: PullQueue): PullState {
  const passedOver = { ...state.passedOver };
  for (const queue of new Set(state.glances)) passedOver[queue] = (passedOver[queue] ?? 0) + 1;
  const { own, ...others } = state.askedAtMs;
  const askedAtMs = from === "own" || own === undefined ? others : { ...others, own };
  return { ...state, quietTurns: 0, glances: undefined, passedOver, askedAtMs };
}

/** A receive has ended without a message. */
export function afterNothing(state: PullState, poll: Poll, nowMs: number): PullState {
  return poll.waitSeconds === 0 ? state : { ...state, emptyAtMs: { ...state.emptyAtMs, [poll.queue]: nowMs } };
}

/** A slot that has just become free glances at every queue before it lingers at one. */
export function afterJob(state: PullState): PullState {
  return { ...state, glances: undefined };
}

function asked(state: PullState, polls: readonly Poll[], nowMs: number): PullState {
  const all = <T>(value: T) => Object.fromEntries(polls.map(({ queue }) => [queue, value]));
  return {
    ...state,
    passedOver: { ...state.passedOver, ...all(0) },
    askedAtMs: { ...state.askedAtMs, ...all(nowMs) },
  };
}

/**
 * Under a load that never lets a turn come to its end, each queue still comes first in one turn of 64: a bound, and
 * seldom enough that the long jobs of a busy hour do not take the slots from the short ones.
 */
function glancesOfTurn(queues: readonly PullQueue[], state: PullState, nowMs: number): PullQueue[] {
  const { quietTurns, passedOver, askedAtMs, emptyAtMs } = state;
  if (quietTurns >= quietAfterTurns) return [];
  const since = (times: ByQueue<number>, queue: PullQueue) => nowMs - (times[queue] ?? Number.NEGATIVE_INFINITY);
  const isDue = (queue: PullQueue) => (passedOver[queue] ?? 0) >= defaults.mostPassedOver;
  const worth = queues.filter((queue) =>
    queue === "own" ? since(askedAtMs, queue) >= ownEveryMs : since(emptyAtMs, queue) >= stillEmptyMs,
  );
  const order = [...worth.filter(isDue).toReversed(), ...worth.filter((queue) => !isDue(queue))];
  // A receive that does not wait asks only some of SQS's servers. A long job that is taken although a short one is there
  // stands in the way of all the short ones that come after: a lane is asked three times before a longer one has the
  // slot, and before the last lane the first one once more.
  const last = order.at(-1);
  const [shortest] = order.filter((queue) => queue !== "own" && queue !== last);
  const again = shortest === undefined || last === undefined || isDue(last) ? [] : [shortest];
  return order.flatMap((queue) => {
    if (queue === last) return [...again, queue];
    return queue === "own" ? [queue] : [queue, queue, queue];
  });
}

/** Where the turn's place in the row says; where another slot is there already, at the shortest lane that is open. */
function lingerAt(open: readonly PullQueue[], { quietTurns }: PullState): PullQueue {
  const row = lingers[quietTurns >= quietAfterTurns ? "quiet" : "busy"];
  const wished = row[quietTurns % row.length];
  return open.find((queue) => queue === wished) ?? open.find((queue) => queue !== "own") ?? "own";
}
