import { readdirSync } from "node:fs";
import { join } from "node:path";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { commit } from "@steward/aws/table";
import type { Client } from "@steward/contracts/client";
import { contentHash, executablePlan, type Plan, planHash } from "@steward/contracts/plan";
import type { RoleGrant } from "@steward/contracts/roles";
import { targetsRoot } from "@steward/contracts/targets-proof";
import type { TaskView } from "@steward/contracts/task";
import type { TaskState } from "@steward/core/task/task-state";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  approve,
  type Installation,
  problemOf,
  startInstallation,
  tamper,
  until,
  untilEnded,
} from "../support/installation.ts";

/*
 * Whatever is changed in a plan after a person said yes to it, by somebody who can write every record of the table:
 * nothing runs. A freeze holds the approved plan still while it is changed; the thaw is the moment of truth.
 */

let installation: Installation;
let acme: Client;
const [first, second] = ["acme-berlin-01", "acme-hamburg-01"] as const;

beforeAll(async () => {
  installation = await startInstallation();
  acme = installation.as("acme");
});
afterAll(() => installation.close());

async function freeze(): Promise<() => Promise<void>> {
  const until = new Date(Date.now() + 600_000).toISOString();
  const { id } = await acme("createFreeze", { body: { scope: "tenant", reason: "test", until } });
  return () => acme("endFreeze", { params: { freezeId: id } });
}

/** Two steps of a medium risk on one appliance, so that steps have an order and the plan needs its approval. */
const submit = (targets: string[] = [first]): Promise<TaskView> =>
  acme("submitTask", {
    body: {
      steps: [
        { action: "users.add", variables: { username: "john" } },
        { action: "service.restart", variables: { service: "smbd" } },
      ],
      targets,
    },
  });

/** Attempts that a machine's ledger has ever prepared, in all of its life. */
function ledgerOf(name: string): string[] {
  return readdirSync(join(installation.machineDir(name), "runs"));
}

/**
 * The dispatcher has looked at every rollout and may send none of them: what it will decide about next, it reads after
 * this. A plan that it had read before could still be sent as it was, which is the approved one.
 */
