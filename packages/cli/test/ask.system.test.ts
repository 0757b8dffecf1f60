import { AppError } from "@steward/contracts/errors";
import { afterEach, expect, test } from "vitest";
import {
  bert,
  chunksOf,
  needsApproval,
  planOf,
  runOf,
  sessionOf,
  taskId,
  taskOf,
  tenantId,
  usersAdd,
} from "./fixtures.ts";
import { configFolder, steward } from "./run-steward.ts";
import { type Script, startScriptedApi } from "./scripted-api.ts";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function installation(script: Script) {
  const api = await startScriptedApi({ listActions: () => ({ items: [usersAdd] }), ...script });
  const config = await configFolder({ apiUrl: api.url, tenantId, ...stored(sessionOf("access-1", "refresh-1")) });
  cleanUps.push(api.close, config.remove);
  return { api, config };
}

function stored({ refreshToken, accessToken, accessTokenExpiresAt }: ReturnType<typeof sessionOf>) {
  return { refreshToken, accessToken, accessTokenExpiresAt };
}

/** A whole way: question, plan, approval, output in two chunks, result. */
function wholeWay(storageUrl: () => string) {
  const plan = planOf();
  let now = taskOf();
  const output = () =>
    chunksOf(["TASK [users : Add john]\n", "changed: [bert]\n\u001b[2Jok=1 changed=1\n"], storageUrl());
  let outputAsked = 0;
  const script: Script = {
    submitTask: () => now,
    getTask: ({ query }) => {
      if (now.status === "queued") {
        now = taskOf({
          status: "needs_input",
          version: 2,
          question: {
            step: 0,
            action: "users.add",
            variable: "username",
            text: "What should the user be called?",
            choices: ["john", "jane"],
          },
        });
      } else if (now.status === "thinking") {
        now = taskOf({
          status: "awaiting_approval",
          version: 4,
          plan,
          gate: needsApproval,
          planning: { tier: "matcher", latencyMs: 2 },
        });
      } else if (now.status === "running" && outputAsked > 0 && query["since"] === now.version) {
        const ended = runOf({
          status: "succeeded",
          endedAt: new Date(Date.parse("2026-11-21T10:00:02.100Z")).toISOString(),
          steps: [{ action: "users.add", status: "succeeded", changed: 1, durationMs: 2000 }],
        });
        now = taskOf({
          status: "succeeded",
          version: now.version + 1,
          plan,
          runs: [ended],
          result: { message: "Done on 1 appliance.", counts: { succeeded: 1 } },
        });
      }
      return now;
    },
    answerTask: () => {
      now = taskOf({ status: "thinking", version: 3 });
      return now;
    },
    approveTask: () => {
      now = taskOf({ status: "running", version: 5, plan, gate: needsApproval, runs: [runOf()] });
      return now;
    },
    getOutput: () => {
      outputAsked += 1;
      const { chunks, sha256, bytes } = output();
      const complete = now.status === "succeeded";
      return {
        runId: runOf().id,
        attempt: 1,
        complete,
        chunks: complete ? chunks : chunks.slice(0, 1),
        ...(complete ? { sha256, bytes } : {}),
      };
    },
  };
  return { script, plan, output };
}

test("a sentence: question, plan, yes, live output, result", async () => {
  let url = "";
  const way = wholeWay(() => url);
  const { api, config } = await installation(way.script);
  url = api.url;
  for (const [path, bytes] of way.output().stored) api.storage.set(path, bytes);

  const ended = await steward(["ask", "add user", "--on", "bert"], { config: config.folder, input: "1\ny\n" });

  expect(ended.stdout).toContain("What should the user be called?");
  expect(ended.stdout).toMatch(/username\s+john\s+as you said: “john”/);
  expect(ended.stdout).toMatch(/groups\s+media\s+assumed/);
  expect(ended.stdout).toContain("can be undone");
  expect(ended.stdout).toContain(way.plan.planHash);
  expect(ended.stdout).toContain("confirm_words: the plan came from words");
  expect(ended.stdout).toContain("│ TASK [users : Add john]\n│ changed: [bert]\n│ \\x1b[2Jok=1 changed=1\n");
  expect(ended.stdout).toMatch(/✔ bert {2}succeeded, 1 changed {2}2\.1 s/);
  expect(ended.stdout).toContain("Done on 1 appliance.");
  expect(ended.code).toBe(0);

  const named = (name: string) => api.calls.find((call) => call.name === name);
  expect(named("submitTask")?.body).toMatchObject({ instruction: "add user", targets: ["bert"], mode: "apply" });
  expect(named("submitTask")?.headers).toMatchObject({ authorization: "Bearer access-1", "steward-tenant": tenantId });
  expect(named("answerTask")?.body).toEqual({ answer: "john" });
  expect(named("approveTask")?.body).toEqual({ planHash: way.plan.planHash });
});

