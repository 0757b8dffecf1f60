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

/** Where the rounds through the queues are. */
export interface PullState {
  /** A turn ends with a message, or when everything that it asks was asked. */
  turn: number;
  /** How many turns in a row have brought no message. */
  quietTurns: number;
  /** What this turn has still to ask. */
  rest: readonly Poll[];
  /** How many turns in a row a message has ended before they came to this queue. */
  passedOver: Readonly<Partial<Record<PullQueue, number>>>;
}
export const firstTurn: PullState = { turn: 0, quietTurns: 0, rest: [], passedOver: {} };

export interface PollsInput {
  /** Those that may be asked, in the order of `pullQueues`. */
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
/** Of so many turns the last lingers at another queue than the shortest lane: of a busy worker, and of a quiet one. */
const turnsPerOther = { busy: 4, quiet: 2 };
/** After so many without a message, a minute, a turn only lingers: one request a second instead of seven. */
const quietAfterTurns = 60;

/**
 * Which receives to begin now. Decision 27 has the measurements behind the numbers.
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
  const { queues, polling, freeSlots, usedSlots } = input;
  const open = queues.filter((queue) => !polling.has(queue));
  if (freeSlots >= open.length) {
    const waitSeconds = usedSlots === 0 ? longPollSeconds : lingerSeconds;
    const polls = open.map((queue) => ({ queue, waitSeconds }));
    return { polls, state: asked(input.state, polls) };
  }
  const polls: Poll[] = [];
  let { turn, quietTurns, rest } = input.state;
  while (polls.length < freeSlots) {
    const [poll, ...others] = rest;
    if (poll === undefined) {
      rest = pollsOfTurn(queues, { ...asked(input.state, polls), turn, quietTurns });
      turn += 1;
      quietTurns += 1;
      continue;
    }
    rest = others;
    if (open.includes(poll.queue) && !polls.some(({ queue }) => queue === poll.queue)) polls.push(poll);
  }
  return { polls, state: asked({ ...input.state, turn, quietTurns, rest }, polls) };
}

/** After a message the next turn begins: the shortest lane comes first again. */
export function afterMessage(state: PullState): PullState {
  const notAsked = new Set(state.rest.flatMap(({ queue, waitSeconds }) => (waitSeconds === 0 ? [queue] : [])));
  const passedOver = { ...state.passedOver };
  for (const queue of notAsked) passedOver[queue] = (passedOver[queue] ?? 0) + 1;
  return { ...state, quietTurns: 0, rest: [], passedOver };
}

/** A slot that has just become free glances at every queue before it lingers at one. */
export function afterJob(state: PullState): PullState {
  return { ...state, rest: [] };
}

function asked(state: PullState, polls: readonly Poll[]): PullState {
  const zero = Object.fromEntries(polls.map(({ queue }) => [queue, 0]));
  return { ...state, passedOver: { ...state.passedOver, ...zero } };
}

/**
 * Under a load that never lets a turn come to its end, each queue still comes first in one turn of 64: a bound, and
 * seldom enough that the long jobs of a busy hour do not take the slots from the short ones.
 */
function pollsOfTurn(queues: readonly PullQueue[], { turn, quietTurns, passedOver }: PullState): Poll[] {
  const isQuiet = quietTurns >= quietAfterTurns;
  const lingersAt = lingerAt(queues, turn, turnsPerOther[isQuiet ? "quiet" : "busy"]);
  const linger = lingersAt === undefined ? [] : [{ queue: lingersAt, waitSeconds: lingerSeconds }];
  if (isQuiet) return linger;
  const isDue = (queue: PullQueue) => (passedOver[queue] ?? 0) >= defaults.mostPassedOver;
  const order = [...queues.filter(isDue).toReversed(), ...queues.filter((queue) => !isDue(queue))];
  const last = order.at(-1);
  // A receive that does not wait asks only some of SQS's servers: a lane is asked again before a longer one has the slot.
  const glances = order.flatMap((queue) => (queue === "own" || queue === last ? [queue] : [queue, queue]));
  return [...glances.map((queue) => ({ queue, waitSeconds: 0 })), ...linger];
}

/** At the lane in which most jobs are and nobody likes to wait; every so often at one of the others, in turn. */
function lingerAt(queues: readonly PullQueue[], turn: number, perOther: number): PullQueue | undefined {
  const shortest = queues.find((queue) => queue !== "own");
  const others = queues.filter((queue) => queue !== shortest);
  if (turn % perOther < perOther - 1) return shortest ?? others[0];
  return others[Math.floor(turn / perOther) % others.length] ?? shortest;
}
