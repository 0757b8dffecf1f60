import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionsDoc } from "./docs/actions.ts";
import { architectureDoc } from "./docs/architecture.ts";
import { permissionsDoc } from "./docs/permissions.ts";
import { root } from "./run.ts";

/** Writes the documents that are made from definitions. With `--check` it writes nothing, and fails where one is out of date. */
const documents: Record<string, () => string> = {
  "docs/actions.md": actionsDoc,
  "docs/architecture.md": architectureDoc,
  "docs/permissions.md": permissionsDoc,
};

const check = process.argv.includes("--check");
for (const [file, make] of Object.entries(documents)) {
  const path = join(root, file);
  const text = make();
  if (text === read(path)) continue;
  if (check) {
    console.error(`${file} is out of date: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`${file} written`);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
