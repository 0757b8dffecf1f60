import fc from "fast-check";
import { expect, test } from "vitest";
import { visible, visibleLines } from "./visible.ts";

test("escape sequences, C1 controls and bidi overrides are shown, not obeyed", () => {
  expect(visible("\u001b[2Jgone")).toBe("\\x1b[2Jgone");
  expect(visible("\u009b31mred")).toBe("\\x9b31mred");
  expect(visible("user\u202enimda")).toBe("user\\u202enimda");
  expect(visible("a\u{e0041}b")).toBe("a\\u{e0041}b");
  expect(visible("two\nlines")).toBe("two\\x0alines");
});

test("ordinary text of any script stays as it is", () => {
  for (const text of ["john", "Jürgen", "山田", "שלום", "e\u0301", "👩‍👧", "a\\x1b"]) expect(visible(text)).toBe(text);
});

test("output keeps its lines; a lone carriage return cannot repaint one", () => {
  expect(visibleLines("ok: [a]\r\nfailed\rok\tx\n")).toBe("ok: [a]\nfailed\\x0dok    x\n");
});

test("nothing that a terminal obeys gets through", () => {
  fc.assert(
    fc.property(
      fc.uint16Array().map((units) => String.fromCharCode(...units)),
      (text) => {
        expect(visibleLines(text)).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
        );
        expect(visible(visible(text))).toBe(visible(text));
      },
    ),
  );
});
