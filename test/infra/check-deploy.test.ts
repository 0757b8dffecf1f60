import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, expect, test } from "vitest";

const guard = new URL("../../scripts/stage/check-deploy.ts", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "steward-check-deploy-"));
const person = {
  accessKeyId: "LOCALPERSON",
  secretAccessKey: "check-deploy-secret-0123456789",
  principal: "anna",
  grants: [],
};
let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud({ stateDir: join(folder, "cloud"), stage: "unused", credentials: [person] });
  const { accessKeyId, secretAccessKey } = person;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeFileSync(join(folder, "credentials"), `[anna-personal]\n${keys}`);
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", join(folder, "tree"), "-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", join(folder, "tree")]);
  writeFileSync(join(folder, "tree", "a.ts"), "1\n");
  git("add", "a.ts");
  git("commit", "--quiet", "-m", "a");
  // As somebody may have it: what git does not show is deployed all the same.
  git("config", "status.showUntrackedFiles", "no");
});
afterAll(async () => {
  await cloud?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the guard says to a deploy from that work tree, by somebody with these keys; empty where it lets it through. */
function check(stage: string, command: string): Promise<string> {
  const source = `await (await import(${JSON.stringify(guard)})).checkDeploy(${JSON.stringify({ stage, command })})`;
  const env = {
    PATH: process.env["PATH"],
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_PROFILE: "anna-personal",
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
    AWS_CONFIG_FILE: join(folder, "config"),
  };
  return new Promise((resolve) => {
    const args = ["--input-type=module", "--eval", source];
    execFile(process.execPath, args, { cwd: join(folder, "tree"), env }, (error, _stdout, stderr) =>
      resolve(error === null ? "" : stderr),
    );
  });
}

test("a deploy of prod by hand, from a tree at work, is told everything at once: files, branch, caller, account", async () => {
  writeFileSync(join(folder, "tree", "a.ts"), "2\n");
  writeFileSync(join(folder, "tree", "new file.ts"), "");
  const said = await check("prod", "deploy");
  expect(said).toContain("`deploy` of prod is refused:");
  // Whoever has put accounts of their own into infra/stages.ts is told of theirs.
  expect(said).toMatch(/is the example that the repository comes with|these credentials are of/);
  expect(said).toContain("differs from its commit: a.ts, new file.ts");
  expect(said).toContain("the commit is not part of main on a remote");
  expect(said).toContain("assumed-role/anna/local (profile anna-personal) is not a deploy role of prod");
  expect(said.match(/→/g)).toHaveLength(4);
});

test("a commit that a remote's branch has, in a clean tree, leaves what else is wrong", async () => {
  rmSync(join(folder, "tree", "new file.ts"));
  writeFileSync(join(folder, "tree", "a.ts"), "1\n");
  execFileSync("git", ["-C", join(folder, "tree"), "update-ref", "refs/remotes/origin/main", "HEAD"]);
  const said = await check("prod", "deploy");
  expect(said).not.toContain("differs from its commit");
  expect(said).not.toContain("is not part of main");
  expect(said).toContain("is not a deploy role of prod");
});

test("a permanent stage is not removed, whoever asks", async () => {
  const said = await check("staging", "remove");
  expect(said).toContain("staging is a permanent stage: it is not removed by one command");
});

test("a stage of one's own passes, and so does what only reads", async () => {
  expect(await check("anna", "deploy")).toBe("");
  expect(await check("anna", "remove")).toBe("");
  expect(await check("prod", "diff")).toBe("");
});
