import { readdirSync, readFileSync } from "node:fs";
import { catalogue } from "@steward/catalogue/catalogue";
import type { Passage } from "@steward/core/support/passage";
import { splitDocument } from "@steward/core/support/split-document";

const root = new URL("../../../", import.meta.url);

/** Made from definitions, for those who work on Steward; and the one whose examples are questions, which it would answer itself. */
const leftOut = new Set([
  "docs/support.md",
  "docs/architecture.md",
  "docs/permissions.md",
  "docs/service-control-policy.md",
]);
const actionsDocument = "docs/actions.md";

/**
 * What questions are answered from: the documents of this checkout, cut into passages. A deployed function reads nothing:
 * the build puts the passages here in the place of this module (`scripts/build/inline-passages.ts`).
 */
export const passages: readonly Passage[] = readPassages();

function readPassages(): Passage[] {
  const files = ["docs", "docs/runbooks"].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  );
  return ["README.md", ...files.filter((file) => !leftOut.has(file)).toSorted()].flatMap((file) => {
    const markdown = readFileSync(new URL(file, root), "utf8");
    return file === actionsDocument
      ? splitDocument(file, withoutPatterns(markdown), "catalogue").map(withWordsOfAction)
      : splitDocument(file, markdown);
  });
}

/** An action is found by everything that may be said for it. */
function withWordsOfAction(passage: Passage): Passage {
  const action = catalogue.find(({ id }) => passage.href === `${actionsDocument}#${id.replaceAll(".", "")}`);
  if (action === undefined) return passage;
  const examples = action.examples.map((example) => example.replace(/\{\w+\}/g, ""));
  return { ...passage, words: [...new Set([...action.words, ...examples])].join(" ") };
}

function withoutPatterns(markdown: string): string {
  return markdown.replace(/ Pattern: `[^`]*`\./g, "").replace(/ where `\w+` matches `[^`]*`/g, "");
}
