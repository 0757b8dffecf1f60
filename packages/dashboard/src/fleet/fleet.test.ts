import type { Health } from "@steward/contracts/heartbeat";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countHealth, type FleetDot, withUnwell } from "./fleet-dot.ts";
import { cellAt, gapOf, indexAt, layOutFleet, neighbourOf } from "./fleet-layout.ts";
import { groupFleet, groupingOf, tagKeysOf } from "./group-fleet.ts";

const dot = (id: string, health: Health = "healthy", tags: string[] = []): FleetDot => ({
  id,
  name: id,
  tenantId: "ten_a",
  kind: "appliance",
  health,
  tags,
});

describe("the cells of a fleet", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 });
  const groupsOf = (counts: number[]) => counts.map((count, at) => ({ key: `${at}`, label: `site-${at}`, count }));

  it("are within the width, do not lie upon each other, and are found again where they are", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 280, max: 2000 }), (counts, width) => {
        const layout = layOutFleet(groupsOf(counts), width, 400);
        const taken = new Set<string>();
        for (let index = 0; index < layout.count; index += 1) {
          const at = cellAt(layout, index);
          if (at === undefined) throw new Error(`no place for ${index}`);
          const side = layout.pitch - gapOf(layout.pitch);
          expect(at.x + side).toBeLessThanOrEqual(width);
          expect(at.y + side).toBeLessThanOrEqual(layout.height);
          taken.add(`${at.x}/${at.y}`);
          expect(indexAt(layout, at.x + side / 2, at.y + side / 2)).toBe(index);
        }
        expect(taken.size).toBe(layout.count);
      }),
      { numRuns: 15 },
    );
  });

  it("are all reached by arrows, and an arrow always leads to a cell", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (counts, at) => {
        const layout = layOutFleet(groupsOf(counts), 900, 400);
        const index = at % layout.count;
        for (const direction of ["left", "right", "up", "down"] as const) {
          const next = neighbourOf(layout, index, direction);
          expect(cellAt(layout, next)).toBeDefined();
        }
        const right = neighbourOf(layout, index, "right");
        if (index < layout.count - 1) expect(neighbourOf(layout, right, "left")).toBe(index);
      }),
    );
  });

  it("of ten thousand machines fit where they are asked to, quickly", () => {
    const groups = groupsOf(Array.from({ length: 40 }, () => 250));
    const layout = layOutFleet(groups, 1200, 420);
    expect(layout.count).toBe(10_000);
    expect(layout.height).toBeLessThanOrEqual(420);
  });

  it("of nobody are none", () => {
    expect(layOutFleet([], 900, 400)).toMatchObject({ count: 0, height: 0 });
  });
});

describe("a fleet in groups", () => {
  const dots = [
    dot("a", "healthy", ["site:bonn"]),
    dot("b", "critical", ["site:bonn", "ring:canary"]),
    dot("c", "healthy", ["site:berlin"]),
    dot("d", "offline"),
  ];

  it("begins with the largest, the unwell first in each, and ends with those of none", () => {
    const groups = groupFleet(dots, "tag:site");
    expect(groups.map(({ label, dots: members }) => [label, members.map(({ id }) => id)])).toEqual([
      ["bonn", ["b", "a"]],
      ["berlin", ["c"]],
      ["No site", ["d"]],
    ]);
    expect(groups[0]?.counts).toMatchObject({ healthy: 1, critical: 1 });
  });

  it("knows its keys of tags, the most used first", () => {
    expect(tagKeysOf(dots)).toEqual(["site", "ring"]);
  });

  it("is grouped by what an address says, where that is a way to group", () => {
    expect(groupingOf("tag:site", "all")).toBe("tag:site");
    expect(groupingOf("tag:<script>", "all")).toBe("all");
    expect(groupingOf(undefined, "tenant")).toBe("tenant");
  });
});

describe("a fleet of which the unwell were read again", () => {
  it("has those as they were read, and all others healthy", () => {
    const { dots, unknown } = withUnwell([dot("a", "critical"), dot("b"), dot("c", "offline")], [dot("b", "warning")]);
    expect(dots.map(({ health }) => health)).toEqual(["healthy", "warning", "healthy"]);
    expect(unknown).toBe(false);
    expect(countHealth(dots)).toMatchObject({ healthy: 2, warning: 1 });
  });

  it("is the same object where nothing has changed: nothing is drawn again", () => {
    const before = [dot("a", "critical"), dot("b")];
    expect(withUnwell(before, [dot("a", "critical")]).dots).toBe(before);
  });

  it("says that somebody is new", () => {
    expect(withUnwell([dot("a")], [dot("z", "offline")]).unknown).toBe(true);
  });
});
