import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { root } from "../run.ts";
import { releaseText } from "./release-changes.ts";
import { committedStages, readReleaseFile, readReleaseFiles, releaseFileOf } from "./release-file.ts";

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "steward-release-"));
  mkdirSync(join(repository, "releases"));
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

const write = (text: string) => writeFileSync(join(repository, releaseFileOf("prod")), text);

it("every stage that publishes a committed release has one, written as the command writes it", () => {
  expect(committedStages()).toContain("prod");
  for (const stage of committedStages()) {
    const text = readFileSync(join(root, releaseFileOf(stage)), "utf8");
    expect(releaseText(readReleaseFile(stage))).toBe(text);
  }
});

it("names every problem of a file at once, and what to do", () => {
  const good = readReleaseFile("prod").actions[0];
  write(
    JSON.stringify({
      v: 1,
      actions: [
        { ...good, bundle: "x" },
        { ...good, undo: "maybe", more: 1 },
      ],
    }),
  );
  expect(() => readReleaseFile("prod", repository)).toThrow(
    /releases\/prod\.json[\s\S]*actions\.0\.bundle[\s\S]*actions\.1\.undo[\s\S]*"more"[\s\S]*agents[\s\S]*npm run release -- --stage prod/,
  );
  write(JSON.stringify({ v: 1, actions: [good, good], agents: {} }));
  expect(() => readReleaseFile("prod", repository)).toThrow(`${good?.id} is there twice`);
  write("{");
  expect(() => readReleaseFile("prod", repository)).toThrow(/is no JSON/);
});

it("a missing file is a problem and never an empty release", () => {
  expect(() => readReleaseFiles(repository)).toThrow(/prod[\s\S]*is missing/);
});