test("--json prints the task and nothing else", async () => {
  let url = "";
  const plan = planOf();
  const run = runOf({ status: "simulated", executor: "simulate" });
  const { api, config } = await installation({
    submitTask: () => taskOf({ status: "awaiting_approval", version: 2, plan, gate: needsApproval }),
    approveTask: () =>
      taskOf({ status: "simulated", version: 3, plan, runs: [run], result: { message: "Simulated on 1 appliance." } }),
  });
  url = api.url;
  expect(url).not.toBe("");
  const ended = await steward(["ask", "add user john", "--on", "bert", "--yes", "--json"], { config: config.folder });
  const task = JSON.parse(ended.stdout) as {
    status: string;
    plan: { steps: { action: string }[] };
    runs: { status: string }[];
  };
  expect(task.status).toBe("simulated");
  expect(task.plan.steps.map((step) => step.action)).toEqual(["users.add"]);
  expect(task.runs.map((one) => one.status)).toEqual(["simulated"]);
  expect(ended.code).toBe(0);
});

test("a simulated run says loudly that nothing was changed", async () => {
  const plan = planOf();
  const { config } = await installation({
    submitTask: () =>
      taskOf({
        status: "simulated",
        version: 3,
        plan,
        runs: [runOf({ status: "simulated", executor: "simulate" })],
        result: { message: "Simulated." },
      }),
    getOutput: () => {
      throw new AppError("not_found", "no output");
    },
  });
  const ended = await steward(["ask", "add user john", "--on", "bert"], { config: config.folder });
  expect(ended.stdout).toContain("simulated: nothing was changed");
  expect(ended.stdout).toContain("SIMULATED: nothing was changed on any appliance.");
});

test("without somebody to answer, the plan is shown and waits (exit code 4)", async () => {
  const plan = planOf();
  const { api, config } = await installation({
    submitTask: () => taskOf({ status: "awaiting_approval", version: 2, plan, gate: needsApproval }),
  });
  const ended = await steward(["ask", "add user john", "--on", "bert"], { config: config.folder });
  expect(ended.stdout).toContain(`steward tasks approve ${taskId}`);
  expect(ended.code).toBe(4);
  expect(api.calls.map((call) => call.name)).not.toContain("approveTask");
});

test("a plan that another person must approve is not approved by --yes", async () => {
  const { api, config } = await installation({
    submitTask: () =>
      taskOf({
        status: "awaiting_approval",
        version: 2,
        plan: planOf(),
        gate: { ...needsApproval, approver: "other" },
      }),
  });
  const ended = await steward(["ask", "add user john", "--on", "bert", "--yes"], { config: config.folder });
  expect(ended.stdout).toContain("Another person with the role approver must say yes");
  expect(ended.code).toBe(4);
  expect(api.calls.map((call) => call.name)).not.toContain("approveTask");
});

test("where a name must be retyped, --yes is not enough, the right name is", async () => {
  const plan = planOf();
  const { api, config } = await installation({
    submitTask: () =>
      taskOf({
        status: "awaiting_approval",
        version: 2,
        plan,
        gate: { ...needsApproval, approver: "retype", retype: "bert" },
      }),
    approveTask: () => taskOf({ status: "succeeded", version: 3, plan, result: { message: "Done." } }),
  });
  const ask = (...more: string[]) =>
    steward(["ask", "add user john", "--on", "bert", "--yes", ...more], { config: config.folder });
  expect((await ask()).code).toBe(4);
  expect((await ask("--confirm", "ernie")).code).toBe(2);
  expect(api.calls.filter((call) => call.name === "approveTask")).toHaveLength(0);
  expect((await ask("--confirm", "bert")).code).toBe(0);
  expect(api.calls.find((call) => call.name === "approveTask")?.body).toEqual({
    planHash: plan.planHash,
    confirmation: "bert",
  });
});

