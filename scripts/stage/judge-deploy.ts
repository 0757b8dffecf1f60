import { resourceNames } from "@steward/contracts/names";
import type { StageSettings } from "../../infra/stage-settings.ts";
import type { BuildSource } from "../build/build-source.ts";

/** What is known of a deploy before it starts. */
export interface DeployFacts {
  stage: string;
  /** As the tool calls it: `deploy`, `remove`, `dev`, `refresh`, `diff`. */
  command: string;
  /** Of a permanent stage. */
  settings: Pick<StageSettings, "account" | "releaseChannel" | "approvals">;
  exampleAccounts: readonly string[];
  git: {
    /** Files that differ from the commit, or that it does not know. */
    dirty: readonly string[];
    /** Whether the commit is part of the approved branch, as the remote has it. */
    onBranch: boolean;
    commit: string;
  };
  /** What the code that is to be deployed was built from; `unknown` where nothing says it. Absent: none is deployed. */
  built?: BuildSource | "unknown";
  /** Whose credentials are at work; the reason where nobody's can be told. */
  caller: { account: string; arn: string } | { unknown: string };
  /** `AWS_PROFILE`, where it is set. */
  profile?: string | undefined;
  /** `STEWARD_BREAK_GLASS`: why somebody deploys by hand. */
  breakGlass?: string | undefined;
}

export interface Problem {
  what: string;
  next: string;
}

/** What stands against the deploy, all at once, and what is let through but must be seen. */
export interface Verdict {
  problems: Problem[];
  warnings: string[];
}

const leastReason = 10;
const shownFiles = 5;

/**
 * Judges a command on a permanent stage. Where the stage pins its releases (`committed`, as prod does), what is deployed
 * must be what was reviewed: a clean tree, a commit of the approved branch, the stage's deploy role. A reason in
 * STEWARD_BREAK_GLASS lets a person through in the role's place, and an unreviewed commit; never a dirty tree (a commit is
 * quickly made, and tells afterwards what ran), nor another account.
 */
export function judgeDeploy(facts: DeployFacts): Verdict {
  const { stage, command, settings } = facts;
  switch (command) {
    case "remove":
    case "destroy":
      return refused({
        what: `${stage} is a permanent stage: it is not removed by one command`,
        next: "docs/deploy.md tells how to tear a stage down, step by step.",
      });
    case "dev":
      return refused({
        what: `${stage} is a permanent stage: \`dev\` would put its functions onto this machine`,
        next: "Use a stage of your own: npx sst dev",
      });
    default:
  }
  const problems = accountProblems(facts);
  const warnings: string[] = [];
  if (settings.releaseChannel !== "committed") return { problems, warnings };

  if (facts.git.dirty.length > 0) problems.push(dirtyTree(facts));
  problems.push(...otherBuild(facts));
  const byHand = [...(facts.git.onBranch ? [] : [unreviewed(facts)]), ...personalCaller(facts)];
  const reason = facts.breakGlass?.trim() ?? "";
  if (byHand.length === 0 || reason === "") problems.push(...byHand);
  else if (reason.length < leastReason)
    problems.push(...byHand, {
      what: `STEWARD_BREAK_GLASS gives no reason (${JSON.stringify(reason)})`,
      next: `Say in a sentence why ${stage} is deployed by hand.`,
    });
  else warnings.push(...byHand.map(({ what }) => `${what}. Let through, because: ${reason}`));
  return { problems, warnings };
}

function refused(problem: Problem): Verdict {
  return { problems: [problem], warnings: [] };
}

/** What stands against working on a permanent stage with these credentials at all. */
export function accountProblems({
  stage,
  settings,
  exampleAccounts,
  caller,
}: Pick<DeployFacts, "stage" | "exampleAccounts" | "caller"> & {
  settings: Pick<StageSettings, "account">;
}): Problem[] {
  if (exampleAccounts.includes(settings.account)) {
    return [
      {
        what: `the account of ${stage}, ${settings.account}, is the example that the repository comes with`,
        next: `Put your account, domains and certificates into infra/stages.ts.`,
      },
    ];
  }
  if ("unknown" in caller) {
    return [
      {
        what: `AWS does not tell whose credentials these are: ${caller.unknown}`,
        next: `Sign in to the account ${settings.account} (aws sso login, or the role's credentials), then try again.`,
      },
    ];
  }
  if (caller.account === settings.account) return [];
  return [
    {
      what: `${stage} lives in the account ${settings.account}, and these credentials are of ${caller.account} (${caller.arn})`,
      next: `Use credentials of ${settings.account}, or correct the account in infra/stages.ts.`,
    },
  ];
}

function dirtyTree({ stage, git: { dirty } }: DeployFacts): Problem {
  const more = dirty.length > shownFiles ? `, and ${dirty.length - shownFiles} more` : "";
  return {
    what: `the working tree differs from its commit: ${dirty.slice(0, shownFiles).join(", ")}${more}`,
    next: `Commit or remove what differs; ${stage} is deployed from a commit only.`,
  };
}

/** What is shipped is `dist/`, which git does not look at: it must be of the commit that was looked at. */
function otherBuild({ built, git: { commit } }: DeployFacts): Problem[] {
  if (built === undefined || (built !== "unknown" && built.clean && built.commit === commit)) return [];
  const from =
    built === "unknown"
      ? "nothing says what dist/ was built from"
      : built.commit === commit
        ? "dist/ was built from a tree that differed from its commit"
        : `dist/ was built from ${built.commit.slice(0, 12)}, and this is ${commit.slice(0, 12)}`;
  return [{ what: from, next: "npm run build" }];
}

function unreviewed({ stage, settings: { approvals } }: DeployFacts): Problem {
  return {
    what: `the commit is not part of ${approvals.branch} on a remote`,
    next: `Merge it to ${approvals.branch} of ${approvals.repository} first, and fetch; ${stage} runs what was reviewed.`,
  };
}

/** Anybody but the stage's deploy roles. Credentials that nobody can name were complained about already. */
function personalCaller({ stage, settings, caller, profile }: DeployFacts): Problem[] {
  if ("unknown" in caller || isDeployRole(stage, caller.arn)) return [];
  const how = profile === undefined ? "" : ` (profile ${profile})`;
  return [
    {
      what: `${caller.arn}${how} is not a deploy role of ${stage}`,
      next:
        `Let the workflow of ${settings.approvals.repository} deploy it. For the first deploy, or in an emergency, say why: ` +
        `STEWARD_BREAK_GLASS="…"`,
    },
  ];
}

function isDeployRole(stage: string, arn: string): boolean {
  const { deployRole } = resourceNames(stage);
  // An assumed role shows as arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION.
  const role = /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/([^/]+)\/[^/]+$/.exec(arn)?.[1];
  return role === deployRole("stacks") || role === deployRole("app");
}
