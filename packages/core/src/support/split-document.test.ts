import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitDocument } from "./split-document.ts";

const words = (text: string) => text.match(/[^\s]+/g) ?? [];

describe("a document in passages", () => {
  it("has one for each heading, by the anchor that GitHub makes", () => {
    const markdown =
      "# The gate\nFirst.\n\n## What happens when …\n<!-- also: failure, undo -->\nSecond `code`.\n\n```\n# no heading\n```\n## Twice\na\n## Twice\nb";
    expect(splitDocument("docs/gate.md", markdown)).toMatchObject([
      { id: "docs/gate.md#the-gate", title: "The gate", text: "First." },
      {
        id: "docs/gate.md#what-happens-when-",
        title: "The gate › What happens when …",
        words: "failure, undo",
        text: "Second `code`.\n\n```\n# no heading\n```",
      },
      { id: "docs/gate.md#twice" },
      { id: "docs/gate.md#twice-1" },
    ]);
  });

  it("leaves out what only shows how something looks", () => {
    const markdown = "# A\none\n## B\n<!-- no answer -->\n```\n$ two\n```\n## C\nthree";
    expect(splitDocument("a.md", markdown).map(({ text }) => text)).toEqual(["one", "three"]);
  });

  it("loses no word, has none that is too long, and names each part", () => {
    const line = fc.oneof(
      fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 60 }).map((list) => list.join(" ")),
      fc.constantFrom("", "- an entry", "| a | b |", "```", "## Heading", "1. first"),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 80 }), (lines) => {
        const markdown = `# Top\n${lines.join("\n")}`;
        const passages = splitDocument("docs/a.md", markdown);
        const kept = passages.flatMap(({ text }) => words(text));
        const fences = lines.filter((one) => one === "```").length;
        // Headings stand in the titles, unless a block of code holds them.
        const given = words(lines.join("\n")).filter((word) => fences > 0 || !["##", "Heading"].includes(word));
        const loose = (list: string[]) => list.filter((word) => !["##", "Heading"].includes(word)).join(" ");
        expect(loose(kept)).toBe(loose(given));
        for (const { text } of passages) expect(text.length).toBeLessThanOrEqual(1_500);
        expect(new Set(passages.map(({ id }) => id)).size).toBe(passages.length);
      }),
    );
  });
});
