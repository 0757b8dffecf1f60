import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { requireOrSkip } from "../support/require.ts";

const run = promisify(execFile);
const program = await run("sh", ["-c", "command -v ansible-lint"]).then(
  ({ stdout }) => realpath(stdout.trim()),
  () => undefined,
);
const describeWithLint = requireOrSkip(
  "ansible-lint",
  program !== undefined,
  "it is not installed (pip install ansible-lint)",
);

describeWithLint("the playbooks", () => {
  test("pass ansible-lint's production profile", async () => {
    const args = ["--profile", "production", "--offline", "--nocolor", "-c", ".ansible-lint", "playbooks", "roles"];
    // It brings an Ansible of its own, which it wants to find before any other.
    const PATH = [dirname(program ?? ""), process.env["PATH"]].join(delimiter);
    const { stderr } = await run("ansible-lint", args, {
      cwd: join(import.meta.dirname, "../../packages/catalogue"),
      env: { ...process.env, PATH },
    });
    expect(stderr).toContain("Passed: 0 failure(s), 0 warning(s)");
  }, 180_000);
});
