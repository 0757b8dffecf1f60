/** A binary heap: what comes first by `isBefore` is on its top. */
export interface Heap<T> {
  push(item: T): void;
  pop(): T | undefined;
  peek(): T | undefined;
  size(): number;
}

export function createHeap<T>(isBefore: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  return {
    size: () => items.length,
    peek: () => items[0],
    push(item) {
      let at = items.push(item) - 1;
      while (at > 0) {
        const up = (at - 1) >> 1;
        const parent = items[up] as T;
        if (!isBefore(item, parent)) break;
        items[at] = parent;
        at = up;
      }
      items[at] = item;
    },
    pop() {
      const top = items[0];
      const last = items.pop();
      if (last === undefined || items.length === 0) return top;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= items.length) break;
        if (child + 1 < items.length && isBefore(items[child + 1] as T, items[child] as T)) child += 1;
        if (!isBefore(items[child] as T, last)) break;
        items[at] = items[child] as T;
        at = child;
      }
      items[at] = last;
      return top;
    },
  };
}

/** What is to be done and when; of two at one moment the one that was planned first. */
export interface Planned {
  timeMs: number;
  order: number;
  act: () => void;
}

export function isSooner(a: Planned, b: Planned): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}
