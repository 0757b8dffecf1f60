import { AppError } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import type { RunResult, StepResult } from "@steward/contracts/run";
import type { RunState } from "../../src/run/run-state.ts";
import { Lost, lost } from "./dispatcher.ts";
import type { Behaviour } from "./scenario.ts";
import type { Chance, Process, Scheduler } from "./scheduler.ts";
import type { World } from "./world.ts";

interface LedgerEntry {
  runId: string;
  attempt: number;
  ledgerId: string;
  operation: "apply" | "undo";
  state: "prepared" | "started" | "finished" | "closed";
  result?: RunResult;
}

/** One thing that was done to the machine. */
export interface Effect {
  runId: string;
  attempt: number;
  ledgerId: string;
  operation: "apply" | "undo";
  /** It was cut off in the middle. */
  isPartial: boolean;
}

/** What survives a kill of the agent. */
export interface Disk {
  ledger: Map<string, LedgerEntry>;
  effects: Effect[];
  /** What the change is to this machine now. */
  change: "absent" | "present" | "partial";
}

export interface Appliance {
  behaviour: Behaviour;
  disk: Disk;
  /** The run that is being executed, where one is. */
  executing: string | undefined;
  isGone: boolean;
  isRestored(): boolean;
  /** Its wall clock is off by so much. Nothing may depend on it. */
  wallOffsetMs: number;
  isWell(): boolean;
  hasUnreported(): boolean;
  live(): Process;
}

