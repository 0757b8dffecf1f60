import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cell, csvCell, fileName, toCsv } from "./exports.ts";

/** A reader of CSV as RFC 4180 has it, written without a look at the writer. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < csv.length; at += 1) {
    const character = csv[at];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (csv[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "," || character === "\r") {
      row.push(cell);
      cell = "";
      if (character === "\r") {
        expect(csv[at + 1]).toBe("\n");
        at += 1;
        rows.push(row);
        row = [];
      }
    } else cell += character;
  }
  expect(quoted).toBe(false);
  expect(cell).toBe("");
  return rows;
}

const startsFormula = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/;
const nasty = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom("=", "+", "-", "@", "\t", "\r", "\n", '"', "'", ",", ";", "a", "\u202e", "é", "🙂"),
  }),
);

describe("CSV", () => {
  it("is read back as it was, with an apostrophe before what a spreadsheet would run", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((width) =>
            fc.array(fc.array(nasty, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
          ),
        ([headers = [], ...rows]) => {
          const safe = (text: string) => (startsFormula.test(text) ? `'${text}` : text);
          expect(parse(toCsv(headers, rows))).toEqual([headers, ...rows].map((row) => row.map(safe)));
        },
      ),
    );
  });

  it("never has a text that starts a formula", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const [[cell = ""] = []] = parse(`${csvCell(text)}\r\n`);
        expect(cell).not.toMatch(startsFormula);
      }),
    );
  });

  it("leaves numbers, and what is not there, as they are", () => {
    const cells: Cell[] = [-5, 0, 1.5, true, null, undefined, "-5"];
    expect(toCsv(["a"], [cells])).toBe("a\r\n-5,0,1.5,true,,,'-5\r\n");
  });
});

describe("a file's name", () => {
  it("holds nothing that a file system minds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const file = fileName(name, "csv", new Date("2026-11-26T14:05:09Z"));
        expect(file).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}._-]*-2026-11-26-1405\.csv$|^_[\p{L}\p{N}._-]*\.csv$/u);
      }),
    );
    expect(fileName("dead letters: rollouts", "json", new Date("2026-11-26T14:05:09Z"))).toBe(
      "dead-letters-rollouts-2026-11-26-1405.json",
    );
  });
});
