import { type Lane, lanes } from "@steward/contracts/names";

/** What a worker receives from: its own queue, which has what was sent to this one worker, and the lanes. */
export type PullQueue = "own" | Lane;
/** In the order in which they are asked. */
export const pullQueues: readonly PullQueue[] = ["own", ...lanes];

/** Where the rounds through the queues are. */
export interface PullState {
  /** A turn ends with a message, or when every queue was asked twice. */
  turn: number;
  /** Polls of this turn: the first of each queue is a glance, the second lingers. */
  position: number;
}
export const firstTurn: PullState = { turn: 0, position: 0 };

export interface Poll {
  queue: PullQueue;
  waitSeconds: number;
}

export interface PollsInput {
  /** In the order in which they are asked: the own one, then the lanes, shortest first. */
  queues: readonly PullQueue[];
  /** Queues with a receive outstanding; each holds a slot. */
  polling: ReadonlySet<PullQueue>;
  freeSlots: number;
  /** Slots that run a job. */
  usedSlots: number;
  state: PullState;
}

const longPollSeconds = 20;
const lingerSeconds = 1;
const turnsPerReversal = 8;

/**
 * Which receives to begin now.
 *
 * With a slot for every queue each is polled at the same time. The polls are long while the worker has nothing to do:
 * idling is cheap. Once it works they are short, because a slot that waits at one queue is not there for another, and
 * nobody may call it back (a poll is never aborted).
 *
 * With fewer slots the worker goes round the queues: its own first, which nobody else can serve, then the shortest lane;
 * every eighth turn from the other end, so that each waits a bounded time under any load on the others. A turn first glances at each queue without
 * waiting, so that work in one is not kept waiting by the emptiness of another, and then lingers at each for a second.
 */
export function choosePolls(input: PollsInput): { polls: Poll[]; state: PullState } {
  const { queues, polling, freeSlots, usedSlots, state } = input;
  const isPolled = (queue: PullQueue) => polling.has(queue);
  if (freeSlots + queues.filter(isPolled).length >= queues.length) {
    const waitSeconds = usedSlots === 0 ? longPollSeconds : lingerSeconds;
    const polls = queues.filter((queue) => !isPolled(queue)).slice(0, freeSlots);
    return { polls: polls.map((queue) => ({ queue, waitSeconds })), state };
  }
  const polls: Poll[] = [];
  let next = state;
  for (let looked = 0; looked < queues.length && polls.length < freeSlots; looked += 1) {
    const queue = orderOf(queues, next.turn)[next.position % queues.length];
    const waitSeconds = next.position < queues.length ? 0 : lingerSeconds;
    next =
      next.position + 1 < 2 * queues.length
        ? { ...next, position: next.position + 1 }
        : { turn: next.turn + 1, position: queues.length };
    if (queue === undefined || isPolled(queue) || polls.some((poll) => poll.queue === queue)) continue;
    polls.push({ queue, waitSeconds });
  }
  return { polls, state: next };
}

/**
 * Every eighth turn begins at the other end, and each of those one queue further on: whichever queues are never empty,
 * the others have their turn.
 */
function orderOf(queues: readonly PullQueue[], turn: number): readonly PullQueue[] {
  if (turn % turnsPerReversal !== turnsPerReversal - 1) return queues;
  const reversed = queues.toReversed();
  const first = Math.floor(turn / turnsPerReversal) % queues.length;
  return [...reversed.slice(first), ...reversed.slice(0, first)];
}

/** After a message the next turn begins: the shortest lane comes first again. */
export function afterMessage(state: PullState): PullState {
  return { turn: state.turn + 1, position: 0 };
}

/** A slot that has just become free glances at every queue before it lingers at one. */
export function afterJob(state: PullState): PullState {
  return { ...state, position: 0 };
}
