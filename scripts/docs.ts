import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documents } from "./docs/documents.ts";
import { root } from "./run.ts";

/** Writes the documents that are made from definitions. */
for (const [file, make] of Object.entries(documents)) {
  const path = join(root, file);
  const text = make();
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  writeFileSync(path, text);
  console.log(`${file} written`);
}