async function untilDispatcherRests(): Promise<void> {
  const lateMs = Date.now() + 10_000;
  for (;;) {
    const { queues } = await acme("queueStatus", {});
    const rollouts = queues.find(({ name }) => name === "rollouts");
    if (rollouts?.queued === 0 && rollouts.inFlight === 0) return;
    if (Date.now() > lateMs) throw new Error(`the dispatcher does not rest: ${JSON.stringify(queues)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const keyOf = (task: TaskView) => ({ tenantId: task.tenantId, taskId: task.id });

/** The same plan with hashes that are right for it: an attacker can compute them too. */
function rehashed(plan: Plan, taskId: string): Plan {
  // Only where it was changed for its own sake the root stays what it is.
  const whole = { ...plan, targetsRoot: plan.targetsRoot === wrongRoot ? wrongRoot : targetsRoot(plan.targets) };
  const content = contentHash(executablePlan(whole));
  return {
    ...whole,
    contentHash: content,
    planHash: planHash({ contentHash: content, taskId, mode: plan.mode, expiresAtMs: plan.expiresAtMs }),
  };
}

const wrongRoot = "f".repeat(64);
type Change = (plan: Plan, ids: { second: string; foreign: string }) => Plan;
const stepOf = (plan: Plan, change: Partial<Plan["steps"][number]>): Plan => ({
  ...plan,
  steps: plan.steps.map((step, index) => (index === 0 ? { ...step, ...change } : step)),
});

const changes: Record<string, Change> = {
  "the action of a step": (plan) => stepOf(plan, { action: "users.remove", title: "Add a user" }),
  "the value of a variable": (plan) => stepOf(plan, { variables: { username: "eve" } }),
  "one more variable": (plan) => stepOf(plan, { variables: { username: "john", groups: ["sudo"] } }),
  "the bundle of a step": (plan) => stepOf(plan, { bundle: plan.steps[1]?.bundle ?? "" }),
  "a bundle that nobody knows": (plan) => stepOf(plan, { bundle: "f".repeat(64) }),
  "the undo of a step": (plan) => stepOf(plan, { undo: "none" }),
  "the order of the steps": (plan) => ({ ...plan, steps: [...plan.steps].reverse() }),
  "a step left out": (plan) => ({ ...plan, steps: plan.steps.slice(0, 1) }),
  "a step put in": (plan) => ({ ...plan, steps: [...plan.steps, ...plan.steps.slice(0, 1)] }),
  "one more target": (plan, { second }) => ({ ...plan, targets: [...plan.targets, second].sort() }),
  "another target": (plan, { second }) => ({ ...plan, targets: [second] }),
  "another tenant's target": (plan, { foreign }) => ({ ...plan, targets: [...plan.targets, foreign].sort() }),
  "the targets' root alone": (plan) => ({ ...plan, targetsRoot: wrongRoot }),
  "the waves": (plan) => ({ ...plan, rollout: { ...plan.rollout, waves: [{ percent: 50 }, { percent: 50 }] } }),
  "the concurrency": (plan) => ({ ...plan, rollout: { ...plan.rollout, maxConcurrency: 10_000 } }),
  "undo on failure": (plan) => ({ ...plan, rollout: { ...plan.rollout, undoOnFailure: true } }),
  "the release": (plan) => ({ ...plan, releaseVersion: plan.releaseVersion + 1 }),
  "the mode": (plan) => ({ ...plan, mode: "check" }),
  "the expiry": (plan) => ({ ...plan, expiresAtMs: plan.expiresAtMs + 86_400_000 }),
  "the tenant": (plan) => ({ ...plan, tenantId: "ten_provider" }),
};

describe("a plan that is changed after its approval, before its doorbell", () => {
  it.each([
    ["and its hashes left", (plan: Plan) => plan],
    ["and hashed anew", rehashed],
    [
      "and hashed anew, approval record included",
      (plan: Plan, taskId: string) => rehashed(plan, taskId),
      // The signature is what the attacker has not: the document can be rewritten, not signed.
      (task: TaskState, plan: Plan): TaskState => {
        const { approval } = task;
        if (approval === undefined) return task;
        const payload = JSON.parse(Buffer.from(approval.document.payload, "base64").toString("utf8"));
        const forged = Buffer.from(JSON.stringify({ ...payload, planHash: plan.planHash })).toString("base64");
        return { ...task, approval: { ...approval, document: { ...approval.document, payload: forged } } };
      },
    ],
  ] as const)(
    "%s: refused, whichever field it is",
    async (_, hash, forge?: (task: TaskState, plan: Plan) => TaskState) => {
      const before = [first, second].flatMap(ledgerOf);
      const thaw = await freeze();
      const others = await acme("listNodes", { query: { q: second } });
      const foreign = await installation.as("birch")("listNodes", { query: { limit: 1 } });
      const ids = { second: others.items[0]?.id ?? "", foreign: foreign.items[0]?.id ?? "" };
      const tasks = await Promise.all(
        Object.entries(changes).map(async ([name, change]) => {
          const task = await submit();
          await approve(acme, task);
          await until(acme, task.id, ({ runs }) => runs?.length === 1);
          return { name, change, task };
        }),
      );
      await untilDispatcherRests();
      for (const { change, task } of tasks) {
        await tamper(installation.table, keyOf(task), (state) => {
          if (state.plan === undefined) throw new Error("no plan");
          const plan = hash(change(state.plan, ids), state.taskId);
          return { ...(forge?.(state, plan) ?? state), plan };
        });
      }
      await thaw();
      const outcomes = await Promise.all(
        tasks.map(async ({ name, task }) => {
          const { runs = [], status } = await until(
            acme,
            task.id,
            ({ runs }) => runs?.every((run) => run.status === "cancelled" || run.status === "sent") ?? false,
          );
          return { name, status, runs: runs.map((run) => run.status), startedAt: runs[0]?.startedAt };
        }),
      );
      // A control: the appliances are there and obey what nobody touched.
      const control = await submit([first, second]);
      await approve(acme, control);
      expect(await untilEnded(acme, control.id)).toMatchObject({ status: "simulated" });
      const made = [first, second].flatMap(ledgerOf).filter((path) => !before.includes(path));
      for (const { name, runs, startedAt } of outcomes) {
        // A forged approval passes the control plane, which cannot tell the signature; the appliance refuses it.
        expect([name, runs[0]]).toEqual([
          name,
          forge === undefined ? "cancelled" : expect.stringMatching(/cancelled|sent/),
        ]);
        expect([name, startedAt]).toEqual([name, undefined]);
      }
      for (const { task } of tasks) {
        const now = await acme("getTask", { params: { taskId: task.id } });
        for (const run of now.runs ?? []) {
          expect(run.steps).toEqual([]);
          expect(made.filter((path) => path.includes(run.id))).toEqual([]);
        }
      }
    },
  );

  it("a rollout whose targets are changed reaches nobody who was not approved", async () => {
    const thaw = await freeze();
    const [other] = (await acme("listNodes", { query: { q: second } })).items;
    const task = await submit();
    await approve(acme, task);
    await tamper(installation.table, keyOf(task), (state) => state);
    const { rolloutId = "" } = await taskState(task);
    const rollout = await getRollout(installation.table, { tenantId: task.tenantId, rolloutId });
    if (rollout === undefined || other === undefined) throw new Error("no rollout");
    await until(acme, task.id, ({ runs }) => runs?.length === 1);
    await untilDispatcherRests();
    for (;;) {
      const now = (await getRollout(installation.table, { tenantId: task.tenantId, rolloutId })) ?? rollout;
      const next = { ...now, version: now.version + 1, targets: [...now.targets, { id: other.id, name: other.name }] };
      try {
        await commit(installation.table, [replaceRollout(now, next)]);
        break;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "conflict")) throw error;
      }
    }
    await thaw();
    const ended = await untilEnded(acme, task.id);
    const statusOf = (name: string) => ended.runs?.find((run) => run.applianceName === name)?.status;
    expect(statusOf(first)).toBe("simulated");
    expect([undefined, "cancelled"]).toContain(statusOf(second));
  });
});

async function taskState(task: TaskView): Promise<TaskState> {
  let found: TaskState | undefined;
  await tamper(installation.table, keyOf(task), (state) => {
    found = state;
    return state;
  });
  if (found === undefined) throw new Error("no task");
  return found;
}

describe("a plan that is changed between its doorbell and its start", () => {
  it("does not start, whichever field it is", async () => {
    // The appliances sleep: what is sent to them waits, and this test speaks to the door in their place.
    const fleet = installation.stack.pids().fleet;
    if (fleet === undefined) throw new Error("no fleet");
    process.kill(fleet, "SIGSTOP");
    try {
      const machine = await installation.machine(first);
      const ids = { second: "apl_01jzzzzzzzzzzzzzzzzzzzzzzz", foreign: "apl_01jzzzzzzzzzzzzzzzzzzzzzzy" };
      for (const [name, change] of Object.entries(changes)) {
        const task = await submit();
        await approve(acme, task);
        const sent = await until(acme, task.id, ({ runs }) => runs?.[0]?.status === "sent");
        const runId = sent.runs?.[0]?.id ?? "";
        const start = () =>
          machine.call("startRun", {
            params: { runId },
            body: { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" },
          });
        for (const hash of [(plan: Plan) => plan, rehashed]) {
          let original: Plan | undefined;
          await tamper(installation.table, keyOf(task), (state) => {
            if (state.plan === undefined) throw new Error("no plan");
            original = state.plan;
            return { ...state, plan: hash(change(state.plan, ids), state.taskId) };
          });
          expect([name, (await problemOf(start())).code]).toEqual([name, "denied_by_gate"]);
          await tamper(installation.table, keyOf(task), (state) => ({ ...state, ...(original && { plan: original }) }));
        }
        await acme("cancelTask", { params: { taskId: task.id }, body: {} });
      }
      // A control: put back as it was, it starts.
      const task = await submit();
      await approve(acme, task);
      const sent = await until(acme, task.id, ({ runs }) => runs?.[0]?.status === "sent");
      const body = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" as const };
      const params = { runId: sent.runs?.[0]?.id ?? "" };
      const started = await machine.call("startRun", { params, body });
      expect((await machine.call("startRun", { params, body })).startedAtMs).toBe(started.startedAtMs);
      expect(
        await problemOf(machine.call("startRun", { params, body: { ...body, ledgerId: crypto.randomUUID() } })),
      ).toMatchObject({ code: expect.stringMatching(/conflict|invalid_transition|stale_attempt/) });
    } finally {
      process.kill(fleet, "SIGCONT");
    }
  });
});

describe("an approval", () => {
  it("is for the plan that was shown: another hash is plan_changed", async () => {
    const task = await submit();
    const params = { taskId: task.id };
    const hash = task.plan?.planHash ?? "";
    const others = ["0".repeat(64), task.plan?.contentHash ?? "", (hash.startsWith("0") ? "1" : "0") + hash.slice(1)];
    for (const planHash of others) {
      expect(await problemOf(acme("approveTask", { params, body: { planHash } }))).toMatchObject({
        code: "plan_changed",
      });
    }
    // Another task's plan, although it says the same.
    const twin = await submit();
    expect(twin.plan?.contentHash).toBe(task.plan?.contentHash);
    expect(
      await problemOf(acme("approveTask", { params, body: { planHash: twin.plan?.planHash ?? "" } })),
    ).toMatchObject({ code: "plan_changed" });
    expect(await acme("getTask", { params })).toMatchObject({ status: "awaiting_approval", runs: [] });
  });

  it("is refused for a plan whose record was changed before it", async () => {
    const task = await submit();
    await tamper(installation.table, keyOf(task), (state) => ({
      ...state,
      ...(state.plan && { plan: stepOf(state.plan, { variables: { username: "eve" } }) }),
    }));
    expect(await problemOf(approve(acme, task))).toMatchObject({ code: "denied_by_gate" });
  });

  it("holds nothing up and starts nothing while frozen", async () => {
    const task = await submit();
    const thaw = await freeze();
    await approve(acme, task);
    await until(acme, task.id, ({ runs }) => runs?.length === 1);
    expect(await acme("getTask", { params: { taskId: task.id }, query: { wait: 2 } })).toMatchObject({
      runs: [{ status: "pending" }],
    });
    await thaw();
    expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
  });
});

describe("a demotion between approval and start", () => {
  let meId = "";
  const grantsOf = async (personId: string, grants: RoleGrant[], disabled = false): Promise<RoleGrant[]> => {
    const person = await getPerson(installation.table, personId);
    if (person === undefined) throw new Error(`no person ${personId}`);
    const { disabledAtMs: _, ...rest } = person;
    const next = { ...rest, grants, version: person.version + 1, ...(disabled ? { disabledAtMs: Date.now() } : {}) };
    await commit(installation.table, [replacePerson(person, next)]);
    return person.grants;
  };

  it.each([
    ["to viewer", (tenant: string) => [{ tenant, role: "viewer" as const }], false],
    ["to nothing here", () => [{ tenant: "ten_provider", role: "admin" as const }], false],
    ["to a disabled account", (tenant: string) => [{ tenant, role: "admin" as const }], true],
  ])("of who asked and approved, %s: refused at the doorbell", async (_, demoted, disabled) => {
    const thaw = await freeze();
    const task = await submit();
    meId = task.requestedBy.id;
    await approve(acme, task);
    await until(acme, task.id, ({ runs }) => runs?.length === 1);
    await untilDispatcherRests();
    const before = await grantsOf(meId, demoted(task.tenantId), disabled);
    // The provider thaws and watches in the tenant's place: the demoted person cannot.
    const provider = installation.as("provider", task.tenantId);
    const frozen = (await provider("listFreezes", {})).items;
    for (const { id } of frozen) await provider("endFreeze", { params: { freezeId: id } });
    const ended = await untilEnded(provider, task.id);
    expect(ended).toMatchObject({ status: "failed", runs: [{ status: "cancelled" }] });
    expect(ended.runs?.[0]?.startedAt).toBeUndefined();
    await grantsOf(meId, before);
    await settled();
    await thaw();
  });

  it("of who approved for somebody else, or of who asked: refused at the start", async () => {
    const task = await submit();
    const provider = installation.as("provider", task.tenantId);
    const fleet = installation.stack.pids().fleet;
    if (fleet === undefined) throw new Error("no fleet");
    process.kill(fleet, "SIGSTOP");
    const approved = await approve(provider, task);
    const approverId = approved.approval?.by ?? "";
    expect(approverId).not.toBe(task.requestedBy.id);
    const sent = await until(acme, task.id, ({ runs }) => runs?.[0]?.status === "sent");
    const before = await grantsOf(approverId, [{ tenant: "*", role: "operator" }]);
    try {
      const machine = await installation.machine(first);
      const params = { runId: sent.runs?.[0]?.id ?? "" };
      const body = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" as const };
      expect(await problemOf(machine.call("startRun", { params, body }))).toMatchObject({ code: "denied_by_gate" });
      await grantsOf(approverId, before);
      const own = await grantsOf(task.requestedBy.id, [{ tenant: task.tenantId, role: "viewer" }]);
      expect(await problemOf(machine.call("startRun", { params, body }))).toMatchObject({ code: "denied_by_gate" });
      await grantsOf(task.requestedBy.id, own);
      expect(await machine.call("startRun", { params, body })).toMatchObject({ startedAtMs: expect.any(Number) });
    } finally {
      process.kill(fleet, "SIGCONT");
    }
  });

  /** Grants are at most 5 s old: the restored ones are read anew when the person is let in again. */
  async function settled(): Promise<void> {
    const lateMs = Date.now() + 10_000;
    for (;;) {
      try {
        await acme("listFreezes", {});
        return;
      } catch (error) {
        if (Date.now() > lateMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
});