test("broken glass: the reason goes with exactly this plan, and never without somebody's yes", async () => {
  const plan = planOf();
  const { api, config } = await installation({
    submitTask: () =>
      taskOf({ status: "awaiting_approval", version: 2, plan, gate: { ...needsApproval, approver: "other" } }),
    breakGlass: () => taskOf({ status: "succeeded", version: 3, plan, result: { message: "Done." } }),
  });
  const ask = (...more: string[]) =>
    steward(["ask", "add user john", "--on", "bert", "--break-glass", "mail is down", ...more], {
      config: config.folder,
    });
  const waiting = await ask();
  expect(waiting.code).toBe(4);
  expect(waiting.stdout).toContain("You break the glass");
  expect(api.calls.filter((call) => call.name === "breakGlass")).toHaveLength(0);
  expect((await ask("--yes")).code).toBe(0);
  expect(api.calls.find((call) => call.name === "breakGlass")?.body).toEqual({
    planHash: plan.planHash,
    reason: "mail is down",
  });
});

test("a plan whose hash does not cover it is not approved", async () => {
  const plan = planOf();
  const [step] = plan.steps;
  const swapped = { ...plan, steps: step ? [{ ...step, variables: { username: "root" } }] : [] };
  const { api, config } = await installation({
    submitTask: () => taskOf({ status: "awaiting_approval", version: 2, plan: swapped, gate: needsApproval }),
  });
  const ended = await steward(["ask", "add user john", "--on", "bert", "--yes"], { config: config.folder });
  expect(ended.stderr).toContain("hash does not cover the plan");
  expect(ended.code).toBe(1);
  expect(api.calls.map((call) => call.name)).not.toContain("approveTask");
});

test("no: the plan is rejected, and nothing runs", async () => {
  const plan = planOf();
  const { api, config } = await installation({
    submitTask: () => taskOf({ status: "awaiting_approval", version: 2, plan, gate: needsApproval }),
    rejectTask: () => taskOf({ status: "rejected", version: 3, plan }),
  });
  const ended = await steward(["ask", "add user john", "--on", "bert"], { config: config.folder, input: "\n" });
  expect(ended.stdout).toContain("Not approved. Nothing was changed.");
  expect(ended.code).toBe(1);
  expect(api.calls.map((call) => call.name)).toContain("rejectTask");
});

test("a refusal shows what was understood and what to say instead (exit code 1)", async () => {
  const { config } = await installation({
    submitTask: () =>
      taskOf({
        status: "failed",
        version: 2,
        result: { message: "That is not something that an appliance can do.", next: ['Try: "add user john"'] },
      }),
  });
  const ended = await steward(["ask", "what's the weather", "--on", "bert"], { config: config.folder });
  expect(ended.stdout).toContain("That is not something that an appliance can do.");
  expect(ended.stdout).toContain('→ Try: "add user john"');
  expect(ended.code).toBe(1);
});

test("an error shows the fields and the next step, as text and as JSON", async () => {
  const { config } = await installation({
    submitTask: () => {
      throw new AppError("invalid_request", "No appliance is called ernie", {
        fields: [{ path: "targets.0", message: "matches nothing" }],
        next: "List them: steward appliances ls",
      });
    },
  });
  const text = await steward(["ask", "add user john", "--on", "ernie"], { config: config.folder });
  expect(text.stderr).toContain(
    "✘ No appliance is called ernie\n  targets.0: matches nothing\n  → List them: steward appliances ls",
  );
  expect(text.code).toBe(2);
  const json = await steward(["ask", "add user john", "--on", "ernie", "--json"], { config: config.folder });
  expect(JSON.parse(json.stdout)).toMatchObject({
    error: { code: "invalid_request", fields: [{ path: "targets.0" }] },
  });
});

test("output that does not match its hash is not shown (exit code 1)", async () => {
  let url = "";
  const way = wholeWay(() => url);
  const { api, config } = await installation(way.script);
  url = api.url;
  for (const path of way.output().stored.keys()) api.storage.set(path, Buffer.from("forged"));
  const ended = await steward(["ask", "add user", "--on", bert.name, "--yes"], {
    config: config.folder,
    input: "john\n",
  });
  expect(ended.stderr).toContain("does not match its hash");
  expect(ended.stdout).not.toContain("forged");
  expect(ended.code).toBe(1);
});

