import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { root } from "../run.ts";
import { inlinePassages } from "./inline-passages.ts";

/** One folder of JavaScript that needs nothing beside it: `index.mjs`, and chunks that are loaded when they are asked for. */
export interface Bundled {
  /** By name, without source maps. */
  files: Map<string, Uint8Array>;
  /** By the name of what they explain. */
  maps: Map<string, Uint8Array>;
  /** What a start loads: the entry and whatever that imports outright. */
  eagerBytes: number;
  bytes: number;
  metafile: Metafile;
}

/** The entry: a file, or a text whose imports are looked up from the repository's root. `traced`: a second one, beside it. */
export type Entry = { file: string; traced?: string } | { text: string };

/**
 * Bundles for Lambda's Node 24. The same sources give the same bytes on every machine: paths are relative to the root,
 * chunks are named by their content, and nothing is compiled for a processor.
 */
export async function bundle(entry: Entry): Promise<Bundled> {
  const { outputFiles, metafile } = await build({
    ...bundleOptions,
    ...("file" in entry
      ? {
          entryPoints: { index: entry.file, ...(entry.traced === undefined ? {} : { traced: tracedEntry }) },
          plugins: [...bundleOptions.plugins, ofText(entry.traced ?? "")],
        }
      : { stdin: { contents: entry.text, resolveDir: root, sourcefile: "index.js" }, entryNames: "index" }),
  });
  const required = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ kind, external }) => kind === "require-call" && external === true)
      .map(({ path }) => `${file}: ${path}`),
  );
  if (required.length > 0) {
    throw new Error(`These call require(), which a module in Lambda does not have:\n  ${required.join("\n  ")}`);
  }
  const files = new Map<string, Uint8Array>();
  const maps = new Map<string, Uint8Array>();
  for (const { path, contents } of outputFiles) {
    (path.endsWith(".map") ? maps : files).set(basename(path, ".map"), contents);
  }
  return {
    files,
    maps,
    eagerBytes: sum([...eagerFiles(metafile)].map((name) => files.get(name)?.length ?? 0)),
    bytes: sum([...files.values()].map((contents) => contents.length)),
    metafile,
  };
}

const bundleOptions = {
  absWorkingDir: root,
  // Never written: only for the paths in the answer.
  outdir: join(root, "dist"),
  write: false,
  metafile: true,
  bundle: true,
  // Each SDK client stays a chunk of its own that its first call loads.
  splitting: true,
  format: "esm",
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  platform: "node",
  target: "node24",
  // The SDK's ES modules before its CommonJS: only of those esbuild can leave out the commands that nobody calls.
  mainFields: ["module", "main"],
  // Bundles of playbooks are built by the build and lie beside `bootstrap`: what builds them stays here.
  external: ["@steward/catalogue/bundle"],
  minify: true,
  legalComments: "none",
  // Apart from the code and not shipped: Lambda would load them with every start or never. The same commit makes the
  // same ones again, so a stack trace in a log can be read at any time.
  sourcemap: "external",
  sourcesContent: false,
  logLevel: "silent",
  plugins: [inlinePassages(), leanZod()],
} as const satisfies BuildOptions;

const tracedEntry = "steward:traced";

function ofText(contents: string): Plugin {
  return {
    name: "of-text",
    setup(builder) {
      builder.onResolve({ filter: new RegExp(`^${tracedEntry}$`) }, ({ path }) => ({ path, namespace: "text" }));
      builder.onLoad({ filter: /^/, namespace: "text" }, () => ({ contents, resolveDir: root, loader: "ts" }));
    },
  };
}

/**
 * zod's `z` is a namespace object, which esbuild keeps whole: every type, the translations of messages into 50 languages,
 * 340 KB in all. Imported as a namespace, only what is used stays; of the languages, English.
 */
function leanZod(): Plugin {
  return {
    name: "lean-zod",
    setup(builder) {
      builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
        contents: `export { default as en } from "./en.js";`,
        resolveDir: dirname(path),
      }));
      builder.onLoad({ filter: /[\\/]packages[\\/][a-z-]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => ({
        contents: (await readFile(path, "utf8")).replace('import { z } from "zod";', 'import * as z from "zod";'),
        loader: "ts",
      }));
    },
  };
}

function eagerFiles(metafile: Metafile): Set<string> {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const seen = new Set<string>();
  const visit = (name: string) => {
    const output = outputs.get(name);
    if (output === undefined || seen.has(name)) return;
    seen.add(name);
    for (const { kind, path } of output.imports) if (kind === "import-statement") visit(basename(path));
  };
  visit("index.mjs");
  return seen;
}

/** Writes the files into `directory`, which then holds nothing else. */
export async function writeFiles(directory: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const [name, contents] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), contents);
  }
}

/** One digest for a set of files: of their names and contents, in whatever order they come. */
export function digestOf(files: ReadonlyMap<string, Uint8Array | string>): string {
  const hash = createHash("sha256");
  for (const [name, contents] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${name}\0${createHash("sha256").update(contents).digest("hex")}\n`);
  }
  return hash.digest("hex");
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
