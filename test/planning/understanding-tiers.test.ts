import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { catalogue } from "@steward/catalogue/catalogue";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadRequests, type Request } from "../../scripts/understand/requests.ts";
import { contextOf, markOf } from "../../scripts/understand/score.ts";
import { runTier } from "../../scripts/understand/run-tier.ts";
import { tallyOf } from "../../scripts/understand/tally.ts";
import { claudeTier, ollamaTier } from "../../scripts/understand/tiers.ts";
import { type ModelRequest, type ScriptedModels, startScriptedModels } from "../support/scripted-models.ts";

/*
 * The benchmark's way to a model is that of a worker and of the escalation: their prompt, their calls, their grading. Only
 * the model's words are made up here: it knows what each request should come to.
 */

const requests = loadRequests();
/** Requests of a family whose plan the grading takes: a freer word of some others is left to a person, whoever answers. */
const planned = (family: string) => requests.filter((one) => one.family === family && isTaken(one)).slice(0, 4);
function answerOf(steps: unknown) {
  return { understood: "as asked", outOfScope: false, steps };
}

function isTaken(request: Request): boolean {
  const [first] = request.right;
  if (!("plan" in first)) return false;
  const raw = JSON.stringify(answerOf(first.plan));
  return markOf(request, gradeAnswer(raw, contextOf(request, catalogue)), catalogue) === "right";
}

const sample = [...planned("users"), ...planned("mail"), ...planned("several")];
const hostile = requests.filter(({ family }) => family === "hostile").slice(0, 20);
const model = "llama3.1:8b";
const apiKey = "sk-ant-scripted";
const timeoutMs = 20_000;
const once = { actions: catalogue, runs: 1, concurrency: 4, capUsd: 100 };

let models: ScriptedModels;
beforeAll(async () => {
  models = await startScriptedModels({ models: [model], apiKey });
});
afterAll(() => models.stop());

const requestOf = ({ prompt }: ModelRequest): Request => {
  const found = requests.find(({ text }) => prompt.includes(JSON.stringify(text)));
  if (found === undefined) throw new Error("the prompt has no request of the benchmark");
  return found;
};
const planOf = (request: Request) => ("plan" in request.right[0] ? request.right[0].plan : []);
const knowing = (question: ModelRequest) => ({ kind: "answer" as const, json: answerOf(planOf(requestOf(question))) });
const wipe = { action: "users.remove", variables: { username: "bob" } };

describe.each([
  { name: "ollama", tier: () => ollamaTier({ url: models.url, model, timeoutMs }) },
  { name: "claude", tier: () => claudeTier({ url: models.url, apiKey, model: "claude-haiku-4-5", timeoutMs }) },
])("the benchmark asks $name", ({ name, tier }) => {
  it("and counts the plans that were meant as right", async () => {
    models.script(knowing);
    const tally = tallyOf(name, await runTier(tier(), sample, once));
    expect(tally).toMatchObject({ readings: sample.length, right: sample.length, wrong: 0, failed: 0 });
    expect(tally.costUsd > 0).toBe(name === "claude");
  });

  it("and lets no plan through that nobody asked for, nor one of a hostile request", async () => {
    models.script({ kind: "answer", json: answerOf([wipe]) });
    const tally = tallyOf(name, await runTier(tier(), [...sample, ...hostile], once));
    expect(tally.wrong).toBe(0);
    expect(tally.passed + tally.refused + tally.asked + tally.right).toBe(sample.length + hostile.length);
  });

  it("and counts an answer that never came as failed", async () => {
    models.script({ kind: "cut", afterTokens: 3 });
    expect(tallyOf(name, await runTier(tier(), sample.slice(0, 2), once))).toMatchObject({ failed: 2, coverage: 0 });
  });

  it("and a request that was right four times of five as not right every time", async () => {
    const asked = new Map<string, number>();
    models.script((question) => {
      const { id } = requestOf(question);
      asked.set(id, (asked.get(id) ?? 0) + 1);
      const isOff = id === sample[0]?.id && asked.get(id) === 3;
      return isOff ? { kind: "text", text: "I would rather not." } : knowing(question);
    });
    const tally = tallyOf(name, await runTier(tier(), sample.slice(0, 4), { ...once, runs: 5 }));
    expect(tally).toMatchObject({ readings: 20, right: 19, passed: 1, passEvery: 0.75 });
  });
});

describe("the benchmark", () => {
  it("asks no more of Claude than the cap can pay for", async () => {
    models.script(knowing);
    const tier = claudeTier({ url: models.url, apiKey, model: "claude-haiku-4-5", timeoutMs });
    const [first] = sample;
    if (first === undefined) throw new Error("no sample");
    const before = models.requests.length;
    const judged = await runTier(
      tier,
      Array.from({ length: 30 }, () => first),
      { ...once, capUsd: 0.25 },
    );
    const tally = tallyOf("claude", judged);
    expect(tally.unasked).toBeGreaterThan(0);
    expect(tally.right).toBeGreaterThan(0);
    expect(tally.costUsd).toBeLessThanOrEqual(0.25);
    expect(models.requests.length - before).toBe(tally.right);
  });

  it("is one command, for people and for programs", async () => {
    models.script(knowing);
    const script = new URL("../../scripts/bench/understand.ts", import.meta.url).pathname;
    const args = ["--tier", "claude", "--anthropic-url", models.url, "--family", "mail", "--first", "3", "--runs", "2"];
    const env = { ...process.env, ANTHROPIC_API_KEY: apiKey };
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [script, ...args, "--json"], { env });
    const [result] = JSON.parse(stdout).tiers;
    expect(result.tallies[0]).toMatchObject({
      group: "all",
      requests: 3,
      readings: 6,
      wrong: 0,
      failed: 0,
      unasked: 0,
    });
    expect(stdout).not.toContain(apiKey);
  });
});
