import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, run } from "../../scripts/run.ts";

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
  ["dashboard", "@steward/core/task/task-state"],
  ["dashboard", "@steward/dashboard/build"],
  ["dashboard", "node:fs"],
  ["functions", "@steward/local/stack"],
  ["functions", "@steward/dashboard/site"],
  ["core", "../../../aws/src/table.ts"],
  ["infra", "aws-cdk-lib/aws-sqs"],
  ["infra", "../../stacks/build-app.ts"],
  ["infra", "@steward/control/context"],
  ["infra", "@steward/functions/context"],
  ["infra", "@steward/api/app"],
  ["infra", "../../packages/aws/src/table.ts"],
  ["stacks", "sst"],
  ["stacks", "@pulumi/aws"],
  ["stacks", "../../infra/api.ts"],
  ["stacks", "@steward/functions/env"],
  ["stacks", "@steward/core/task/task-state"],
];

/** Ways to an address that somebody gave, around `fetchOutside`. */
const ways: [from: string, source: string][] = ["aws", "control", "api", "functions"].flatMap((from) => [
  [from, 'import { request } from "node:https";\nexport const get = (url: string) => request(url);\n'],
  [from, 'import * as http from "http";\nexport const get = (url: string) => http.get(url);\n'],
  [from, 'import { connect } from "node:net";\nexport const reach = (port: number) => connect(port);\n'],
  [from, "export const get = async (url: string) => fetch(url);\n"],
  [from, "export const listen = (url: string) => new WebSocket(url);\n"],
]);

const allowed: [from: string, to: string][] = [
  ["core", "@steward/contracts/risk"],
  ["infra", "@steward/contracts/names"],
  ["infra", "@steward/functions/alarms"],
  ["infra", "@steward/api/security-headers"],
  ["infra", "@steward/dashboard/site"],
  ["stacks", "@steward/functions/definitions"],
  ["stacks", "../../infra/stages.ts"],
];

const importing = (to: string) => `import type * as probe from "${to}";\nexport type Probe = typeof probe;\n`;
const clock = "export const now = () => Date.now();\n";

/** Files that are put into their homes for the moment, by what they are about; and what the linter says of each. */
const probes = new Map<string, string>();
const said = new Map<string, string[]>();
const folders: string[] = [];

// One run for all of them: the linter reads the whole repository's types before it looks at the first file.
beforeAll(async () => {
  for (const [from, to] of [...forbidden, ...allowed]) await put(from, `${from} → ${to}`, importing(to));
  await put("core", "core's clock", clock);
  for (const [from, source] of ways) await put(from, `${from}: ${source}`, source);
  const { output } = await run(["oxlint", "--format", "json", ...folders], { quiet: true });
  const { diagnostics }: { diagnostics: { filename: string; code: string }[] } = JSON.parse(output);
  for (const { filename, code } of diagnostics) said.set(filename, [...(said.get(filename) ?? []), code]);
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function put(home: string, about: string, source: string): Promise<void> {
  const sources = home === "infra" || home === "stacks" ? home : `packages/${home}/src`;
  const folder = await mkdtemp(join(root, sources, "lint-probe-"));
  folders.push(folder);
  // The dashboard's parts are .tsx, which the rules must reach as well.
  const file = join(folder, home === "dashboard" ? "probe.tsx" : "probe.ts");
  await writeFile(file, source);
  probes.set(about, relative(root, file));
}

function saidOf(about: string): string[] {
  return said.get(probes.get(about) ?? "") ?? [];
}

test.each(forbidden)("%s may not import %s", (from, to) => {
  expect(saidOf(`${from} → ${to}`)).toContain("eslint(no-restricted-imports)");
});

test.each(allowed)("%s may import %s", (from, to) => {
  expect(saidOf(`${from} → ${to}`)).toEqual([]);
});

test("core may not read the clock", () => {
  expect(saidOf("core's clock")).toContain("eslint(no-restricted-globals)");
});

test.each(ways)("%s may not fetch what is given by itself: %s", (from, source) => {
  expect(saidOf(`${from}: ${source}`)).toContainEqual(
    expect.stringMatching(/^eslint\(no-restricted-(imports|globals)\)$/),
  );
});
