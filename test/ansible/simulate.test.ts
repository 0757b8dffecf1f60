import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StepRequest } from "../../packages/agent/src/executor/executor.ts";
import { createSimulateExecutor, plausibleFacts } from "../../packages/agent/src/executor/simulate-executor.ts";
import { buildAllBundles } from "../../packages/catalogue/src/bundle.ts";
import { catalogue } from "../../packages/catalogue/src/catalogue.ts";
import { unpack } from "../support/appliance.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "steward-simulate-"));
  for (const [id, { bytes }] of await buildAllBundles()) await unpack(bytes, join(directory, id));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function simulate(id: string, mode: StepRequest["mode"], variables: StepRequest["variables"]) {
  const executor = createSimulateExecutor({ facts: plausibleFacts("acme-berlin-01") });
  let output = "";
  const outcome = await executor.run(
    {
      runId: "run-1",
      attempt: 1,
      stepIndex: 0,
      actionId: id,
      playbook: id.replaceAll(".", "_"),
      bundleDir: join(directory, id),
      variables,
      mode,
      verbosity: 0,
      timeoutSeconds: 60,
    },
    (chunk) => {
      output += Buffer.from(chunk).toString();
    },
    new AbortController().signal,
  );
  return { outcome, output };
}

test("shows the tasks with the plan's values, and says that nothing runs", async () => {
  const { outcome, output } = await simulate("users.add", "apply", { username: "john", groups: ["audio", "video"] });
  expect(outcome).toEqual({ status: "simulated", changed: 0, failedTasks: 0 });
  expect(output).toMatch(/^SIMULATED APPLY of users\.add: this is what would run; nothing does\./);
  expect(output).toContain("TASK [users : Add the account]");
  expect(output).toContain('name: "john"');
  expect(output).toContain("audio, video");
  expect(output).not.toContain("Leave the groups that this step joined");
});

test("an undo shows the undo", async () => {
  const { output } = await simulate("users.add", "undo", { username: "john" });
  expect(output).toContain("Leave the groups that this step joined");
  expect(output).not.toContain("[users : Add the account]");
});

test("every action can be shown, in every mode", async () => {
  for (const { id } of catalogue) {
    for (const mode of ["apply", "check", "undo"] as const) {
      expect((await simulate(id, mode, {})).outcome.status, `${id} ${mode}`).toBe("simulated");
    }
  }
});

test("facts are the same for the same name", () => {
  expect(plausibleFacts("acme-berlin-01")).toEqual(plausibleFacts("acme-berlin-01"));
  expect(plausibleFacts("acme-berlin-01").users?.length).toBeGreaterThan(0);
});
