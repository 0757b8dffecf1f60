import { expect, test } from "vitest";
import { type DeployFacts, judgeDeploy } from "./judge-deploy.ts";

const account = "999988887777";
const deployRole = `arn:aws:sts::${account}:assumed-role/steward-prod-deploy-app/GitHubActions`;
const person = `arn:aws:sts::${account}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/anna@example.com`;

function facts(change: Partial<DeployFacts> = {}): DeployFacts {
  return {
    stage: "prod",
    command: "deploy",
    settings: {
      account,
      releaseChannel: "committed",
      approvals: { repository: "acme/steward", branch: "main", environment: "prod" },
    },
    exampleAccounts: ["444455556666"],
    git: { dirty: [], onBranch: true, commit: "c0ffee" },
    caller: { account, arn: deployRole },
    ...change,
  };
}
const said = (change: Partial<DeployFacts>) => judgeDeploy(facts(change)).problems.map(({ what }) => what);

test("the stage's deploy role, from a clean tree of the approved branch, may deploy", () => {
  expect(judgeDeploy(facts())).toEqual({ problems: [], warnings: [] });
});

test("everything that is wrong is said at once, each with what to do", () => {
  const { problems } = judgeDeploy(
    facts({
      git: { dirty: ["a.ts", "b.ts", "c.ts", "d.ts", "e.ts", "f.ts", "g.ts"], onBranch: false, commit: "c0ffee" },
      caller: { account: "111111111111", arn: "arn:aws:iam::111111111111:user/anna" },
      profile: "anna",
    }),
  );
  expect(problems.map(({ what }) => what)).toEqual([
    `prod lives in the account ${account}, and these credentials are of 111111111111 (arn:aws:iam::111111111111:user/anna)`,
    "the working tree differs from its commit: a.ts, b.ts, c.ts, d.ts, e.ts, and 2 more",
    "the commit is not part of main on a remote",
    "arn:aws:iam::111111111111:user/anna (profile anna) is not a deploy role of prod",
  ]);
  for (const { next } of problems) expect(next).not.toBe("");
});

test.each([
  ["a person", person],
  ["a user", `arn:aws:iam::${account}:user/steward-prod-deploy-app`],
  ["the account's root", `arn:aws:iam::${account}:root`],
  ["another stage's role", `arn:aws:sts::${account}:assumed-role/steward-staging-deploy-app/x`],
  ["a role whose name only begins alike", `arn:aws:sts::${account}:assumed-role/steward-prod-deploy-app2/x`],
  ["a session that carries the role's name", `arn:aws:sts::${account}:assumed-role/Admin/steward-prod-deploy-app`],
])("%s is no deploy role", (_who, arn) => {
  expect(said({ caller: { account, arn } })).toEqual([`${arn} is not a deploy role of prod`]);
});

test("a reason lets a person and an unreviewed commit through, aloud; never a dirty tree or another account", () => {
  const breakGlass = "first deploy of this stage";
  const through = judgeDeploy(
    facts({ caller: { account, arn: person }, git: { dirty: [], onBranch: false, commit: "c0ffee" }, breakGlass }),
  );
  expect(through.problems).toEqual([]);
  expect(through.warnings).toHaveLength(2);
  for (const warning of through.warnings) expect(warning).toContain(breakGlass);
  expect(said({ git: { dirty: ["x"], onBranch: true, commit: "c0ffee" }, breakGlass })).toHaveLength(1);
  expect(said({ caller: { account: "111111111111", arn: person }, breakGlass })).toHaveLength(1);
});

test("a reason must be one", () => {
  expect(said({ caller: { account, arn: person }, breakGlass: "  " })).toHaveLength(1);
  const what = said({ caller: { account, arn: person }, breakGlass: "x" });
  expect(what).toHaveLength(2);
  expect(what[1]).toContain("gives no reason");
});

test("nothing goes to an example account, whatever the reason", () => {
  const settings = { ...facts().settings, account: "444455556666" };
  const caller = { account: "444455556666", arn: deployRole };
  expect(said({ settings, caller: { ...caller, arn: deployRole.replace(account, "444455556666") } })).toHaveLength(1);
  expect(said({ settings, caller: { unknown: "no credentials" }, breakGlass: "because I say so" })[0]).toContain(
    "example",
  );
});

test("credentials that nobody can name deploy nothing", () => {
  expect(said({ caller: { unknown: "the token has expired" } })).toEqual([
    "AWS does not tell whose credentials these are: the token has expired",
  ]);
});

test("staging may be deployed by a person from a tree at work, in its own account", () => {
  const staging = {
    stage: "staging",
    settings: { ...facts().settings, releaseChannel: "newest" as const },
    caller: { account, arn: person },
    git: { dirty: ["x"], onBranch: false, commit: "c0ffee" },
  };
  expect(said(staging)).toEqual([]);
  expect(said({ ...staging, caller: { account: "111111111111", arn: person } })).toHaveLength(1);
});

test.each(["remove", "destroy", "dev"])("%s of a permanent stage is refused, to everybody", (command) => {
  for (const stage of ["staging", "prod"]) {
    expect(said({ stage, command, breakGlass: "because I say so" })).toHaveLength(1);
  }
});

test("what is shipped was built from the very commit, and from nothing besides it", () => {
  const clean = { commit: "c0ffee", clean: true };
  expect(said({ built: clean })).toEqual([]);
  expect(said({ built: { ...clean, commit: "deadbeef" }, breakGlass: "because I say so" })).toEqual([
    "dist/ was built from deadbeef, and this is c0ffee",
  ]);
  expect(said({ built: { ...clean, clean: false } })).toEqual([
    "dist/ was built from a tree that differed from its commit",
  ]);
  expect(said({ built: "unknown" })).toEqual(["nothing says what dist/ was built from"]);
});
