/** Remembers what `load` found for a key, for a while. Two that ask at once share one call; a failed one is forgotten. */
export interface Cache<T> {
  get(key: string, load: () => Promise<T>): Promise<T>;
  forget(key: string): void;
}

/** `maxAgeMs`: how old an answer may be. Measured on the monotonic clock: setting the machine's time changes nothing. */
export function createCache<T>(maxAgeMs: number): Cache<T> {
  const entries = new Map<string, { value: Promise<T>; untilMs: number }>();
  return {
    get(key, load) {
      const known = entries.get(key);
      if (known !== undefined && known.untilMs > performance.now()) return known.value;
      const entry = { value: load(), untilMs: performance.now() + maxAgeMs };
      entries.set(key, entry);
      entry.value.catch(() => {
        if (entries.get(key) === entry) entries.delete(key);
      });
      return entry.value;
    },
    forget(key) {
      entries.delete(key);
    },
  };
}
