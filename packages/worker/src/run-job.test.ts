import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
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
function run(answers: Record<string, () => unknown>) {
  const clock = patientClock();
  const calls: string[] = [];
  const end = runJob({
    message: { v: 1, jobId: newId("job", 0), tenantId: newId("tenant", 0), secret: "secret" },
    call: (async (route: string) => {
      calls.push(route);
      const answer = answers[route];
      if (answer === undefined) throw new AppError("unavailable", `no ${route}`);
      return answer();
    }) as never,
    ollamaHost: ollama.host,
    model: "llama3.2:3b",
    clock,
    random: () => 0.5,
    log: () => {},
    onLease: () => {},
    onAnswered: () => calls.push("answered"),
    draining: new AbortController().signal,
    stop: new AbortController().signal,
  });
  return { end, calls, clock };
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
