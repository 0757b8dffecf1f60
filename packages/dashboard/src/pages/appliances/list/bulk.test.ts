import type { BulkResult } from "@steward/contracts/fleet";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BulkBody, type BulkChange, changeInParts, tagsOf, watchesLess } from "./bulk.ts";

const change: BulkChange = { kind: "tags", add: ["ring:canary"], remove: [] };

function answerOf({ nodes = [] }: BulkBody): BulkResult {
  return { changed: nodes.length, items: nodes.map((id) => ({ id, outcome: "changed" })) };
}

test("every machine is sent once, in parts that the API takes, and has its outcome in their order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 900 }), async (count) => {
      const ids = Array.from({ length: count }, (_, at) => `apl_${at}`);
      const told: number[] = [];
      const total = await changeInParts(
        ids,
        change,
        async (body) => {
          expect(body.nodes?.length).toBeLessThanOrEqual(200);
          return answerOf(body);
        },
        (done) => told.push(done),
      );
      expect(total.items.map(({ id }) => id)).toEqual(ids);
      expect(total.changed).toBe(count);
      expect(told.at(-1)).toBe(count);
    }),
  );
});

test("a part that fails is told for each of its machines, and the others are changed", async () => {
  const ids = Array.from({ length: 450 }, (_, at) => `apl_${at}`);
  let sent = 0;
  const total = await changeInParts(ids, change, async (body) => {
    sent += 1;
    if (sent === 2) throw new Error("away");
    return answerOf(body);
  });
  expect(total.changed).toBe(250);
  expect(total.items.filter(({ outcome }) => outcome === "failed")).toHaveLength(200);
  expect(total.items[300]).toMatchObject({ id: "apl_300", outcome: "failed", problem: "away" });
});

test("tags are taken as they are typed", () => {
  expect(tagsOf(" site:bonn, ring:canary;site:bonn\n rack:7 ")).toEqual(["site:bonn", "ring:canary", "rack:7"]);
  expect(tagsOf("  ")).toEqual([]);
});

test("a longer interval than two minutes watches less", () => {
  expect(watchesLess(120)).toBe(false);
  expect(watchesLess(121)).toBe(true);
});
