import { chownSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFile, replaceFile } from "./state-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("a file is its owner's alone", async () => {
  await replaceFile(join(folder, "a"), "1");
  await replaceFile(join(folder, "a"), "2");
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("2");
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o600);
});

// Only root can give a file away.
it.runIf(process.getuid?.() === 0)("what root writes into a service's folder is the service's", async () => {
  chownSync(folder, 12_345, 12_346);
  await replaceFile(join(folder, "replaced"), "1");
  await createFile(join(folder, "created"), "1");
  for (const name of ["replaced", "created"]) {
    expect(statSync(join(folder, name))).toMatchObject({ uid: 12_345, gid: 12_346 });
  }
});
