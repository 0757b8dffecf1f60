import { defaults } from "@steward/contracts/defaults";
import { providerTenantId } from "@steward/contracts/ids";
import { jobHasEnded } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs, taskId, tenantId } from "../../test/fixtures.ts";
import { causeSays } from "./failure-cause.ts";
import type { JobEvent, JobState } from "./job-state.ts";
import { holdsPlace, isHeldBack } from "./held-back.ts";
import { lastDeadlineOf, newJob } from "./new-job.ts";
import { reduceJob, workersMayHelp } from "./reduce-job.ts";

const queued = newJob(
  { tenantId, jobId: "job_1", taskId, lane: "standard", tier: "ollama", secretHash: "s1" },
  startMs,
);
const held = newJob(
  { tenantId, jobId: "job_1", taskId, lane: "express", tier: "ollama", secretHash: "s1", heldBack: true },
  startMs,
);
const leaseMs = 30_000;
const owners = ["wrk_1", "wrk_2"] as const;
const holder = { owner: fc.constantFrom(...owners), attempt: fc.integer({ min: 0, max: 6 }) };
const success = { output: "{}", model: "m", grade: 1, promptTokens: 1, completionTokens: 1, latencyMs: 1 };
const events: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.constantFrom<JobEvent>(
    { type: "sent" },
    { type: "requeue", secretHash: "s2" },
    { type: "requeue", secretHash: "s3", tier: "claude" },
    { type: "target", workerId: "wrk_1", secretHash: "s6" },
    { type: "admit", secretHash: "s7" },
    { type: "pass_deadline" },
    { type: "pass_deadline", secretHash: "s8" },
    { type: "cancel" },
  ),
  fc.record({
    type: fc.constant("claim" as const),
    owner: holder.owner,
    claimId: fc.constantFrom("c1", "c2"),
    leaseMs: fc.constant(leaseMs),
  }),
  fc.record({ type: fc.constant("progress" as const), ...holder, leaseMs: fc.constant(leaseMs) }),
  fc.record({ type: fc.constant("succeed" as const), ...holder }).map((event) => ({ ...event, ...success })),
  fc.record({
    type: fc.constant("fall_short" as const),
    ...holder,
    reason: fc.constant("prose"),
    nextTier: fc.constantFrom("claude" as const, undefined),
    secretHash: fc.constant("s4"),
  }),
  fc.record({ type: fc.constant("release" as const), ...holder, secretHash: fc.constant("s5") }),
  fc.record({ type: fc.constant("fail" as const), ...holder, reason: fc.constant("no key") }),
);

function after(state: JobState, event: JobEvent, nowMs = startMs): JobState {
  try {
    return reduceJob(state, event, nowMs).state;
  } catch {
    return state;
  }
}
const claim = (owner: string, claimId: string): JobEvent => ({ type: "claim", owner, claimId, leaseMs });
const leased = after(queued, claim("wrk_1", "c1"));

