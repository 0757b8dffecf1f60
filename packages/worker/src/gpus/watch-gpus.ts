import type { Clock } from "@steward/node-client/clock";
import type { GpuProbe } from "./probe-gpus.ts";

export interface GpuWatch {
  /** What was found last. A look that is due begins, and nobody waits for it. */
  latest(): GpuProbe;
  /** Resolves with a look that is no older than half a minute. */
  fresh(): Promise<GpuProbe>;
}

/** The tools take seconds on some hosts, and hang on others: a heartbeat never waits for them. */
export const lookEveryMs = 30_000;

export function watchGpus(probe: () => Promise<GpuProbe>, clock: Clock): GpuWatch {
  let found: GpuProbe = { gpus: [], troubles: [] };
  let lookedAtMs: number | undefined;
  let looking: Promise<void> | undefined;

  function look(): Promise<void> {
    const due = lookedAtMs === undefined || clock.monotonicMs() - lookedAtMs >= lookEveryMs;
    if (looking || !due) return looking ?? Promise.resolve();
    looking = probe().then((next) => {
      found = next;
      lookedAtMs = clock.monotonicMs();
      looking = undefined;
    });
    return looking;
  }

  return {
    latest() {
      void look();
      return found;
    },
    async fresh() {
      await look();
      return found;
    },
  };
}