export function createAppliance(options: {
  behaviour: Behaviour;
  world: World;
  scheduler: Scheduler;
  chance: Chance;
  startMs: number;
  loses: number;
  duplicates: number;
  undoesOnFailure: boolean;
  /** Its health decides about something. */
  countsBeats: () => boolean;
  /** Probability that it comes back from a snapshot. */
  restores: number;
  /** The mistake that this is here to find: it goes by its own wall clock. */
  trustsWallClock?: boolean;
  onExecute: (appliance: Appliance) => void;
}): Appliance {
  const { behaviour, world, scheduler, chance, startMs, loses } = options;
  const disk: Disk = { ledger: new Map(), effects: [], change: "absent" };
  let ledgers = 0;
  /** Beats in a row with nothing to do. */
  let idle = 0;
  let isRestored = false;
  let asksAnyway = false;

  const isAway = () => {
    const sinceMs = scheduler.nowMs() - startMs;
    return appliance.isGone || behaviour.away.some(([fromMs, untilMs]) => sinceMs >= fromMs && sinceMs < untilMs);
  };

  /** A call to the control plane: its request or its answer may be lost, and it may arrive once more much later. */
  function* call<T>(act: () => T, copies = 1): Generator<number, T, void> {
    yield chance.between(5, 200);
    if (isAway() || chance.happens(loses)) {
      yield chance.between(100, 10_000);
      throw lost;
    }
    const answer = act();
    for (let copy = 0; copy < copies; copy += 1) {
      if (!chance.happens(options.duplicates / 5)) continue;
      scheduler.in(chance.between(10, chance.happens(0.5) ? 100_000 : 1_200_000), () => {
        try {
          act();
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
        }
      });
    }
    yield chance.between(5, 200);
    if (isAway() || chance.happens(loses)) throw lost;
    return answer;
  }

  const health = (): Health => (behaviour.fallsIll && disk.change === "present" ? "critical" : "healthy");

  function* live(): Process {
    // What its disk was like then is not simulated: the point is that nothing of it is done again.
    if (disk.ledger.size > 0 && chance.happens(options.restores)) {
      isRestored = true;
      asksAnyway = true;
      disk.ledger.clear();
    }
    for (const entry of disk.ledger.values()) {
      // Nobody knows how far it came: it is told so, and never repeated.
      if (entry.state === "started") finish(entry, "failed", [], "interrupted");
    }
    for (;;) {
      idle += 1;
      try {
        const told = yield* call(() => world.heartbeat(behaviour.id, { health: health(), beatMs: behaviour.beatMs }));
        yield* report();
        if (told.pending.length > 0 || asksAnyway) {
          asksAnyway = false;
          idle = 0;
          const runs = yield* call(() => world.pendingRuns(behaviour.id));
          for (const run of runs) {
            yield* obey(run, { serverTimeMs: told.serverTimeMs, toldAtMs: scheduler.nowMs() });
            yield* report();
          }
        }
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
      }
      // A day in which nothing happens costs few beats, where nobody counts them.
      const beats =
        options.countsBeats() || appliance.hasUnreported() ? 1 : Math.max(1, Math.min(60, Math.ceil(idle / 5)));
      // Who has something to do looks again soon: it may have been told to wait.
      const pauseMs = idle === 0 ? Math.min(30_000, behaviour.beatMs) : beats * behaviour.beatMs;
      yield Math.floor(pauseMs * (0.9 + 0.2 * chance.next()));
    }
  }

  function* obey(run: RunState, clock: { serverTimeMs: number; toldAtMs: number }): Process {
    // By the server's time as it was told, and by what has passed since: the wall clock has no say.
    const serverNowMs = clock.serverTimeMs + (scheduler.nowMs() - clock.toldAtMs);
    const nowMs = options.trustsWallClock === true ? scheduler.nowMs() + appliance.wallOffsetMs : serverNowMs;
    if (nowMs >= run.expiresAtMs) return;
    const key = `${run.runId}.${run.attempt}`;
    let entry = disk.ledger.get(key);
    if (entry === undefined) {
      yield chance.between(1, 20);
      ledgers += 1;
      const operation = run.operation ?? "apply";
      const ledgerId = `${behaviour.id}/${key}/${ledgers}`;
      entry = { runId: run.runId, attempt: run.attempt, ledgerId, operation, state: "prepared" };
      disk.ledger.set(key, entry);
      yield chance.between(1, 20);
    }
    if (entry.state !== "prepared") return;
    const { runId, attempt, ledgerId } = entry;
    let started: { deadlineMs: number; serverTimeMs: number };
    try {
      started = yield* call(() => world.start(runId, { attempt, ledgerId }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // A freeze ends some time; anything else is for good.
      if (error.code !== "denied_by_gate") entry.state = "closed";
      return;
    }
    entry.state = "started";
    yield chance.between(1, 20);
    yield* execute(entry, started.deadlineMs - started.serverTimeMs);
  }

  function* execute(entry: LedgerEntry, withinMs: number): Process {
    const { runId, attempt, ledgerId, operation } = entry;
    appliance.executing = runId;
    const effect: Effect = { runId, attempt, ledgerId, operation, isPartial: true };
    disk.effects.push(effect);
    options.onExecute(appliance);
    const before = disk.change;
    disk.change = "partial";
    const takesMs = Math.floor(behaviour.durationMs * (operation === "undo" ? 0.3 : 1));
    const isLate = takesMs > withinMs;
    // In pieces: it may be killed in the middle of it.
    for (let piece = 0; piece < 4; piece += 1) yield Math.floor(Math.min(takesMs, withinMs) / 4);
    const tries = disk.effects.filter((one) => one.operation === "apply").length;
    const fails = behaviour.fails === "always" || (behaviour.fails === "once" && tries === 1);
    appliance.executing = undefined;
    if (operation === "undo") {
      if (!isLate) {
        effect.isPartial = false;
        disk.change = "absent";
      }
      finish(
        entry,
        isLate ? "failed" : "succeeded",
        [step(isLate ? "failed" : "undone")],
        isLate ? "timed_out" : undefined,
      );
    } else if (isLate || fails) {
      if (options.undoesOnFailure) disk.change = before === "present" ? "present" : "absent";
      finish(entry, "failed", [step("failed", options.undoesOnFailure ? 0 : 1)], isLate ? "timed_out" : "disk full");
    } else {
      effect.isPartial = false;
      disk.change = "present";
      finish(entry, "succeeded", [step("succeeded", 1)], undefined);
    }
  }

  function finish(
    entry: LedgerEntry,
    status: RunResult["status"],
    steps: StepResult[],
    reason: string | undefined,
  ): void {
    const { attempt, ledgerId } = entry;
    entry.state = "finished";
    entry.result = {
      attempt,
      ledgerId,
      executor: "ansible",
      status,
      steps,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  function* report(): Process {
    for (const entry of disk.ledger.values()) {
      const { result } = entry;
      if (entry.state !== "finished" || result === undefined) continue;
      try {
        yield* call(() => world.recordResult(entry.runId, result), 8);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
      entry.state = "closed";
    }
  }

  const appliance: Appliance = {
    behaviour,
    disk,
    executing: undefined,
    isGone: false,
    isRestored: () => isRestored,
    wallOffsetMs: 0,
    isWell: () => health() === "healthy",
    hasUnreported: () => [...disk.ledger.values()].some(({ state }) => state === "started" || state === "finished"),
    live,
  };
  return appliance;
}

function step(status: StepResult["status"], changed = 0): StepResult {
  return { action: "users.add", status, changed, durationMs: 0 };
}
