import { expect, it } from "vitest";
import { withGaps } from "./with-gaps.ts";

it("a silence is a gap, a step is none", () => {
  const point = (minute: number) => ({ at: new Date(minute * 60_000).toISOString() });
  const points = [point(0), point(5), point(20)];
  const { atMs, rows } = withGaps(points, 300);
  expect(atMs).toEqual([0, 5, 10, 20].map((minute) => minute * 60_000));
  expect(rows).toEqual([points[0], points[1], null, points[2]]);
  expect(withGaps([], 300)).toEqual({ atMs: [], rows: [] });
});
