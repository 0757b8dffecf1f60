import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ReleaseContent, releaseContentSchema } from "@steward/contracts/release";
import { isPermanent, type PermanentStage, permanentStages, settingsOf } from "../../infra/stages.ts";
import { root } from "../run.ts";

/** Where a stage's committed release is, seen from the repository's root. */
export const releaseFileOf = (stage: string): string => `releases/${stage}.json`;

/** The stages that publish only what their committed file pins. */
export function committedStages(): PermanentStage[] {
  return Object.keys(permanentStages)
    .filter(isPermanent)
    .filter((stage) => settingsOf(stage).releaseChannel === "committed");
}

/**
 * The committed release of a stage. `repository` is for whoever was bundled and so runs elsewhere. Throws one error with
 * everything that is wrong with the file: missing, no JSON, not of the release's shape, an action that is there twice.
 */
export function readReleaseFile(stage: string, repository: string = root): ReleaseContent {
  const path = releaseFileOf(stage);
  const parsed = releaseContentSchema.safeParse(parseJson(readText(join(repository, path)), stage));
  const problems = parsed.success
    ? repeated(parsed.data.actions.map(({ id }) => id)).map((id) => `actions: ${id} is there twice`)
    : parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw notRight(stage, problems);
}

/** The same, or undefined where there is no file yet. */
export function readReleaseFileIfThere(stage: string): ReleaseContent | undefined {
  return existsSync(join(root, releaseFileOf(stage))) ? readReleaseFile(stage) : undefined;
}

/** The release of every stage that has a committed one. Throws one error for all files that are not right. */
export function readReleaseFiles(repository: string = root): Record<string, ReleaseContent> {
  const releases: Record<string, ReleaseContent> = {};
  const problems: string[] = [];
  for (const stage of committedStages()) {
    try {
      releases[stage] = readReleaseFile(stage, repository);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return releases;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parseJson(text: string | undefined, stage: string): unknown {
  if (text === undefined) throw notRight(stage, ["the file: is missing"]);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notRight(stage, [`the file: is no JSON (${error instanceof Error ? error.message : String(error)})`]);
  }
}

function notRight(stage: string, problems: readonly string[]): Error {
  const list = problems.map((problem) => `  ${problem}`).join("\n");
  return new Error(
    `The release of the stage ${stage} (${releaseFileOf(stage)}) is not right:\n${list}\n` +
      `Make it, and commit it: npm run release -- --stage ${stage}`,
  );
}

function repeated(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}
