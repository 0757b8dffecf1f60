#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it. The program itself is TypeScript, which needs Node 24; the
// repository brings its own, and this file hands over to it where the shell's Node is older.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const needed = 24;

if (Number(process.versions.node.split(".")[0]) >= needed) {
  await import("../src/main.ts");
} else {
  const node = bundledNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    console.error(
      `steward needs Node ${needed} or newer; this is ${process.version}, and the one that the repository brings is ` +
        "not installed.\nRun `npm install` in the repository, then try again.",
    );
    process.exit(3);
  }
  handOver(node);
}

/** `node_modules/.bin/node` of the nearest folder above that has one, unless it is the Node that runs now. */
function bundledNode(start) {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", ".bin", "node");
    if (existsSync(candidate) && realpathSync(candidate) !== realpathSync(process.execPath)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends Ctrl-C to the child as well; a second one from here would count as "at once, please".
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  child.on("error", (error) => {
    console.error(`steward could not start ${node}: ${error.message}`);
    process.exit(3);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
