/**
 * `npm run build`: everything that is deployed, into `dist/`. `functions/<name>/` is what Lambda runs, as it is,
 * `maps/<name>/` the source maps that go with it, `worker/` and `agent/` what GPU hosts and appliances run, `dashboard/`
 * what the CDN serves. The same checkout gives the same bytes. `--json` for the manifest alone.
 */
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { buildDashboard } from "@steward/dashboard/build";
import { buildNotes, siteFolder } from "@steward/dashboard/site";
import { builtPrograms } from "./build/built-programs.ts";
import { buildSourceFile, currentSource } from "./build/build-source.ts";
import { type BuiltFunction, buildFunctions } from "./build/functions.ts";
import { digestOf } from "./build/bundle.ts";
import { buildNodes, nodeBuilds } from "./build/nodes.ts";
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
  const dist = join(root, "dist");
  const before = currentSource();
  say("worker and agent\nfunctions:");
  buildNodes(dist);
  const dashboard = await copyDashboard(join(dist, "dashboard"), say);
  const functions = await buildFunctions({
    outDir: join(dist, "functions"),
    mapsDir: join(dist, "maps"),
    committed,
    programs: builtPrograms(dist),
    onBuilt: ({ name }) => say(` ${name}`),
  });
  // Asked before and after: a file that was saved meanwhile is in one part of what was built and not in the other.
  const source = currentSource();
  const clean = source?.clean === true && before?.clean === true && source.commit === before.commit;
  rmSync(join(root, buildSourceFile), { force: true });
  if (source !== undefined) writeFileSync(join(root, buildSourceFile), `${JSON.stringify({ ...source, clean })}\n`);
  say("\n\n");
  const nodes = Object.keys(nodeBuilds).map((path) => ({ path, ...fileFacts(join(dist, path)) }));
  if (json) {
    process.stdout.write(`${JSON.stringify({ functions, nodes, dashboard }, null, 2)}\n`);
    return;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${functionTable(functions)}\n\n${fileTable([...nodes, dashboard])}\n\ndist: built in ${seconds} s\n`,
  );
}

function functionTable(functions: readonly BuiltFunction[]): string {
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

function fileTable(nodes: readonly { path: string; bytes: number; sha256: string }[]): string {
  return columns(
    ["file", "all", "sha256"],
    nodes.map(({ path, bytes, sha256 }) => [path, kb(bytes), sha256.slice(0, 12)]),
  );
}

/** All of it but Vite's notes. */
async function copyDashboard(to: string, say: (text: string) => void) {
  await buildDashboard({ say: (text) => say(`\n${text}\n`) });
  rmSync(to, { recursive: true, force: true });
  cpSync(join(root, siteFolder), to, { recursive: true, filter: (path) => basename(path) !== buildNotes });
  const files = readdirSync(to, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(to, path)).isFile())
    .map((path) => [path, readFileSync(join(to, path))] as const);
  return {
    path: "dashboard",
    bytes: files.reduce((total, [, content]) => total + content.length, 0),
    sha256: digestOf(new Map(files)),
  };
}

function fileFacts(file: string): { bytes: number; sha256: string } {
  const contents = readFileSync(file);
  return { bytes: contents.length, sha256: createHash("sha256").update(contents).digest("hex") };
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
