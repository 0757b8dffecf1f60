import { useSyncExternalStore } from "react";
import { type Sampled, withSample } from "./sampling.ts";

/**
 * What was seen of something that the API only tells as it is now: kept for the tab, also while other pages are looked at.
 * It begins when the page is first opened.
 */
const kept = new Map<string, Sampled>();
const listeners = new Set<() => void>();

export function keepSample(name: string, atMs: number, values: Readonly<Record<string, number | null>>): void {
  const before = kept.get(name);
  const after = withSample(before, atMs, values);
  if (after === before) return;
  kept.set(name, after);
  for (const listener of listeners) listener();
}

const none: Sampled = { atMs: [], values: {} };

export function useSamples(name: string): Sampled {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => kept.get(name) ?? none,
  );
}
