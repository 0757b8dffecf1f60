export interface Deadline<Item> {
  atMs: number;
  item: Item;
  version: number;
}

/** A binary heap, earliest first. Entries are never removed from the middle: stale ones are skipped when they come up. */
export class DeadlineHeap<Item> {
  private entries: Deadline<Item>[] = [];

  nextAtMs(): number {
    return this.entries[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(entry: Deadline<Item>): void {
    const entries = this.entries;
    let place = entries.length;
    entries.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.atMs <= entry.atMs) break;
      entries[place] = above;
      place = parent;
    }
    entries[place] = entry;
  }

  /** The earliest entry at or before `nowMs` that is not stale. */
  popDue(nowMs: number, stale: (entry: Deadline<Item>) => boolean): Deadline<Item> | undefined {
    for (let first = this.entries[0]; first !== undefined && first.atMs <= nowMs; first = this.entries[0]) {
      this.pop();
      if (!stale(first)) return first;
    }
    return undefined;
  }

  clear(): void {
    this.entries = [];
  }

  private pop(): void {
    const entries = this.entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const right = entries[child + 1];
      const left = entries[child];
      if (left === undefined) break;
      let smaller = left;
      if (right !== undefined && right.atMs < left.atMs) {
        child += 1;
        smaller = right;
      }
      if (smaller.atMs >= last.atMs) break;
      entries[place] = smaller;
      place = child;
    }
    entries[place] = last;
  }
}
