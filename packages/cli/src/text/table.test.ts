import fc from "fast-check";
import { expect, test } from "vitest";
import { plain } from "./paint.ts";
import { fit, table } from "./table.ts";

const rows = [
  { id: "apl_1", note: "a long note that does not fit on a narrow screen" },
  { id: "apl_22", note: "short" },
];
const columns = [
  { head: "ID", cell: (row: (typeof rows)[number]) => row.id },
  { head: "NOTE", cell: (row: (typeof rows)[number]) => row.note, flexible: true },
];

test("a pipe gets everything", () => {
  expect(table(rows, columns, undefined, plain)).toBe(
    ["ID      NOTE", "apl_1   a long note that does not fit on a narrow screen", "apl_22  short"].join("\n"),
  );
});

test("a head that is longer than what stands below it is whole, also in the last column", () => {
  const short = [
    { head: "METRIC", cell: () => "cpu" },
    { head: "SOURCE", cell: () => "here" },
  ];
  expect(table([{}], short, undefined, plain)).toBe("METRIC  SOURCE\ncpu     here");
});

test("a narrow terminal shortens what may give way and keeps the id", () => {
  const lines = table(rows, columns, 24, plain).split("\n");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(24);
  expect(lines[1]).toBe("apl_1   a long note tha…");
});

test("widths fit whenever the columns' minimum does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 60, max: 200 }),
      (list, width) => {
        const widths = fit(
          list.map(([size]) => size),
          list.map(([, flexible]) => flexible),
          width,
        );
        expect(widths.reduce((sum, size) => sum + size, 0) + 2 * (widths.length - 1)).toBeLessThanOrEqual(
          Math.max(width, 46),
        );
        widths.forEach((size, index) => expect(size).toBeLessThanOrEqual(list[index]?.[0] ?? 0));
      },
    ),
  );
});
