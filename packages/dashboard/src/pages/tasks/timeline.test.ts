import { taskStatuses } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exampleRun, exampleTask, exampleTimes } from "./example-task.ts";
import { happeningsOf, msText, waveTimes } from "./timeline.ts";

const titles = (changes: Parameters<typeof exampleTask>[0]) =>
  happeningsOf(exampleTask(changes)).map(({ title }) => title);

describe("what happened to a task", () => {
  test("begins with the asking, and names each thing once", () => {
    fc.assert(
      fc.property(fc.constantFrom(...taskStatuses), (status) => {
        const happenings = happeningsOf(exampleTask({ status, result: { message: "it ended" } }));
        expect(happenings[0]).toMatchObject({ id: "asked", said: "Ada" });
        expect(new Set(happenings.map(({ id }) => id)).size).toBe(happenings.length);
      }),
    );
  });

  test("tells each tier that was asked, and why it was not enough", () => {
    const { plan: _plan, ...bare } = exampleTask();
    const happenings = happeningsOf({
      ...bare,
      status: "thinking",
      planning: {
        tier: "ollama",
        latencyMs: 2_100,
        tiers: [
          { tier: "matcher", attempts: 1, latencyMs: 3, fellShort: "no action fits" },
          {
            tier: "ollama",
            model: "llama3.1:8b",
            attempts: 2,
            latencyMs: 2_100,
            promptTokens: 900,
            completionTokens: 100,
          },
        ],
      },
    });
    expect(happenings.map(({ title }) => title)).toEqual([
      "Asked for",
      "Matcher fell short",
      "Model on a worker",
      "A model thinks about it",
    ]);
    expect(happenings[2]?.facts).toEqual(["llama3.1:8b", "2 tries", "2.1 s", "1000 tokens"]);
    expect(happenings.filter(({ isNow }) => isNow === true)).toHaveLength(1);
  });

  test("goes from the plan over the rules and the yes to the waves and the end", () => {
    expect(
      titles({
        status: "succeeded",
        gate: { decision: "needs_approval", reasons: [] },
        approval: { by: "per_1", at: exampleTimes.created },
        rollout: { status: "succeeded" },
        waves: [
          { wave: 1, total: 1, counts: { succeeded: 1 } },
          { wave: 2, total: 1, counts: { succeeded: 1 } },
        ],
        result: { message: "Done." },
      }),
    ).toEqual([
      "Asked for",
      "Planned: 1 step",
      "The rules want a yes",
      "Approved",
      "Wave 1, the canary",
      "Wave 2",
      "Succeeded",
    ]);
  });

  test("names who said yes where the name is known", () => {
    const approved = exampleTask({ approval: { by: "per_3", at: exampleTimes.created } });
    const saidOf = (names?: ReadonlyMap<string, string>) =>
      happeningsOf(approved, names).find(({ id }) => id === "approved")?.said;
    expect(saidOf(new Map([["per_3", "Grace"]]))).toBe("Grace");
    expect(saidOf()).toBe("per_3");
  });

  test("a wave that has not begun has not happened", () => {
    expect(
      titles({ rollout: { status: "running" }, waves: [{ wave: 1, total: 2, counts: { pending: 2 } }] }),
    ).not.toContain("Wave 1");
  });

  test("does not tell when it ended where something was said about it later", () => {
    const ended = { status: "succeeded" as const, result: { message: "Done." } };
    const at = (changes: object) =>
      happeningsOf(exampleTask({ ...ended, ...changes })).find(({ id }) => id === "ended")?.at;
    expect(at({})).toBe(exampleTimes.updated);
    expect(
      at({ feedback: [{ by: "per_1", name: "Ada", at: exampleTimes.updated, verdict: "right" }] }),
    ).toBeUndefined();
  });
});

test("a wave lasts from its first run's begin to its last one's end, which is told when all have ended", () => {
  const run = (startedAt: string, endedAt?: string) =>
    exampleRun(endedAt === undefined ? "running" : "succeeded", {
      startedAt,
      ...(endedAt === undefined ? {} : { endedAt }),
    });
  expect(waveTimes([run("10:01", "10:02"), run("10:00", "10:03")], 1)).toEqual({ from: "10:00", to: "10:03" });
  expect(waveTimes([run("10:01", "10:02"), run("10:00")], 1)).toEqual({ from: "10:00" });
  expect(waveTimes([], 1)).toEqual({});
});

test.each([
  [0, "0 ms"],
  [850, "850 ms"],
  [2_100, "2.1 s"],
  [12_000, "12 s"],
  [300_000, "5 min"],
  [10_800_000, "3 h"],
  [777_600_000, "9 days"],
])("%d ms is %s", (ms, text) => expect(msText(ms)).toBe(text));
