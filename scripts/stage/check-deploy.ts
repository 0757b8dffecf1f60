import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { exampleAccounts, isPermanent, settingsOf } from "../../infra/stages.ts";
import { parseBuildSource } from "../build/build-source.ts";
import { readStageEnvironment } from "./env.ts";
import { findCaller } from "./find-caller.ts";
import { judgeDeploy } from "./judge-deploy.ts";

/** Commands that change nothing, and so need nobody's leave. */
const reading = new Set(["diff", "synth", "list", "version", "install", "state", "shell"]);

/**
 * Refuses what must not happen to a permanent stage, before anything happens: throws one error that names every problem
 * with its next step. Stages of one's own pass. Run inside the repository: git and STS are asked.
 */
export async function checkDeploy({
  stage,
  command,
  built,
}: {
  stage: string;
  command: string;
  /** Where code is deployed: the text of `dist/source.json`, undefined where it is not there. */
  built?: { source: string | undefined };
}): Promise<void> {
  if (!isPermanent(stage) || reading.has(command)) return;
  const settings = settingsOf(stage);
  const { profile, breakGlass } = readStageEnvironment();
  const [dirty, onBranch, commit, caller] = await Promise.all([
    dirtyFiles(),
    isOnRemoteBranch(settings.approvals.branch),
    git("rev-parse", "HEAD"),
    findCaller({ region: settings.region }),
  ]);
  const { problems, warnings } = judgeDeploy({
    stage,
    command,
    settings,
    exampleAccounts,
    git: { dirty, onBranch, commit: commit.trim() },
    ...(built === undefined ? {} : { built: parseBuildSource(built.source ?? "") ?? ("unknown" as const) }),
    caller,
    profile,
    breakGlass,
  });
  for (const warning of warnings) process.stderr.write(`steward: ${warning}\n`);
  if (problems.length === 0) return;
  const lines = problems.map(({ what, next }) => `  ✘ ${what}.\n    → ${next}`);
  throw new Error(`\`${command}\` of ${stage} is refused:\n${lines.join("\n")}`);
}

/** A tree that git cannot judge is not clean: the deploy fails closed, with git's own words. */
async function dirtyFiles(): Promise<string[]> {
  const status = await git("status", "--porcelain", "--untracked-files=all", "-z");
  // A rename is followed by its old name, in an entry of its own without a state; its new name tells enough.
  return status.split("\0").flatMap((entry) => (/^[ A-Z?!]{2} /.test(entry) ? [entry.slice(3)] : []));
}

async function isOnRemoteBranch(branch: string): Promise<boolean> {
  const refs = await git("for-each-ref", "--contains=HEAD", "--format=%(refname:lstrip=3)", "refs/remotes");
  return refs.split("\n").includes(branch);
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
