/**
 * `npm run build`: everything that is deployed, into `dist/`. `functions/<name>/` is what Lambda runs, as it is;
 * `maps/<name>/` the source maps that go with it. The same checkout gives the same bytes. `--json` for the manifest alone.
 */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type BuiltFunction, buildFunctions } from "./build/functions.ts";
import { readReleaseFiles } from "./build/release-file.ts";
import { columns } from "./bench/report.ts";
import { root } from "./run.ts";

try {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  await buildAll(values);
} catch (error) {
  process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function buildAll({ json }: { json: boolean }): Promise<void> {
  const say = (text: string) => void (json || process.stderr.write(text));
  const started = performance.now();
  // First, because it is what a person can mend: a release file that is not right.
  const committed = readReleaseFiles();
  const outDir = join(root, "dist/functions");
  say("functions:");
  const functions = await buildFunctions({
    outDir,
    mapsDir: join(root, "dist/maps"),
    committed,
    agents: {},
    onBuilt: ({ name }) => say(` ${name}`),
  });
  say("\n\n");
  if (json) {
    process.stdout.write(`${JSON.stringify({ functions }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${tableOf(functions)}\n\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${relative(root, outDir)}: ${functions.length} functions, ${seconds} s\n`);
}

function tableOf(functions: readonly BuiltFunction[]): string {
  const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  return columns(
    ["function", "loaded at start", "all", "files", "sha256"],
    functions.map(({ name, eagerBytes, bytes, files, sha256 }) => [
      name,
      kb(eagerBytes),
      kb(bytes),
      String(files),
      sha256.slice(0, 12),
    ]),
  );
}
