import { AppError } from "@steward/contracts/errors";
import type { Step, Versioned } from "./versioned.ts";

/** Which states an event may lead to from a state. One such table per machine; whatever is not in it is impossible. */
export type Transitions<Status extends string, EventType extends string> = Record<
  Status,
  Partial<Record<EventType, readonly Status[]>>
>;

/** The next state of a record: one version on, touched now. */
export function changed<State extends Versioned & { updatedAtMs: number }, Effect>(
  state: State,
  changes: Partial<State>,
  nowMs: number,
  effects: Effect[] = [],
): Step<State, Effect> {
  return { state: { ...state, ...changes, version: state.version + 1, updatedAtMs: nowMs }, effects };
}

/** The very same state: there is nothing to store and nothing to do. */
export function unchanged<State, Effect>(state: State): Step<State, Effect> {
  return { state, effects: [] };
}

/**
 * Holds a change of status to the machine's table.
 * @throws AppError `invalid_transition`, with a sentence for the person who asked for it
 */
export function checkTransition<Status extends string, EventType extends string>(
  transitions: Transitions<Status, EventType>,
  move: { from: Status; event: EventType; to: Status; sentence: string },
): void {
  if (!transitions[move.from][move.event]?.includes(move.to)) {
    throw new AppError("invalid_transition", move.sentence);
  }
}

/** True where the table knows the event at all in this state. */
export function knowsEvent<Status extends string, EventType extends string>(
  transitions: Transitions<Status, EventType>,
  from: Status,
  event: EventType,
): boolean {
  return transitions[from][event] !== undefined;
}
