#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it. The program is TypeScript, which needs Node 24; where the shell's Node
// is older, this file hands over to the one that the repository brings.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= 24) await import("../src/main.ts");
else handOver(nodeAbove(dirname(here)));

/** `node_modules/.bin/node` of the nearest folder above that has one. */
function nodeAbove(folder) {
  const candidate = join(folder, "node_modules", ".bin", "node");
  if (existsSync(candidate) && realpathSync(candidate) !== realpathSync(process.execPath)) return candidate;
  const above = dirname(folder);
  if (above !== folder) return nodeAbove(above);
  console.error(
    `steward-agent needs Node 24; this is ${process.version}. Run \`npm install\` in the repository, then try again.`,
  );
  return process.exit(3);
}

function handOver(node) {
  const child = spawn(node, [here, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
