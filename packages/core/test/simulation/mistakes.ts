import type { Fleet } from "../../src/rollout/fleet-view.ts";
import { isAway } from "../../src/rollout/recount.ts";
import type { RolloutState } from "../../src/rollout/rollout-state.ts";
import type { RunEvent, RunState } from "../../src/run/run-state.ts";
import type { Mistakes } from "./simulate.ts";
import { realReducers, type Reducers } from "./world.ts";

const { advanceRollout, reduceRun } = realReducers;

/** Mistakes that somebody could make: the simulation is worth what it finds of them. */
export const mistakes: Record<string, Mistakes> = {
  "the waves are forgotten": advancing((rollout, runs) => [rollout, runs.map((run) => ({ ...run, wave: 1 }))]),
  "failures are not counted": advancing(withParameters({ errorBudget: { count: 10_000 } })),
  "one too many at a time": advancing((rollout, runs) => [
    { ...rollout, parameters: { ...rollout.parameters, maxConcurrency: rollout.parameters.maxConcurrency + 1 } },
    runs,
  ]),
  "sites are not looked at": advancing(withParameters({ minHealthy: undefined })),
  "what a failed wave did is left there": advancing(withParameters({ undoOnFailure: false })),
  "unreachable counts as done": advancing((rollout, runs) => [
    rollout,
    runs.map((run) => (run.status === "unreachable" ? { ...run, status: "succeeded" } : run)),
  ]),
  "a pause is not a pause": advancing((rollout, runs) => [
    rollout.status === "paused" && rollout.pause?.afterWave === undefined ? { ...rollout, status: "running" } : rollout,
    runs,
  ]),
  "nobody looks at health": {
    reducers: {
      advanceRollout: (rollout, runs, nowMs, fleet) => advanceRollout(rollout, runs, nowMs, allWell(fleet, nowMs)),
    },
  },
  "a rollout is not looked at again": {
    reducers: {
      advanceRollout(rollout, runs, nowMs, fleet) {
        const { state, effects } = advanceRollout(rollout, runs, nowMs, fleet);
        return { state: state === rollout ? state : { ...state, dueAtMs: undefined }, effects };
      },
    },
  },
  "a started run has no deadline": reducing((state, event, reduce) => {
    const step = reduce(state, event);
    return step.state.status === "running" ? { ...step, state: { ...step.state, dueAtMs: undefined } } : step;
  }),
  "a started run can be cancelled": reducing((state, event, reduce) =>
    event.type === "cancel" && state.status === "running"
      ? reduce({ ...state, status: "sent", ledgerId: undefined }, event)
      : reduce(state, event),
  ),
  "any ledger may start a run again": reducing((state, event, reduce) =>
    event.type === "start" && state.ledgerId !== undefined && event.attempt === state.attempt
      ? reduce({ ...state, status: "sent", ledgerId: undefined }, event)
      : reduce(state, event),
  ),
  "a result of an older attempt is taken": reducing((state, event, reduce) =>
    event.type === "result" && state.ledgerId !== undefined
      ? reduce(state, { ...event, attempt: state.attempt, ledgerId: state.ledgerId })
      : reduce(state, event),
  ),
  "a retry is the same attempt": reducing((state, event, reduce) => {
    const step = reduce(state, event);
    return event.type === "retry" && step.state !== state
      ? { ...step, state: { ...step.state, attempt: state.attempt } }
      : step;
  }),
  "an undo that failed counts as undone": reducing((state, event, reduce) =>
    event.type === "result" && state.operation === "undo"
      ? reduce(state, { ...event, status: "succeeded" })
      : reduce(state, event),
  ),
  "a wave in which all are away has passed": {
    reducers: {
      advanceRollout(rollout, runs, nowMs, fleet) {
        const shown = runs.map((run) =>
          run.wave > 1 && isAway(run, nowMs) ? { ...run, status: "succeeded" as const } : run,
        );
        const { state, effects } = advanceRollout(rollout, shown, nowMs, fleet);
        return effects.some(({ type }) => type === "finish_task")
          ? advanceRollout(rollout, runs, nowMs, fleet)
          : { state, effects };
      },
    },
  },
  "who comes late starts at once": { reducers: { judgeLateStart: () => undefined } },
  "who comes back is passed by": reducing((state, event, reduce) =>
    event.type === "await_place" ? { state, effects: [] } : reduce(state, event),
  ),
  "an old decision is sent": { isUnfenced: true },
  "an appliance trusts its own clock": { trustsWallClock: true },
};

type Shown = [RolloutState, readonly RunState[]];

/** Decides by something else than what is there, and keeps what it does not decide about. */
function advancing(show: (rollout: RolloutState, runs: readonly RunState[]) => Shown): Mistakes {
  const wrong: Reducers["advanceRollout"] = (rollout, runs, nowMs, fleet) => {
    const [shown, shownRuns] = show(rollout, runs);
    const { state, effects } = advanceRollout(shown, shownRuns, nowMs, fleet);
    return { state: state === shown ? rollout : { ...state, parameters: rollout.parameters }, effects };
  };
  return { reducers: { advanceRollout: wrong } };
}

function withParameters(
  parameters: Partial<RolloutState["parameters"]>,
): (rollout: RolloutState, runs: readonly RunState[]) => Shown {
  return (rollout, runs) => [{ ...rollout, parameters: { ...rollout.parameters, ...parameters } }, runs];
}

function reducing(
  wrong: (
    state: RunState,
    event: RunEvent,
    reduce: (state: RunState, event: RunEvent) => ReturnType<typeof reduceRun>,
  ) => ReturnType<typeof reduceRun>,
): Mistakes {
  return {
    reducers: {
      reduceRun: (state, event, nowMs) => wrong(state, event, (one, what) => reduceRun(one, what, nowMs)),
    },
  };
}

function allWell(fleet: Fleet | undefined, nowMs: number): Fleet | undefined {
  if (fleet === undefined) return undefined;
  const well = { health: "healthy" as const, healthSinceMs: 0, lastSeenAtMs: nowMs };
  return new Map([...fleet].map(([id, seen]) => [id, { ...seen, ...well }]));
}
