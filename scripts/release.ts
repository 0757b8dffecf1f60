/**
 * `npm run release -- --stage prod`: writes `releases/prod.json`, what a stage with the channel `committed` publishes,
 * from this checkout, and shows what that changes. Nothing is signed and no time is written: the same checkout gives the
 * same file, its review is the commit's, and publishing signs it. `--check` only shows.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { newestRelease } from "@steward/catalogue/release-content";
import type { ReleaseContent } from "@steward/contracts/release";
import { builtPrograms, listed } from "./build/built-programs.ts";
import { buildNodes } from "./build/nodes.ts";
import { nextRelease, releaseChanges, releaseText } from "./build/release-changes.ts";
import { committedStages, readReleaseFileIfThere, releaseFileOf } from "./build/release-file.ts";
import { root, run } from "./run.ts";

try {
  const { values } = parseArgs({ options: { stage: { type: "string" }, check: { type: "boolean", default: false } } });
  await release(values);
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function release({ stage, check }: { stage?: string | undefined; check: boolean }): Promise<void> {
  const stages: readonly string[] = committedStages();
  if (stage === undefined || !stages.includes(stage)) {
    throw new Error(`say for which stage: --stage ${stages.join(" | ")} (those with releaseChannel "committed")`);
  }
  const path = releaseFileOf(stage);
  if (!check) await refuseChanges(path);
  const before = readReleaseFileIfThere(stage);
  const after = nextRelease(before, await thisCheckout());
  const changes = releaseChanges(before, after);
  if (changes.length === 0) {
    process.stdout.write(`${path} pins what this checkout has: nothing to do.\n`);
    return;
  }
  process.stdout.write(`${path}:\n${changes.map((change) => `  ${change}\n`).join("")}`);
  if (check) return;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), releaseText(after));
  process.stdout.write(`Written. Review and commit it; the next publish of ${stage} signs it.\n`);
}

async function thisCheckout(): Promise<ReleaseContent> {
  const folder = mkdtempSync(join(tmpdir(), "steward-agent-"));
  try {
    buildNodes(folder);
    return newestRelease(await buildAllBundles(), listed(builtPrograms(folder)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A release pins what a commit has, so that it can be built again; the file itself may wait to be committed. */
async function refuseChanges(path: string): Promise<void> {
  const status = ["git", "status", "--porcelain", "--untracked-files=all", "--", ".", `:(exclude)${path}`];
  const { code, output } = await run(status, { quiet: true });
  if (code !== 0) throw new Error(`cannot see whether this checkout is clean: ${output.trim()}`);
  if (output.trim() === "") return;
  throw new Error(`this checkout has changes that no commit has:\n${output.trimEnd()}\nCommit them first.`);
}
