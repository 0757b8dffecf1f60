import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { isUnfinished, type SlotChoice } from "./choose-slots.ts";
import { askOnceOf } from "./curve/ask-once.ts";
import { storeCurve } from "./curve/curve-cache.ts";
import { measureCurve } from "./curve/measure-curve.ts";
import { probeHost } from "./gpus/probe-host.ts";
import type { GpuWatch } from "./gpus/watch-gpus.ts";
import { ollamaFacts } from "./models/ollama-facts.ts";
import { type SlotSettings, type Survey, survey } from "./survey.ts";

export interface CapacityOptions {
  ollamaHost: string;
  stateDir: string;
  settings: SlotSettings;
  gpus: GpuWatch;
  clock: Clock;
  log: Log;
  /** Another number of slots holds from now on. */
  onSlots: (slots: number) => void;
}

export interface Capacity {
  /** The last choice; undefined until models were there. */
  choice(): SlotChoice | undefined;
  /** Looks at the machine and the models that lanes are answered with, and chooses. Never throws. */
  look(models: readonly string[]): Promise<void>;
  /**
   * Whether measuring could change the choice: there is no curve of what is there now, or one that ended while it still
   * grew.
   */
  wantsCurve(): "first" | "longer" | undefined;
  /** Measures one, keeps it and chooses anew. Cut off by the signal it leaves everything as it was. Never throws. */
  measure(withinMs: number, signal: AbortSignal): Promise<void>;
}

/** What holds, and a lower number that was seen once. */
export interface HeldSlots {
  slots?: number;
  fewer?: number;
}

/**
 * Fewer for want of memory are believed when they are seen twice in a row: a model that Ollama has just let go is missing
 * from its list for as long as the GPU's tool still shows it.
 */
export function settleSlots(held: HeldSlots, choice: Pick<SlotChoice, "slots" | "decidedBy">): HeldSlots {
  const { slots } = held;
  const doubtful = slots !== undefined && choice.decidedBy === "memory" && choice.slots < slots;
  return doubtful && held.fewer === undefined ? { slots, fewer: choice.slots } : { slots: choice.slots };
}

/** How long a curve that could not be measured is not tried again. */
const measureAgainMs = 10 * 60_000;

export function createCapacity(options: CapacityOptions): Capacity {
  const { ollamaHost, stateDir, settings, gpus, clock, log } = options;
  let last: Survey | undefined;
  let models: readonly string[] = [];
  let held: HeldSlots = {};
  let notBeforeMs = 0;

  async function look(): Promise<void> {
    try {
      const [found, facts] = await Promise.all([gpus.fresh(), ollamaFacts(ollamaHost, models)]);
      if (facts.models.length === 0) return;
      last = await survey({ gpus: found, host: probeHost(), facts, settings, stateDir });
      take(last.choice);
    } catch (error) {
      // What was chosen holds on: jobs do not wait for a look.
      log("slots.not_looked", { error: describeError(error) });
    }
  }

  function take(choice: SlotChoice): void {
    const before = held.slots;
    held = settleSlots(held, choice);
    if (held.slots === undefined || held.slots === before) return;
    log("slots.chosen", { slots: held.slots, decidedBy: choice.decidedBy, reasons: choice.reasons });
    options.onSlots(held.slots);
  }

  return {
    choice: () => last?.choice,
    look(now) {
      models = now;
      return look();
    },
    wantsCurve() {
      if (last?.curveOf === undefined || clock.monotonicMs() < notBeforeMs) return undefined;
      const { curve, choice } = last;
      if (curve === undefined) return choice.measureUpTo > 1 ? "first" : undefined;
      return isUnfinished(curve.points, choice.measureUpTo) ? "longer" : undefined;
    },
    async measure(withinMs, signal) {
      const measured = last?.curveOf;
      const upTo = last?.choice.measureUpTo ?? 1;
      if (measured === undefined) return;
      const { model, key } = measured;
      log("curve.measuring", { model, upTo, withinSeconds: Math.round(withinMs / 1000) });
      const outcome = await measureCurve({ ask: askOnceOf(ollamaHost, model), upTo, withinMs, clock, signal });
      log(`curve.${outcome.kind}`, {
        model,
        ...("points" in outcome ? outcome : {}),
        ...("why" in outcome ? outcome : {}),
      });
      if (outcome.kind === "aborted") return;
      if (outcome.kind === "failed" || outcome.cut) notBeforeMs = clock.monotonicMs() + measureAgainMs;
      // One that came no further than the one before says less.
      if (outcome.kind === "failed" || outcome.points.length < (last?.curve?.points.length ?? 0)) return;
      try {
        // The model is loaded now, and Ollama says with which context.
        const { loaded } = await ollamaFacts(ollamaHost, []);
        const context = loaded.find((one) => one.name === model)?.context ?? null;
        await storeCurve(stateDir, { key, context, points: outcome.points });
      } catch (error) {
        notBeforeMs = clock.monotonicMs() + measureAgainMs;
        log("curve.not_kept", { error: describeError(error) });
      }
      await look();
    },
  };
}
