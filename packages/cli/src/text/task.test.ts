import type { Plan } from "@steward/contracts/plan";
import { expect, test } from "vitest";
import { bert, needsApproval, nowMs, planOf, runOf, taskOf } from "../../test/fixtures.ts";
import { plain } from "./paint.ts";
import { planText, resultText, runText, taskTitle } from "./task.ts";

const options = { paint: plain, nowMs };
const [step] = planOf().steps;
function withStep(change: Partial<Plan["steps"][number]>, plan: Partial<Plan> = {}) {
  return taskOf({
    status: "awaiting_approval",
    plan: planOf({ ...plan, steps: step ? [{ ...step, ...change }] : [] }),
    gate: needsApproval,
  });
}

test("a plan shows all that is decided on", () => {
  const task = taskOf({ plan: planOf(), gate: needsApproval, planning: { tier: "matcher", latencyMs: 2 } });
  expect(planText(task, options)).toBe(
    [
      "Steps",
      "  1  Add a user  users.add",
      "     username  john  as you said: “john”",
      "     groups    media  assumed",
      "     can be undone",
      "",
      "Targets    bert",
      "Risk       low",
      "Approval   yours",
      "           confirm_words: the plan came from words",
      "Expires    in 24 h (2026-11-22T10:00:00.000Z)",
      `Plan hash  ${task.plan?.planHash}`,
      `           task ${task.id} · release 1 · understood by matcher in 2 ms`,
    ].join("\n"),
  );
});

test("what cannot be undone says so; what only reads does not frighten", () => {
  const task = withStep({ undo: "none" });
  expect(planText(task, options)).toContain("cannot be undone");
  expect(planText(task, { ...options, kinds: new Map([["users.add", "read"]]) })).toContain("only reads");
});

test("a high risk comes with its reasons, and a check says that it changes nothing", () => {
  const task = withStep({ risk: "high", riskReasons: ["gives administrator rights"] }, { risk: "high", mode: "check" });
  expect(planText(task, options)).toContain("Risk       high: gives administrator rights");
  expect(planText(task, options)).toContain("changes nothing");
});

test("a hostile value is shown as what it is", () => {
  const text = planText(withStep({ variables: { username: "john\u001b[2K\u202eroot\n  Risk low" } }), options);
  expect(text).toContain("john\\x1b[2K\\u202eroot\\x0a  Risk low");
});

test("a simulated run and task say that nothing was changed", () => {
  expect(runText(runOf({ status: "simulated" }), 4, plain)).toBe("◌ bert  simulated: nothing was changed");
  expect(resultText(taskOf({ status: "simulated" }), plain)).toContain("SIMULATED: nothing was changed");
});

test("a failed run says where and why; a read shows what it found", () => {
  const failed = runOf({
    status: "failed",
    reason: "users.add failed",
    steps: [{ action: "users.add", status: "failed", changed: 0, durationMs: 5, reason: "the name is taken" }],
  });
  expect(runText(failed, 4, plain)).toBe("✘ bert  failed\n    users.add failed\n    users.add: the name is taken");
  const read = runOf({
    status: "succeeded",
    steps: [
      { action: "users.list", status: "succeeded", changed: 0, durationMs: 5, result: { users: ["john", "jane"] } },
    ],
  });
  expect(runText(read, 4, plain)).toBe("✔ bert  succeeded, nothing to change\n    users: john, jane");
});

test("explicit steps are named by what they do", () => {
  const { instruction: _, ...task } = taskOf({ plan: planOf(), targets: [bert] });
  expect(taskTitle(task)).toBe("users.add username=john groups=media");
});

test("why a run failed is said once, beside what else its steps have to say", () => {
  const failed = { action: "users.add", status: "failed" as const, changed: 0, durationMs: 5, reason: "no such group" };
  const kept = { ...failed, action: "system.ping", reason: "could not be undone: it is gone" };
  const run = runOf({ status: "failed", reason: "users.add: no such group", steps: [kept, failed] });
  const lines = runText(run, 4, plain).split("\n");
  expect(lines.filter((line) => line.includes("no such group"))).toEqual(["    users.add: no such group"]);
  expect(lines).toContain("    system.ping: could not be undone: it is gone");
});
