import { chmodSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../run.ts";

/** What runs on other people's machines, each in one file that needs Node 24 and nothing else, by its path below `dist`. */
export const nodeBuilds = {
  "worker/steward-worker.mjs": "packages/worker/src/main.ts",
  "agent/steward-agent.mjs": "packages/agent/src/main.ts",
} as const;

/**
 * Writes the single-file builds of worker and agent below `outDir`. The same sources give the same bytes, so a stack that
 * ships them changes when they do. Names are kept: a stack trace from somebody's rack reads like the source.
 */
export function buildNodes(outDir: string): void {
  for (const [path, entry] of Object.entries(nodeBuilds)) {
    const outfile = join(outDir, path);
    buildSync({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      mainFields: ["module", "main"],
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      // CommonJS packages among the dependencies ask for Node's own modules with `require`, which a module does not have.
      banner: {
        js: '#!/usr/bin/env node\nimport { createRequire as nodeRequire } from "node:module"; const require = nodeRequire(import.meta.url);',
      },
      logLevel: "silent",
    });
    chmodSync(outfile, 0o755);
  }
}
