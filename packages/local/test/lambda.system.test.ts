import { afterEach, expect, it } from "vitest";
import { createLambda, type Lambda } from "../src/host/lambda.ts";

const lambdas: Lambda[] = [];
const logged: string[] = [];

function start(options: { timeoutMs?: number; concurrency?: number; entry?: string } = {}): Lambda {
  const lambda = createLambda({
    name: "sample",
    entryUrl: new URL(options.entry ?? "./functions/sample.ts", import.meta.url),
    environment: { ONLY: "this" },
    timeoutMs: options.timeoutMs ?? 20_000,
    concurrency: options.concurrency ?? 10,
    log: (message) => void logged.push(message),
  });
  lambdas.push(lambda);
  return lambda;
}

afterEach(async () => {
  await Promise.all(lambdas.splice(0).map((lambda) => lambda.close()));
});

it("runs a function with its own environment and nothing of the host's", async () => {
  expect(await start().invoke({ does: "environment" })).toEqual({ kind: "result", result: { ONLY: "this" } });
});

it("works on several events at once, up to its limit, and turns the next one away", async () => {
  const lambda = start({ concurrency: 2 });
  await lambda.warm();
  const [first, second, third] = await Promise.all([300, 300, 0].map((ms) => lambda.invoke({ does: "wait", ms })));
  expect(first).toMatchObject({ kind: "result", result: { atWork: 2 } });
  expect(second?.kind).toBe("result");
  expect(third).toEqual({ kind: "throttled" });
  expect((await lambda.invoke({ does: "wait", ms: 0 })).kind).toBe("result");
});

it("gives up an invocation at its timeout, told to the function beforehand", async () => {
  const lambda = start({ timeoutMs: 400 });
  await lambda.warm();
  expect(await lambda.invoke({ does: "wait", ms: 5_000 })).toEqual({ kind: "timed_out" });
  const quick = await lambda.invoke({ does: "wait", ms: 1 });
  expect(quick.kind === "result" && (quick.result as { leftMs: number }).leftMs).toBeLessThanOrEqual(400);
});

it("tells an exception, and goes on", async () => {
  const lambda = start();
  const failed = await lambda.invoke({ does: "throw" });
  expect(failed.kind === "failed" && failed.error).toContain("as asked");
  expect(logged.some((line) => line.includes("as asked"))).toBe(true);
  expect(await lambda.invoke({ does: "echo" })).toEqual({ kind: "result", result: { does: "echo" } });
});

it("starts again after its thread died, and fails what was under way", async () => {
  const lambda = start();
  await lambda.warm();
  const [waiting, dying] = await Promise.all([
    lambda.invoke({ does: "wait", ms: 10_000 }),
    lambda.invoke({ does: "die" }),
  ]);
  expect([waiting.kind, dying.kind]).toEqual(["failed", "failed"]);
  expect((await lambda.invoke({ does: "echo" })).kind).toBe("result");
});

it("fails the events of a function that does not load, with the reason", async () => {
  const outcome = await start({ entry: "./functions/absent.ts" }).invoke({});
  expect(outcome.kind === "failed" && outcome.error).toContain("absent.ts");
});
