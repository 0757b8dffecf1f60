import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { newTraceId, traceparentOf } from "@steward/contracts/trace-context";
import type { Clock } from "@steward/node-client/clock";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startScriptedOllama } from "../test/support/scripted-ollama.ts";
import { runJob } from "./run-job.ts";

let ollama: Awaited<ReturnType<typeof startScriptedOllama>>;
beforeEach(async () => {
  ollama = await startScriptedOllama();
});
afterEach(() => ollama.close());

/** Time passes only while somebody waits. */
function patientClock(): Clock {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      // Whoever watches for a deadline waits until the job is over.
      if (signal !== undefined && ms > 10_000) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        return;
      }
      nowMs += ms;
    },
  };
}

const deadlineInMs = 120_000;
function run(answers: Record<string, () => unknown>, traceparent?: string) {
  const clock = patientClock();
  const calls: string[] = [];
  const sentFor: (string | undefined)[] = [];
  const lines: Record<string, unknown>[] = [];
  const end = runJob({
    message: { v: 1, jobId: newId("job", 0), tenantId: newId("tenant", 0), secret: "secret" },
    call: (async (route: string, { requestId, onHeaders }: Parameters<Client>[1]) => {
      calls.push(route);
      sentFor.push(requestId);
      const answer = answers[route];
      if (answer === undefined) throw new AppError("unavailable", `no ${route}`);
      onHeaders?.((name) => (name === "traceparent" ? traceparent : undefined));
      return answer();
    }) as never,
    ollamaHost: ollama.host,
    model: "llama3.2:3b",
    clock,
    random: () => 0.5,
    log: (event, fields) => void lines.push({ event, ...fields }),
    onLease: () => {},
    onAnswered: () => calls.push("answered"),
    draining: new AbortController().signal,
    stop: new AbortController().signal,
  });
  return { end, calls, clock, sentFor, lines };
}
const claimJob = () => ({
  attempt: 1,
  deadlineInMs,
  leaseInMs: 60_000,
  kind: "plan",
  system: "",
  prompt: "",
  schema: {},
});

it("gives up telling an answer that nobody takes some time after the job's deadline: the slot is free", async () => {
  const fault = () => {
    throw new AppError("internal", "it fails each time");
  };
  const { end, calls, clock } = run({ claimJob, completeJob: fault });
  expect(await end).toMatchObject({ type: "left", why: expect.stringContaining("it fails each time") });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(deadlineInMs + 60_000);
  expect(clock.monotonicMs()).toBeLessThan(deadlineInMs + 80_000);
  expect(calls.filter((route) => route === "completeJob").length).toBeGreaterThan(10);
  // Once, and before the first attempt to tell: the slot serves the next job meanwhile.
  expect(calls.filter((call) => call !== "completeJob")).toEqual(["claimJob", "answered"]);
});

it("says of an endless answer that it is about the question, and of a broken one that it is not", async () => {
  const releaseJob = () => ({});
  ollama.answer({ pieces: ["x".repeat(70_000)], end: "hang" });
  expect(await run({ claimJob, releaseJob }).end).toEqual({
    type: "released",
    reason: "model_error",
    ofQuestion: true,
  });
  ollama.answer({ pieces: ["{"], end: "close" });
  const broken = run({ claimJob, releaseJob });
  expect(await broken.end).toEqual({ type: "released", reason: "model_error" });
  // The next job might meet the same: the slot is not free before the server has been told.
  expect(broken.calls).toEqual(["claimJob", "releaseJob"]);
});

it("whatever it says of a job is part of the request that the claim's answer names; a header that is none names none", async () => {
  const answers = { claimJob, releaseJob: () => ({}) };
  const requestId = newTraceId();
  ollama.answer({ pieces: ["{"], end: "close" });
  const named = run(answers, traceparentOf(requestId));
  expect(await named.end).toMatchObject({ type: "released", requestId });
  expect(named.sentFor).toEqual([undefined, requestId]);
  expect(named.lines).toEqual([expect.objectContaining({ event: "job.given_back", requestId })]);

  for (const traceparent of [undefined, `00-${"0".repeat(32)}-${"1".repeat(16)}-00`, "../../etc/passwd"]) {
    ollama.answer({ pieces: ["{"], end: "close" });
    const unnamed = run(answers, traceparent);
    expect(await unnamed.end).not.toHaveProperty("requestId");
    expect(unnamed.sentFor).toEqual([undefined, undefined]);
    expect(unnamed.lines[0]).not.toHaveProperty("requestId");
  }
});
