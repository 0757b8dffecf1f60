import { awaitsStart } from "../run/run-phase.ts";
import type { RunState } from "../run/run-state.ts";
import { toleratedOf } from "./error-budget.ts";
import type { Fleet } from "./fleet-view.ts";
import { askHealthGate } from "./health-gate.ts";
import { reachedBy } from "./judge-stop.ts";
import type { Recount, WaveCount } from "./recount.ts";
import type { RolloutState } from "./rollout-state.ts";

export interface WavesNow {
  /** Runs up to this wave may be sent. */
  open: number;
  /** Nothing is sent, and it has not ended either. */
  isHeld: boolean;
  /** Why the next wave, or all of it, waits: a sentence for people. */
  why?: string;
  /** A person has to let it go on after this wave. */
  confirmAfter?: number;
  /** When it is worth looking again. */
  againAtMs?: number;
}

interface World {
  rollout: RolloutState;
  seen: Recount;
  nowMs: number;
  fleet: Fleet;
}

/**
 * How far a rollout may go that is not stopped. A wave that has begun stays open. The next one opens when nobody of the
 * waves before it is waited for any more (those that are away are not), some appliance of the first and of the one before
 * has taken the change, they are well, the pause is over, and whoever has to has said so.
 */
export function judgeWaves(world: World): WavesNow {
  const { rollout, seen } = world;
  const last = seen.waves.length;
  if (rollout.mode === "check") return { open: last, isHeld: false };
  const tolerated = toleratedOf(rollout.parameters, reachedBy(seen));
  const { failed, unreachable } = seen;
  if (unreachable.length > 0 && failed.length + unreachable.length > tolerated) {
    const names = unreachable.slice(0, 3).map((run) => run.applianceName);
    const others = unreachable.length > 3 ? ` and ${unreachable.length - 3} more` : "";
    const why = `Waiting for ${names.join(", ")}${others}, which told no result in time: a failure there would be one too many.`;
    return { open: Math.max(1, seen.begun), isHeld: true, why };
  }

  let open = Math.max(1, seen.begun);
  for (; open < last; open += 1) {
    // It had nobody to send to (all of its appliances are gone), so there is nothing to look at.
    const isEmpty = open > seen.begun && seen.waves[open - 1]?.unsettled === 0;
    const gate = isEmpty ? undefined : askBefore(open, world);
    if (gate !== undefined) return { ...gate, open, isHeld: false };
  }
  // The last wave, too, has to be well before it may be called a success.
  const well = seen.hasEnded ? askHealth(seen.waves[seen.begun - 1], world) : undefined;
  return well === undefined ? { open, isHeld: false } : { ...well, open, isHeld: true };
}

/** What the wave after `wave` waits for. */
function askBefore(wave: number, world: World): Omit<WavesNow, "open" | "isHeld"> | undefined {
  const { rollout, seen, nowMs } = world;
  const { parameters } = rollout;
  const before = seen.waves.slice(0, wave);
  const unsettled = before.reduce((sum, { unsettled: count }) => sum + count, 0);
  // No word: it is simply at work.
  if (unsettled > 0) return {};
  const untaken = askTaken(wave, seen);
  if (untaken !== undefined) return untaken;
  const well = askHealth(seen.waves[wave - 1], world);
  if (well !== undefined) return well;
  if (parameters.pauseSeconds !== undefined) {
    const settledAtMs = before.reduce((latest, one) => Math.max(latest, one.settledAtMs), 0);
    const againAtMs = settledAtMs + parameters.pauseSeconds * 1000;
    if (nowMs < againAtMs) return { why: `Pausing between wave ${wave} and ${wave + 1}.`, againAtMs };
  }
  const confirmed = rollout.confirmedWave ?? 0;
  const wantsWord = parameters.confirmWaves === "each" || (parameters.confirmWaves === "first" && wave === 1);
  return wantsWord && confirmed < wave ? { confirmAfter: wave } : undefined;
}

/**
 * A wave that nobody took tells nothing about the change: all of it was away, or a window closed behind its commands and
 * nothing of it may start. Who failed has told something, and is the error budget's.
 */
function askTaken(wave: number, { waves, waiting }: Recount): { why: string } | undefined {
  const waitFor = (runs: readonly RunState[], which: string) => {
    const names = runs.slice(0, 3).map((run) => run.applianceName);
    const whom = names.length === 0 ? which : names.join(", ");
    return {
      why: `Waiting for ${whom}: nothing goes on before the change has succeeded on some appliance of ${which}.`,
    };
  };
  const [first] = waves;
  if (first !== undefined && !wasTaken(first)) return waitFor(waiting, "the first wave");
  const before = waves[wave - 1];
  if (before === undefined || wasTaken(before)) return undefined;
  const mayCome = before.runs.filter(awaitsStart);
  return mayCome.length === 0 ? undefined : waitFor(mayCome, `wave ${wave}`);
}

function wasTaken({ counts: { succeeded = 0, simulated = 0 } }: WaveCount): boolean {
  return succeeded + simulated > 0;
}

function askHealth(wave: WaveCount | undefined, { rollout, nowMs, fleet }: World): { why: string } | undefined {
  const { healthGate } = rollout.parameters;
  if (healthGate === undefined || wave === undefined) return undefined;
  const answer = askHealthGate(wave.runs, healthGate.heartbeats, fleet, nowMs);
  return answer.type === "pass" ? undefined : { why: answer.why };
}
