import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../run.ts";

const pages = ["README.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md", { cwd: root })];
const textOf = (page: string) => readFileSync(join(root, page), "utf8");

describe.each(pages)("%s", (page) => {
  test("links only to files and sections that are there", () => {
    // A pattern in code may look like a link.
    const text = textOf(page).replaceAll(/`[^`\n]+`/g, "code");
    const broken = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([link, path = "", section]) => {
        const target = path === "" ? page : join(dirname(page), path);
        if (!existsSync(join(root, target))) return [link];
        return section === undefined || anchorsOf(textOf(target)).includes(section) ? [] : [link];
      },
    );
    expect(broken).toEqual([]);
  });

  test("ends with a whole sentence, a list, a table or code: what only the search is to see stands in a comment", () => {
    // A list of words that was meant for `<!-- also: … -->` and came behind the last sentence.
    expect(textOf(page).trimEnd().split("\n").at(-1)).toMatch(/[.)|]$|^```$|-->$/);
    const prose = textOf(page)
      .replaceAll(/```.*?```/gs, "")
      .replaceAll(/`[^`\n]+`/g, "code");
    expect(prose.match(/\., [a-z].*$/gm) ?? []).toEqual([]);
  });

  test("names only npm scripts that there are", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    const named = [...textOf(page).matchAll(/npm run ([a-z]+(?::[a-z]+)*)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, "")
      .replaceAll(" ", "-"),
  );
}
