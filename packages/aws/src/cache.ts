/** Remembers what `load` found for a key, for a while. Two that ask at once share one call; a failed one is forgotten. */
export interface Cache<T> {
  /** `youngerThanMs`: for this once, an answer must not be older than that either. */
  get(key: string, load: () => Promise<T>, youngerThanMs?: number): Promise<T>;
  forget(key: string): void;
}

/** A cache for each client or table: who has another one gets nothing that was read from this. */
export function createCaches<T>(maxAgeMs: number): (owner: object) => Cache<T> {
  const caches = new WeakMap<object, Cache<T>>();
  return (owner) => {
    const known = caches.get(owner) ?? createCache<T>(maxAgeMs);
    caches.set(owner, known);
    return known;
  };
}

/** `maxAgeMs`: how old an answer may be. Measured on the monotonic clock: setting the machine's time changes nothing. */
export function createCache<T>(maxAgeMs: number): Cache<T> {
  const entries = new Map<string, { value: Promise<T>; atMs: number }>();
  return {
    get(key, load, youngerThanMs = maxAgeMs) {
      const known = entries.get(key);
      const nowMs = performance.now();
      if (known !== undefined && nowMs - known.atMs < Math.min(maxAgeMs, youngerThanMs)) return known.value;
      const entry = { value: load(), atMs: nowMs };
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