test("explicit steps carry typed values; a wrong one is named before anything is sent", async () => {
  const { api, config } = await installation({
    submitTask: () => taskOf({ status: "succeeded", version: 2, result: { message: "Done." } }),
  });
  const good = await steward(
    ["actions", "run", "users.add", "username=john", "groups=a,b", "--on", "bert,site:berlin"],
    { config: config.folder },
  );
  expect(good.code).toBe(0);
  expect(api.calls.find((call) => call.name === "submitTask")?.body).toMatchObject({
    steps: [{ action: "users.add", variables: { username: "john", groups: ["a", "b"] } }],
    targets: ["bert", "site:berlin"],
  });
  const before = api.calls.filter((call) => call.name === "submitTask").length;
  const bad = await steward(["actions", "run", "users.add", "user=john", "--on", "bert"], { config: config.folder });
  expect(bad.stderr).toContain("user: is not a variable of users.add; there are: username, groups");
  expect(bad.code).toBe(2);
  expect(api.calls.filter((call) => call.name === "submitTask")).toHaveLength(before);
});

test("Ctrl-C while watching leaves the task running and says how to come back", async () => {
  const running = taskOf({ status: "running", version: 2, plan: planOf(), runs: [runOf()] });
  const held: (() => void)[] = [];
  const { api, config } = await installation({
    getTask: ({ query }) =>
      query["wait"] === undefined ? running : new Promise((resolve) => held.push(() => resolve(running))),
    getOutput: () => ({ runId: runOf().id, attempt: 1, complete: false, chunks: [] }),
  });
  const ended = await steward(["tasks", "watch", taskId], { config: config.folder, interruptAfter: /running/ });
  for (const release of held) release();
  expect(ended.stderr).toContain(`Come back with: steward tasks watch ${taskId}`);
  expect(ended.code).toBe(130);
  expect(api.calls.map((call) => call.name)).not.toContain("cancelTask");
});

test("a question is answered as the answer grows, with its sources at the end", async () => {
  const text = "Open the Explorer and type the path [1].";
  const question = { kind: "support" as const, instruction: "how do I reach my files?" };
  let looks = 0;
  const { api, config } = await installation({
    askSupport: () => taskOf({ ...question, status: "thinking" }),
    getTask: ({ query }) => {
      looks += 1;
      const from = Number(query["answerFrom"]);
      const growing = { attempt: 1, offset: from, text: text.slice(from, from + 15), length: from + 15 };
      if (looks <= 2) return taskOf({ ...question, status: "thinking", growing });
      return taskOf({
        ...question,
        status: "succeeded",
        version: 3,
        answer: {
          source: "model",
          text,
          citations: [
            {
              number: 1,
              source: "documentation",
              title: "Files › From Windows",
              href: "docs/files.md#from-windows",
              excerpt: "Open",
            },
          ],
          proposal: { instruction: "add a share called photos" },
        },
        result: { message: "Answered by ollama from 1 source." },
      });
    },
  });
  const { stdout, code } = await steward(["support", "how do I reach", "my files?"], {
    config: config.folder,
    input: "",
  });
  expect(stdout).toContain(`${text}\n\n  [1] Files › From Windows  docs/files.md#from-windows`);
  // Offered to a person, and submitted by nobody.
  expect(stdout).toContain('steward ask "add a share called photos" --on <appliance>');
  expect(code).toBe(0);
  expect(api.calls.map(({ name }) => name)).toEqual(["askSupport", "getTask", "getTask", "getTask"]);
  expect(api.calls.map(({ query }) => query["answerFrom"])).toEqual([undefined, 0, 15, 30]);
});

test("words that came to nothing are called so, and what the documentation says stands below", async () => {
  let looks = 0;
  const { config } = await installation({
    askSupport: () => taskOf({ kind: "support", status: "thinking" }),
    getTask: () => {
      looks += 1;
      const growing = { attempt: 1, offset: 0, text: "Just \u001b[2Jguess", length: 10 };
      if (looks === 1) return taskOf({ kind: "support", status: "thinking", growing });
      return taskOf({
        kind: "support",
        status: "failed",
        version: 3,
        answer: {
          source: "documentation",
          text: "…",
          citations: [
            { number: 1, source: "documentation", title: "Files", href: "docs/files.md", excerpt: "A share" },
          ],
        },
        result: { message: "I do not know." },
      });
    },
  });
  const { stdout, stderr, code } = await steward(["support", "how?"], { config: config.folder, input: "" });
  expect(stdout).toContain("Just \\x1b[2Jguess");
  expect(stderr).toContain("not the answer");
  expect(stdout).toMatch(/Files {2}docs\/files\.md\n {2}A share[\s\S]*I do not know\./);
  expect(code).toBe(1);
});
