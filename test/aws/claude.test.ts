import { askClaude } from "@steward/aws/outside/claude";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ScriptedModels, startScriptedModels } from "../support/scripted-models.ts";

const apiKey = "sk-ant-test-0123456789";
let models: ScriptedModels;

beforeEach(async () => {
  models = await startScriptedModels({ apiKey });
});
afterEach(async () => {
  await models?.stop();
});

const schema = {
  type: "object",
  properties: { steps: { type: "array", items: { type: "string" }, maxItems: 10 } },
  required: ["steps"],
  additionalProperties: false,
};

function ask(over: Partial<Parameters<typeof askClaude>[0]> = {}) {
  return askClaude({
    apiKey,
    baseUrl: models.url,
    model: "claude-test",
    system: "the system",
    prompt: "add user john",
    schema,
    timeoutMs: 5_000,
    ...over,
  });
}

test("an answer comes with its cost, and the question with a schema and a cached system block", async () => {
  models.script({ kind: "answer", json: { steps: ["a"] } });
  const answer = await ask();
  expect(answer).toMatchObject({ kind: "answer", model: "claude-test" });
  if (answer.kind !== "answer") return;
  expect(JSON.parse(answer.output)).toEqual({ steps: ["a"] });
  expect(answer.promptTokens).toBeGreaterThan(0);
  expect(answer.completionTokens).toBeGreaterThan(0);
  const [question] = models.requests;
  expect(question).toMatchObject({ system: "the system", prompt: "add user john", schema: { type: "object" } });
  expect(question?.body["system"]).toEqual([
    { type: "text", text: "the system", cache_control: { type: "ephemeral" } },
  ]);
});

test("what is the same for every request is read from the cache the second time, and told apart", async () => {
  models.script({ kind: "answer", json: { steps: [] } });
  const system = "the rules and the actions ".repeat(200);
  const first = await ask({ system });
  const second = await ask({ system, prompt: "add user jane" });
  if (first.kind !== "answer" || second.kind !== "answer") expect.unreachable("both are answered");
  else {
    expect(first).toMatchObject({ cacheWriteTokens: 1_300, cacheReadTokens: 0 });
    expect(second).toMatchObject({ cacheWriteTokens: 0, cacheReadTokens: 1_300 });
    expect(first.promptTokens).toBeLessThan(20);
  }
});

test("a schema that Anthropic refuses is asked for in words", async () => {
  models.script((question) =>
    question.schema === undefined
      ? { kind: "text", text: '```json\n{"steps":[]}\n```' }
      : { kind: "status", status: 400, message: "output_config.format.schema: The compiled grammar is too large" },
  );
  expect(await ask()).toMatchObject({ kind: "answer", output: '{"steps":[]}' });
  expect(models.requests.map((question) => question.schema === undefined)).toEqual([false, true]);
  expect(models.requests[1]?.prompt).toContain(JSON.stringify(schema));
});

test.each([
  ["hangs before it answers", { kind: "hang", afterTokens: 0 }],
  ["hangs in the middle", { kind: "hang", afterTokens: 3 }],
  ["is too slow", { kind: "answer", json: { steps: Array.from({ length: 200 }, () => "word") }, tokenMs: 50 }],
] as const)("a model that %s is cut at the deadline", async (_, script) => {
  models.script(script);
  const started = performance.now();
  expect(await ask({ timeoutMs: 300 })).toEqual({
    kind: "failed",
    reason: "Claude did not answer in time",
    staffDetail: "no answer within 300 ms",
    retryable: true,
    // It may be on the bill: what was reserved for it counts as spent.
    billed: true,
    outage: false,
    latencyMs: expect.any(Number),
  });
  expect(performance.now() - started).toBeLessThan(2_000);
});

test.each([
  ["is silent", true, { kind: "hang", afterTokens: 0 }],
  ["stops in the middle", true, { kind: "hang", afterTokens: 3 }],
  ["writes on and on", false, { kind: "text", text: "words ".repeat(400), tokenMs: 20 }],
] as const)("one that %s until its deadline is an outage for all: %s", async (_, outage, script) => {
  models.script(script);
  expect(await ask({ timeoutMs: 900, fairTimeMs: 400 })).toMatchObject({ kind: "failed", retryable: true, outage });
});

test("a cancelled question ends at once", async () => {
  models.script({ kind: "hang", afterTokens: 1 });
  const cancel = new AbortController();
  const answer = ask({ signal: cancel.signal });
  await expect.poll(() => models.requests.length, { timeout: 10_000 }).toBe(1);
  cancel.abort();
  expect(await answer).toMatchObject({ kind: "failed", reason: "the question to Claude was cancelled" });
});

test.each([
  [400, false],
  [401, false],
  [404, false],
  [429, true],
  [500, true],
  [529, true],
])("status %i is a clear failure (may pass: %s), and the key is in no word of it", async (status, retryable) => {
  models.script({ kind: "status", status, message: `no ${apiKey} here` });
  const answer = await ask();
  expect(answer).toMatchObject({ kind: "failed", retryable, outage: retryable, staffDetail: expect.any(String) });
  // What Anthropic says, and of whose account, is not for whoever asked.
  expect("reason" in answer && answer.reason).not.toMatch(/Anthropic|key|model|\d|here/);
  expect(JSON.stringify(answer)).not.toContain(apiKey);
  expect(models.requests).toHaveLength(1);
});

test("a refused key is said to be refused", async () => {
  models.script({ kind: "answer", json: {} });
  expect(await ask({ apiKey: "sk-ant-wrong" })).toEqual({
    kind: "failed",
    reason: "Claude could not be asked",
    staffDetail: "Anthropic refused the key",
    retryable: false,
    billed: false,
    outage: false,
    latencyMs: expect.any(Number),
    keyRefused: true,
  });
});

test.each([
  ["prose is handed on as it is", { kind: "text", text: "I would rather not." }, { kind: "answer" }],
  ["a cut connection", { kind: "cut", afterTokens: 2 }, { kind: "failed", retryable: true }],
  ["garbage", { kind: "garbage" }, { kind: "failed", retryable: true }],
  [
    "a refusal",
    { kind: "text", text: "no", stopReason: "refusal" },
    { kind: "failed", retryable: false, reason: "Claude refused to answer this" },
  ],
  [
    "an answer that is too long",
    { kind: "text", text: "{", stopReason: "max_tokens" },
    { kind: "failed", retryable: false },
  ],
] as const)("%s", async (_, script, expected) => {
  models.script(script);
  expect(await ask()).toMatchObject(expected);
});

test("nobody there is a failure that may pass", async () => {
  await models.refuseConnections();
  expect(await ask()).toEqual({
    kind: "failed",
    reason: "Claude could not be reached",
    staffDetail: expect.any(String),
    retryable: true,
    billed: false,
    outage: true,
    latencyMs: expect.any(Number),
  });
  await models.acceptConnections();
  models.script({ kind: "answer", json: { steps: [] } });
  expect(await ask()).toMatchObject({ kind: "answer" });
});
