import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { countBlindOutputs, countUnseenOutputs, gradeModelOutputs } from "./model-outputs.ts";

const graded = gradeModelOutputs();
const percent = (rate: number) => `${(rate * 100).toFixed(2)} %`;

it("a bad answer of a model does not become a plan, and a good one does not go on to a dearer tier", () => {
  for (const [what, { of, rate, byKind }] of [
    ["bad outputs caught", graded.bad],
    ["good outputs taken", graded.good],
  ] as const) {
    const kinds = byKind.map((one) => `  ${one.kind}: ${one.right} of ${one.of}`);
    process.stdout.write(`${[`${what}: ${percent(rate)} of ${of}`, ...kinds].join("\n")}\n`);
  }
  expect(graded.bad.of).toBeGreaterThanOrEqual(200);
  expect(graded.bad.byKind.length).toBeGreaterThanOrEqual(20);
  expect(graded.good.of).toBeGreaterThanOrEqual(100);
  expect(graded.bad.rate, JSON.stringify(graded.bad.wrong, null, 1)).toBeGreaterThanOrEqual(0.99);
  expect(graded.good.rate, JSON.stringify(graded.good.wrong, null, 1)).toBeGreaterThanOrEqual(0.98);
});

it("of bad answers that nobody looked at 99 in 100 are caught", () => {
  for (const { bad, caught } of countUnseenOutputs().halves) expect(caught / bad).toBeGreaterThanOrEqual(0.99);
});

it("the corpus's sentences stand nowhere else: what is learnt by heart is not measured", () => {
  const root = new URL("../../", import.meta.url).pathname;
  const text = ["packages", "test", "scripts", "docs", "bench/requests"]
    .flatMap((folder) => filesBelow(join(root, folder)))
    .map((file) => readFileSync(file, "utf8").toLowerCase())
    .join("\n");
  // A short one ("reboot it") may well be somebody else's too.
  // Whoever wrote the unseen ones did not know the code, and what is said in four words is said by others too.
  const long = [
    ...[...graded.instructions, ...countBlindOutputs().instructions].filter((one) => one.length > 20),
    ...countUnseenOutputs().instructions.filter((one) => one.length > 30),
  ];
  expect(long.filter((one) => text.includes(one.toLowerCase()))).toEqual([]);
});

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (entry.name === "node_modules" || entry.name.startsWith(".")) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return /\.(?:ts|json|jsonl|md|ya?ml)$/.test(entry.name) ? [path] : [];
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
