import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { isPermanent, permanentStages } from "../../infra/stages.ts";
import { requireOrSkip } from "../support/require.ts";
import { synthesize } from "./support/synthesize.ts";

const run = promisify(execFile);
const usable = await run("cfn-lint", ["--version"]).then(
  () => true,
  () => false,
);
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Everything that cfn-lint says, warnings too; on no finding it says nothing. */
async function lint(directory: string): Promise<string> {
  try {
    const { stdout } = await run("cfn-lint", ["--format", "parseable", "--", `${directory}/*.template.json`], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  } catch (error) {
    // It exits with the severities that it found.
    if (error instanceof Error && "stdout" in error) return String(error.stdout).trim();
    throw error;
  }
}

requireOrSkip(
  "cfn-lint",
  usable,
  "it is not on PATH (pip install cfn-lint)",
)("cfn-lint", () => {
  it.each(Object.keys(permanentStages).filter(isPermanent))("finds nothing in the templates of %s", async (stage) => {
    const { directory } = synthesize(stage);
    directories.push(directory);
    expect(await lint(directory)).toBe("");
  });
});
