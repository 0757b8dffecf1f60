import fc from "fast-check";
import { expect, test } from "vitest";
import { DeadlineHeap } from "./deadline-heap.ts";

test("comes out in order of time, without what is stale, and no earlier than due", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1000), fc.boolean())), fc.nat(1000), (entries, nowMs) => {
      const heap = new DeadlineHeap<boolean>();
      for (const [atMs, stale] of entries) heap.push({ atMs, item: stale, version: 0 });
      const out: number[] = [];
      for (let due = heap.popDue(nowMs, ({ item }) => item); due; due = heap.popDue(nowMs, ({ item }) => item))
        out.push(due.atMs);
      const expected = entries.filter(([atMs, stale]) => !stale && atMs <= nowMs).map(([atMs]) => atMs);
      expect(out).toEqual(expected.sort((a, b) => a - b));
      expect(heap.nextAtMs()).toBeGreaterThan(nowMs);
    }),
  );
});
