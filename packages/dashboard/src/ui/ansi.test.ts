import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf, pieceLength, piecesOf, plainLine, stretchesOf } from "./ansi.ts";

const esc = "\u001b";
const nasty = fc.string({
  unit: fc.constantFrom(
    esc,
    "[",
    "]",
    "8",
    ";",
    "3",
    "1",
    "m",
    "H",
    "J",
    "\u0007",
    "\\",
    "\u009b",
    "\r",
    "\n",
    "\b",
    "\t",
    "a",
    "é",
    "🙂",
    "\u202e",
    "\u200b",
    "?",
    "<script>",
  ),
  maxLength: 60,
});
const line = nasty.map((text) => text.replace(/[\r\n]/g, ""));

describe("what a machine printed", () => {
  it("has no control, bidi or invisible character in it any more, however it is broken", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        for (const one of linesOf(text)) {
          const shown = stretchesOf(one).map((stretch) => stretch.text);
          expect(shown.join("")).toBe(plainLine(one));
          expect(shown.join("")).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b\u202e]/);
        }
      }),
    );
  });

  it("keeps every character that is no escape sequence", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "[", "é", "🙂", "m", "3", " ", "\t", "<") }), (text) => {
        expect(plainLine(text)).toBe(text);
      }),
    );
  });

  it("shows what a carriage return would write over", () => {
    expect(linesOf("10 %\r20 %\rrm -rf /\r            \r\nok\n")).toEqual([
      "10 %",
      "20 %",
      "rm -rf /",
      "            ",
      "ok",
    ]);
    expect(linesOf("")).toEqual([""]);
    expect(linesOf("a\n\nb")).toEqual(["a", "", "b"]);
  });

  it("takes colours as words, and never a cursor, a title or a link", () => {
    expect(stretchesOf(`${esc}[31mred ${esc}[1mbold${esc}[0m plain`)).toEqual([
      { text: "red ", colour: "red" },
      { text: "bold", colour: "red", bold: true },
      { text: " plain" },
    ]);
    expect(stretchesOf(`${esc}[2J${esc}[1;1Hhome`)).toEqual([{ text: "home" }]);
    expect(stretchesOf(`${esc}]0;title\u0007${esc}]8;;https://evil.example${esc}\\click${esc}]8;;${esc}\\`)).toEqual([
      { text: "click" },
    ]);
    expect(stretchesOf(`${esc}[38;5;31mby number${esc}[48;2;31;31;31mby value`)).toEqual([
      { text: "by number" },
      { text: "by value" },
    ]);
    expect(stretchesOf(`${esc}[8mhidden`)).toEqual([{ text: "hidden" }]);
  });

  it("hides nothing in a string that does not end", () => {
    expect(plainLine(`${esc}]0;rm -rf / and ${"x".repeat(600)}`)).toContain("rm -rf /");
    expect(plainLine(`a\bb`)).toBe("a\\x08b");
  });
});

describe("a long line", () => {
  it("is cut into pieces that make it up, none of which ends within a character or an escape sequence", () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 40 }), (text, times, shift) => {
        const long = `${"x".repeat(shift)}${`${text}${"y".repeat(pieceLength - 30)}`.repeat(times)}${text}`;
        const pieces = piecesOf(long);
        expect(pieces.join("")).toBe(long);
        expect(pieces.map(plainLine).join("")).toBe(plainLine(long));
        for (const piece of pieces) expect(plainLine(piece).length).toBeLessThan(pieceLength * 7);
      }),
    );
  });

  it("of a megabyte is cut in no time", () => {
    const from = performance.now();
    expect(piecesOf(`${esc}[31m🙂`.repeat(150_000)).length).toBeGreaterThan(500);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
