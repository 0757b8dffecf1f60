import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root, run } from "../../scripts/run.ts";

/** Lints one file that is put into a package for the moment. */
async function lint(packageName: string, source: string): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(root, `packages/${packageName}/src/lint-probe-`));
  made.push(folder);
  const file = join(folder, "probe.ts");
  await writeFile(file, source);
  return run(["oxlint", file], { quiet: true });
}
const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

const forbidden: [from: string, to: string][] = [
  ["contracts", "@steward/core/task/task-state"],
  ["core", "@steward/aws/table"],
  ["core", "@steward/catalogue/catalogue"],
  ["aws", "@steward/control/context"],
  ["control", "@steward/api/app"],
  ["control", "@steward/catalogue/catalogue"],
  ["agent", "@steward/control/context"],
  ["agent", "@steward/core/task/task-state"],
  ["worker", "@steward/aws/table"],
  ["cli", "@steward/core/task/task-state"],
  ["dashboard", "@steward/control/context"],
  ["functions", "@steward/local/stack"],
  ["functions", "@steward/dashboard/assets"],
  ["core", "../../../aws/src/table.ts"],
];

test.each(forbidden)("%s may not import %s", async (from, to) => {
  const { code, output } = await lint(
    from,
    `import type * as probe from "${to}";\nexport type Probe = typeof probe;\n`,
  );
  expect(code, output).not.toBe(0);
  expect(output).toContain("no-restricted-imports");
});

test("an import along the arrows passes", async () => {
  const { code, output } = await lint(
    "core",
    'import type { Risk } from "@steward/contracts/risk";\nexport type Probe = Risk;\n',
  );
  expect(code, output).toBe(0);
});

test("core may not read the clock", async () => {
  const { code, output } = await lint("core", "export const now = () => Date.now();\n");
  expect(code, output).not.toBe(0);
  expect(output).toContain("no-restricted-globals");
});
