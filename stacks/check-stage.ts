import { parseStageSettings } from "../infra/stage-settings.ts";
import { readReleaseFile } from "../scripts/build/release-file.ts";

/**
 * Throws one error with all that is wrong with a permanent stage's settings and, where it publishes only a committed
 * release, with that file.
 */
export function checkStage(
  stage: string,
  { settings, repository }: { settings: { releaseChannel?: unknown }; repository?: string },
): void {
  const checks: (() => unknown)[] = [() => parseStageSettings(stage, settings)];
  if (settings.releaseChannel === "committed") checks.push(() => readReleaseFile(stage, repository));
  const problems = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
