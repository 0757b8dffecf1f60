import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { newestRelease } from "@steward/catalogue/release-content";
import type { ReleaseContent } from "@steward/contracts/release";
import {
  entryUrl,
  type FunctionName,
  functionDefinitions,
  functionNames,
  isTracedFunction,
} from "@steward/functions/definitions";
import { releaseFiles } from "@steward/functions/release-source";
import { type BuiltProgram, listed } from "./built-programs.ts";
import { bundle, digestOf, writeFiles } from "./bundle.ts";
import { releaseText } from "./release-changes.ts";

export interface BuiltFunction {
  name: FunctionName;
  /** What a cold start loads: the entry and its outright imports. */
  eagerBytes: number;
  /** All of the folder. */
  bytes: number;
  files: number;
  /** Of the folder's files, names and contents. */
  sha256: string;
}

export interface FunctionsBuild {
  /** Emptied first. Holds `<name>/index.mjs` of every function, and `manifest.json`. */
  outDir: string;
  /** Where source maps go. Absent: nowhere. */
  mapsDir?: string;
  /** What stages with a committed release publish, by stage; all others publish what this checkout has. */
  committed: Readonly<Record<string, ReleaseContent>>;
  /** This checkout's builds of agent and worker, for the newest release. */
  programs: readonly BuiltProgram[];
  onBuilt?: (built: BuiltFunction) => void;
}

/**
 * Builds every function into a folder that Lambda (and the local host) runs as it is. One build serves every stage: what
 * differs between them is in their environments, and in the release that `bootstrap` finds beside it.
 */
export async function buildFunctions(options: FunctionsBuild): Promise<BuiltFunction[]> {
  const missing = functionNames.filter((name) => !existsSync(entryUrl(name)));
  if (missing.length > 0) throw new Error(`These functions have no code: ${missing.join(", ")}`);
  const { outDir, mapsDir } = options;
  await rm(outDir, { recursive: true, force: true });
  if (mapsDir !== undefined) await rm(mapsDir, { recursive: true, force: true });
  const built: BuiltFunction[] = [];
  for (const name of functionNames) {
    const { files: code, maps, eagerBytes } = await bundle(entryOf(name));
    const files = new Map<string, Uint8Array | string>(code);
    if (name === "bootstrap") for (const [path, content] of await releaseOf(options)) files.set(path, content);
    await writeFiles(join(outDir, name), files);
    if (mapsDir !== undefined) await writeFiles(join(mapsDir, name), withEnding(maps, ".map"));
    const bytes = [...files.values()].reduce((total, content) => total + Buffer.byteLength(content), 0);
    const one = { name, eagerBytes, bytes, files: files.size, sha256: digestOf(files) };
    built.push(one);
    options.onBuilt?.(one);
  }
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, "manifest.json"), `${JSON.stringify({ v: 1, functions: built }, null, 2)}\n`);
  return built;
}

/** A function, and beside it what runs it where a collector is to be told: nothing of that is loaded by the function itself. */
export function entryOf(name: FunctionName): { file: string; traced?: string } {
  const file = fileURLToPath(entryUrl(name));
  if (!isTracedFunction(name)) return { file };
  const about = { name, trigger: functionDefinitions[name].trigger };
  const tracer = fileURLToPath(new URL("./tracing/trace-function.ts", entryUrl(name)));
  return {
    file,
    traced: [
      `import { traceFunction } from ${JSON.stringify(tracer)};`,
      `export const handler = await traceFunction(${JSON.stringify(about)}, () => import(${JSON.stringify(file)}));`,
    ].join("\n"),
  };
}

/** What `bootstrap` publishes from. A committed release may name bundles that this checkout no longer builds. */
async function releaseOf({ committed, programs }: FunctionsBuild): Promise<Map<string, Uint8Array | string>> {
  const bundles = await buildAllBundles();
  return new Map<string, Uint8Array | string>([
    [releaseFiles.newest, releaseText(newestRelease(bundles, listed(programs)))],
    ...Object.entries(committed).map(
      ([stage, release]) => [releaseFiles.committed(stage), releaseText(release)] as const,
    ),
    ...programs.map(({ digest, bytes }) => [releaseFiles.build(digest), bytes] as const),
    ...[...bundles.values()].map(({ digest, bytes }) => [releaseFiles.bundle(digest), bytes] as const),
  ]);
}

function withEnding(files: ReadonlyMap<string, Uint8Array>, ending: string): Map<string, Uint8Array> {
  return new Map([...files].map(([name, contents]) => [name + ending, contents]));
}
