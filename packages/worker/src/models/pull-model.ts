import { Ollama } from "ollama";
import type { Clock } from "@steward/node-client/clock";
import { strictFetch } from "../probe.ts";

export interface PullModelOptions {
  host: string;
  model: string;
  onPercent: (percent: number) => void;
  clock: Clock;
  signal: AbortSignal;
}

/** Ollama goes on by itself where a download was cut off: nothing is lost by trying again. */
const stallMs = 90_000;
/** It says nothing while it reads all of a large file again. */
const verifyMs = 15 * 60_000;

/** Lets Ollama fetch a model, to the end. Throws what Ollama says, or that it stands still. */
export async function pullModel({ host, model, onPercent, clock, signal }: PullModelOptions): Promise<void> {
  const stalled = new AbortController();
  const over = new AbortController();
  const ollama = new Ollama({ host, fetch: strictFetch(AbortSignal.any([signal, stalled.signal])) });
  let movedAtMs = clock.monotonicMs();
  let patienceMs = stallMs;
  const watching = (async () => {
    while (!over.signal.aborted && !signal.aborted) {
      const leftMs = movedAtMs + patienceMs - clock.monotonicMs();
      if (leftMs <= 0) return stalled.abort();
      await clock.sleep(leftMs, AbortSignal.any([over.signal, signal]));
    }
  })();
  const progress = createProgress();
  try {
    for await (const part of await ollama.pull({ model, stream: true })) {
      if (part.status === "success") return onPercent(100);
      if (!progress.moved(part)) continue;
      movedAtMs = clock.monotonicMs();
      patienceMs = part.status.startsWith("verifying") ? verifyMs : stallMs;
      onPercent(progress.percent());
    }
    throw new Error("Ollama ended before the model was there");
  } catch (error) {
    // What ended it was ourselves.
    if (stalled.signal.aborted) throw new Error(`nothing came for ${patienceMs / 1000} s`);
    throw error;
  } finally {
    over.abort();
    await watching;
  }
}

interface Part {
  status: string;
  digest?: string;
  total?: number;
  completed?: number;
}

/** Of all layers that were told of so far; the first is the model itself, the rest are small. Never goes back. */
export function createProgress() {
  const layers = new Map<string, { total: number; completed: number }>();
  let last = "";
  let highest = 0;
  return {
    /** Whether it is another than the part before. */
    moved(part: Part): boolean {
      const now = `${part.status} ${part.completed ?? ""}`;
      if (part.digest !== undefined && part.total !== undefined && part.total > 0) {
        layers.set(part.digest, { total: part.total, completed: Math.min(part.completed ?? 0, part.total) });
      }
      if (now === last) return false;
      last = now;
      return true;
    },
    percent(): number {
      let total = 0;
      let completed = 0;
      for (const layer of layers.values()) {
        total += layer.total;
        completed += layer.completed;
      }
      // The whole is there when Ollama says so.
      if (total > 0) highest = Math.max(highest, Math.min(99, Math.floor((completed / total) * 100)));
      return highest;
    },
  };
}