describe("a job", () => {
  it("never leaves an end, raises its attempt at the claim only, and is always due before its own deadline", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(events, fc.nat(40_000)), { maxLength: 25 }), (isHeld, list) => {
        let state = isHeld ? held : queued;
        let nowMs = startMs;
        for (const [event, passedMs] of list) {
          nowMs += passedMs;
          const next = after(state, event, nowMs);
          if (jobHasEnded(state.status)) expect(next).toBe(state);
          if (next !== state) expect(next.version).toBe(state.version + 1);
          const claimed = event.type === "claim" && next !== state;
          expect(next.attempt).toBe(state.attempt + (claimed ? 1 : 0));
          expect(next.dueAtMs === undefined).toBe(jobHasEnded(next.status));
          // What nobody let in has no message, and what is let in stays so for as long as it is the lane's.
          const effects = next === state ? [] : reduceJob(state, event, nowMs).effects;
          if (isHeldBack(next)) expect(effects.map(({ type }) => type)).not.toContain("send");
          if (holdsPlace(state) && !jobHasEnded(next.status) && next.tier === "ollama")
            expect(holdsPlace(next)).toBe(true);
          if (next.dueAtMs !== undefined) expect(next.dueAtMs).toBeLessThanOrEqual(next.deadlineAtMs);
          expect(next.failures.length).toBeLessThanOrEqual(defaults.jobAttempts + 1);
          state = next;
        }
        expect(jobHasEnded(after(state, { type: "pass_deadline" }, state.deadlineAtMs).status)).toBe(true);
        // Claude's turn may begin at the deadline; after that there is no other.
        const last = after(state, { type: "pass_deadline", secretHash: "s9" }, state.deadlineAtMs);
        expect(jobHasEnded(after(last, { type: "pass_deadline", secretHash: "s9" }, last.deadlineAtMs).status)).toBe(
          true,
        );
      }),
    );
  });

  it("is held by one owner: the same claim again changes nothing, another one is refused until the lease ran out", () => {
    expect(after(leased, claim("wrk_1", "c1"), startMs + 1)).toBe(leased);
    expect(() => reduceJob(leased, claim("wrk_2", "c2"), startMs + leaseMs - 1)).toThrowError(
      expect.objectContaining({ code: "stale_attempt" }),
    );
    const taken = after(leased, claim("wrk_2", "c2"), startMs + leaseMs);
    expect(taken).toMatchObject({ attempt: 2, lease: { owner: "wrk_2" }, failures: [{ attempt: 1 }] });
    const late: JobEvent = { type: "succeed", owner: "wrk_1", attempt: 1, ...success };
    expect(() => reduceJob(taken, late, startMs + leaseMs)).toThrowError(
      expect.objectContaining({ code: "stale_attempt" }),
    );
  });

  it("goes to the next tier under a new secret, and to the same one where none is named", () => {
    const event = { type: "fall_short", owner: "wrk_1", attempt: 1, reason: "prose", secretHash: "s2" } as const;
    expect(reduceJob(leased, { ...event, nextTier: "claude" }, startMs)).toMatchObject({
      state: { status: "queued", tier: "claude", secretHash: "s2", lease: undefined, sentAtMs: undefined, attempt: 1 },
      effects: [{ type: "send" }],
    });
    expect(after(leased, { ...event, nextTier: undefined }).tier).toBe("ollama");
  });

  it("fails at the fifth failed attempt and says why", () => {
    let state = queued;
    let effects: unknown[] = [];
    for (let attempt = 1; attempt <= defaults.jobAttempts; attempt += 1) {
      state = after(state, claim("wrk_1", `c${attempt}`));
      const step = reduceJob(
        state,
        { type: "fall_short", owner: "wrk_1", attempt, reason: `try ${attempt}`, nextTier: undefined, secretHash: "s" },
        startMs,
      );
      ({ state, effects } = step);
    }
    expect(state).toMatchObject({ status: "failed", attempt: defaults.jobAttempts });
    expect(effects).toEqual([{ type: "give_up", reason: "Gave up after 5 attempts: try 5" }]);
  });

  it("is given to one worker once: whoever did not take it, or had it, leaves it to all", () => {
    const given = after(queued, { type: "target", workerId: "wrk_2", secretHash: "s2" });
    expect(given).toMatchObject({ workerId: "wrk_2", secretHash: "s2", sentAtMs: undefined });
    expect(after(given, { type: "requeue", secretHash: "s3" }).workerId).toBe("wrk_2");
    expect(after(given, { type: "requeue", secretHash: "s3", toLane: true }).workerId).toBeUndefined();
    expect(after(given, { type: "requeue", secretHash: "s3", tier: "claude" }).workerId).toBeUndefined();
    const taken = after(given, claim("wrk_2", "c1"));
    expect(after(taken, { type: "release", owner: "wrk_2", attempt: 1, secretHash: "s3" }).workerId).toBeUndefined();
  });

  it("that is held back has its lane's time from when it is let in, and an hour to be let in", () => {
    expect(held).toMatchObject({ deadlineAtMs: startMs + 3_600_000, dueAtMs: startMs + 10_000 });
    // An hour, the lane's minute, and what Claude gets on top once somebody has looked.
    expect(lastDeadlineOf(held)).toBe(startMs + 3_750_000);
    const letInAtMs = startMs + 1_000_000;
    const { state, effects } = reduceJob(held, { type: "admit", secretHash: "s2" }, letInAtMs);
    expect(state).toMatchObject({ admittedAtMs: letInAtMs, deadlineAtMs: letInAtMs + 60_000, secretHash: "s2" });
    expect(effects).toEqual([{ type: "send" }]);
    expect(after(state, { type: "admit", secretHash: "s3" }, letInAtMs)).toBe(state);
  });

  it("goes on to Claude at its deadline with time of its own, once", () => {
    const atMs = queued.deadlineAtMs + 40_000;
    const event: JobEvent = { type: "pass_deadline", secretHash: "s2" };
    const { state, effects } = reduceJob(leased, event, atMs);
    expect(state).toMatchObject({ status: "queued", tier: "claude", secretHash: "s2", deadlineAtMs: atMs + 30_000 });
    expect(state.failures).toMatchObject([{ tier: "ollama", reason: "the worker went silent" }]);
    expect(effects).toEqual([{ type: "send" }]);
    // Also where Claude, down itself, has handed it back to the workers.
    const back = after(state, { type: "requeue", secretHash: "s3", tier: "ollama" }, atMs);
    for (const one of [state, { ...back, admittedAtMs: atMs }])
      expect(reduceJob(one, event, atMs + 60_000).state.status).toBe("failed");
  });

  it("has time for Claude's turn also where its message was long on the way, once", () => {
    const toClaude: JobEvent = { type: "requeue", secretHash: "s2", tier: "claude" };
    const sentAtMs = queued.deadlineAtMs - defaults.leastTurnSeconds * 1000;
    const gone = after(queued, toClaude, sentAtMs);
    expect(gone.deadlineAtMs).toBe(queued.deadlineAtMs);
    expect(after(gone, claim("steward:escalate", "c1"), sentAtMs).deadlineAtMs).toBe(queued.deadlineAtMs);
    for (const waySeconds of [3, 12]) {
      const atMs = sentAtMs + waySeconds * 1000;
      const taken = after(gone, claim("steward:escalate", "c1"), atMs);
      expect(taken).toMatchObject({ status: "leased", overtimeAtMs: atMs, deadlineAtMs: atMs + 30_000 });
      const again = after(taken, { type: "release", owner: "steward:escalate", attempt: 1, secretHash: "s3" }, atMs);
      expect(after(again, claim("steward:escalate", "c2"), atMs + 25_000).deadlineAtMs).toBe(atMs + 30_000);
    }
    // Whoever looks at deadlines may be there first.
    const looked = after(gone, { type: "pass_deadline", secretHash: "s3" }, queued.deadlineAtMs);
    expect(looked).toMatchObject({ status: "queued", tier: "claude", deadlineAtMs: queued.deadlineAtMs + 30_000 });
  });

  it("that no worker took ends by saying so, also where Claude was to help out and has no key", () => {
    const over = (failures: JobState["failures"], of = queued) =>
      reduceJob({ ...of, failures }, { type: "pass_deadline" }, queued.deadlineAtMs).effects;
    const keyless = { attempt: 2, tier: "claude" as const, reason: causeSays.no_claude_key };
    const fell = { attempt: 1, tier: "ollama" as const, reason: "the model failed" };
    expect(over([keyless])).toEqual([{ type: "give_up", reason: "No worker had time for it." }]);
    expect(over([keyless], { ...queued, tenantId: providerTenantId })).toEqual([
      { type: "give_up", reason: expect.stringContaining("No worker took the job in its time") },
    ]);
    expect(over([fell, keyless])).toEqual([{ type: "give_up", reason: expect.stringContaining("the model failed") }]);
  });

  it("goes back to workers where all that had it were silent, in whatever words, and where a record has the words alone", () => {
    const failure = { attempt: 1, tier: "ollama" as const };
    const { failures } = after(leased, { type: "requeue", secretHash: "s2" }, startMs + leaseMs);
    expect(failures).toMatchObject([{ cause: "silent" }]);
    expect(workersMayHelp({ failures: failures.map((one) => ({ ...one, reason: "other words" })) })).toBe(true);
    expect(workersMayHelp({ failures: [{ ...failure, reason: "the worker went silent" }] })).toBe(true);
    expect(workersMayHelp({ failures: [...failures, { ...failure, reason: "prose" }] })).toBe(false);
    const given = {
      ...queued,
      failures: [{ ...failure, tier: "claude" as const, cause: "no_claude_key" as const, reason: "none" }],
    };
    expect(reduceJob(given, { type: "pass_deadline" }, queued.deadlineAtMs).effects).toEqual([
      { type: "give_up", reason: "No worker had time for it." },
    ]);
  });

  it("that nobody let in ends by saying that its own tenant's requests were ahead of it", () => {
    const { state, effects } = reduceJob(held, { type: "pass_deadline" }, held.deadlineAtMs);
    expect(state.status).toBe("failed");
    expect(effects).toEqual([{ type: "give_up", reason: expect.stringContaining("Other requests of yours") }]);
  });

  it("leaves its place when it goes to Claude, and asks for one when it comes back", () => {
    const event = { owner: "wrk_1", attempt: 1, reason: "prose", secretHash: "s2" } as const;
    const gone = after(leased, { type: "fall_short", ...event, nextTier: "claude" });
    expect(holdsPlace(gone)).toBe(false);
    const atClaude = after(gone, claim("steward:escalate", "c2"));
    const back = { type: "fall_short", ...event, owner: "steward:escalate", attempt: 2, nextTier: "ollama" } as const;
    const { state, effects } = reduceJob(atClaude, back, startMs);
    expect(isHeldBack(state)).toBe(true);
    expect(effects).toEqual([{ type: "ask_for_place" }]);
  });

  it("that has just been held back is looked at within a minute, in whatever lane: nobody may have asked for its place", () => {
    const bulk = { ...held, lane: "bulk" as const };
    const from = { tenantId, jobId: "job_1", taskId, lane: "bulk", secretHash: "s1" } as const;
    expect(newJob({ ...from, tier: "ollama", heldBack: true }, startMs).dueAtMs).toBe(startMs + 60_000);
    const back = after(
      newJob({ ...from, tier: "claude" }, startMs),
      { type: "requeue", secretHash: "s2", tier: "ollama" },
      startMs + 900_000,
    );
    expect(isHeldBack(back)).toBe(true);
    expect(back.dueAtMs).toBe(startMs + 960_000);
    const looked = after(bulk, { type: "requeue", secretHash: "s2" }, startMs + 60_000);
    expect(looked.dueAtMs).toBe(startMs + 960_000);
  });

  it("is looked at less and less while it is held back", () => {
    const looked = after(held, { type: "requeue", secretHash: "s2" }, startMs + 40_000);
    expect(looked.dueAtMs).toBe(startMs + 80_000);
  });

  it("of a build that knew no window is in its lane where it has a message, and asks for a place where it has none", () => {
    const { admittedAtMs: _none, ...old } = queued;
    expect(isHeldBack({ ...old, sentAtMs: startMs })).toBe(false);
    expect(isHeldBack(old)).toBe(true);
    expect(reduceJob(old, { type: "requeue", secretHash: "s2" }, startMs).effects).toEqual([{ type: "ask_for_place" }]);
    expect(reduceJob(old, { type: "admit", secretHash: "s2" }, startMs).state.deadlineAtMs).toBe(old.deadlineAtMs);
  });

  it("counts giving back as no failure", () => {
    const event: JobEvent = { type: "release", owner: "wrk_1", attempt: 1, secretHash: "s2" };
    expect(after(leased, event)).toMatchObject({ status: "queued", failures: [], tier: "ollama" });
  });

  it("extends its lease with progress, never past the deadline", () => {
    const event: JobEvent = { type: "progress", owner: "wrk_1", attempt: 1, leaseMs: 10_000_000 };
    expect(after(leased, event, startMs + 1).lease?.expiresAtMs).toBe(queued.deadlineAtMs);
  });

  it("is believed lost less and less quickly the longer it waits", () => {
    const young = after(queued, { type: "sent" }, startMs + 1_000);
    const old = after(
      after(queued, { type: "requeue", secretHash: "s" }, startMs + 120_000),
      { type: "sent" },
      startMs + 120_000,
    );
    expect((young.dueAtMs ?? 0) - startMs - 1_000).toBe(60_000);
    expect((old.dueAtMs ?? 0) - startMs - 120_000).toBe(120_000);
  });
});
