import type { Lane } from "@steward/contracts/names";

/** Where the rounds through the lanes are. */
export interface PullState {
  /** A turn ends with a message, or when every lane was asked. */
  turn: number;
  position: number;
}
export const firstTurn: PullState = { turn: 0, position: 0 };

export interface Poll {
  lane: Lane;
  waitSeconds: number;
}

export interface PollsInput {
  /** Shortest first. */
  lanes: readonly Lane[];
  /** Lanes with a receive outstanding; each holds a slot. */
  polling: ReadonlySet<Lane>;
  freeSlots: number;
  state: PullState;
}

const longPollSeconds = 20;
const shortPollSeconds = 1;
const turnsPerReversal = 8;

/**
 * Which receives to begin now. With a slot for every lane each lane is long-polled: nothing waits and idling is cheap.
 * With fewer the worker goes round the lanes with short polls, the shortest lane first, and every eighth turn from the
 * other end, so that the longest lane waits a bounded time under any load on the others.
 */
export function choosePolls({ lanes, polling, freeSlots, state }: PollsInput): { polls: Poll[]; state: PullState } {
  if (freeSlots + polling.size >= lanes.length) {
    const polls = lanes.filter((lane) => !polling.has(lane)).slice(0, freeSlots);
    return { polls: polls.map((lane) => ({ lane, waitSeconds: longPollSeconds })), state };
  }
  const polls: Poll[] = [];
  let next = state;
  for (let looked = 0; looked < lanes.length && polls.length < freeSlots; looked += 1) {
    const order = next.turn % turnsPerReversal === turnsPerReversal - 1 ? lanes.toReversed() : lanes;
    const lane = order[next.position % lanes.length];
    next =
      next.position + 1 < lanes.length
        ? { ...next, position: next.position + 1 }
        : { turn: next.turn + 1, position: 0 };
    if (lane === undefined || polling.has(lane) || polls.some((poll) => poll.lane === lane)) continue;
    polls.push({ lane, waitSeconds: shortPollSeconds });
  }
  return { polls, state: next };
}

/** After a message the round begins anew: the shortest lane comes first again. */
export function afterMessage(state: PullState): PullState {
  return { turn: state.turn + 1, position: 0 };
}
