import { listAudit } from "@steward/aws/records/audit";
import { createPerson, getPerson, replacePerson } from "@steward/aws/records/person";
import { createPolicy } from "@steward/aws/records/policy";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { beat, getPresence } from "@steward/aws/records/presence";
import { getRollout } from "@steward/aws/records/rollout";
import { createTask, getTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import type { Role } from "@steward/contracts/roles";
import type { SubmitTask } from "@steward/contracts/task";
import { advanceRollout } from "@steward/control/advance-rollout";
import { approvePlan } from "@steward/control/approve-plan";
import { breakGlass } from "@steward/control/break-glass";
import type { Caller, NodeCaller } from "@steward/control/context";
import { createFreeze, endFreeze } from "@steward/control/freeze";
import { putConfig, viewConfig, viewConfigRevisions } from "@steward/control/configuration";
import { fetchConfig } from "@steward/control/fetch-config";
import { putPolicy, viewPolicy } from "@steward/control/policy";
import { changePrincipal, createLink, invitePrincipal } from "@steward/control/principals";
import { signConfig } from "@steward/control/sign-config";
import { startRun } from "@steward/control/start-run";
import { undoTask } from "@steward/control/steer-rollout";
import { submitTask } from "@steward/control/submit-task";
import { explainGate, viewTask } from "@steward/control/view-task";
import { createWindow, listWindows, removeWindow } from "@steward/control/windows";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

/* What a tenant asks of its changes, from the use case that sets it to the run that waits for it. */

let house: House;
let admin: Caller;
let operator: Caller;
let appliance: NodeCaller;
const signer = testSigner();
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());
beforeEach(async () => {
  admin = await house.tenant();
  operator = await person("operator");
  appliance = await house.machine(admin.tenantId, "appliance");
  house.sent.length = 0;
  house.metered.length = 0;
});

async function person(role: Role): Promise<Caller> {
  const id = newId("person", house.nowMs());
  const grants = [{ tenant: admin.tenantId, role }];
  const record = { personId: id, name: role, issuer: "bootstrap", subject: id, grants, createdAtMs: house.nowMs() };
  await commit(house.table, [createPerson({ v: 1, version: 1, ...record })]);
  return { ...admin, principal: { kind: "person", id, name: role, grants }, role };
}

const low: SubmitTask["steps"] = [{ action: "users.add", variables: { username: "john" } }];
const medium: SubmitTask["steps"] = [{ action: "users.remove", variables: { username: "bob" } }];
const high: SubmitTask["steps"] = [{ action: "users.add", variables: { username: "john", groups: ["sudo"] } }];
const submit = (steps: SubmitTask["steps"], by = operator) =>
  submitTask(house, by, { steps, targets: ["attic"], mode: "apply", verbosity: 0 });
const view = (taskId: string) => viewTask(house, admin, { taskId });
const deps = () => ({ ...house, signer });

/** Everything that waits in the queue for the dispatcher, once. */
async function dispatch(): Promise<void> {
  const messages = house.sent.splice(0).filter(({ queue }) => queue === "rollouts");
  for (const { body } of messages) {
    const message = body as { tenantId: string; rolloutId: string };
    await advanceRollout({ ...deps(), ringSsm: async () => ({ failed: [] }) }, message);
  }
}
const statusOf = async (taskId: string) => (await view(taskId)).runs?.[0]?.status;
const iso = (ms: number) => new Date(house.nowMs() + ms).toISOString();
const hour = 3_600_000;

async function dueAtMs(taskId: string): Promise<number | undefined> {
  const { tenantId } = admin;
  const task = await getTask(house.table, { tenantId, taskId });
  return (await getRollout(house.table, { tenantId, rolloutId: task?.rolloutId ?? "" }))?.dueAtMs;
}

describe("a window", () => {
  it("holds a run until it opens: not looked at every minute, not cancelled, and gone on with at the known time", async () => {
    const when = { from: iso(100_000), until: iso(hour) };
    const opensAtMs = Date.parse(when.from);
    await createWindow(house, admin, { kind: "maintenance", name: "tonight", when });
    const task = await submit(low);
    expect(task.gate?.reasons.find(({ rule }) => rule === "window")?.why).toContain("It waits for that");
    await dispatch();
    expect(await statusOf(task.id)).toBe("pending");
    expect(await dueAtMs(task.id)).toBe(opensAtMs);
    const explained = await explainGate(house, admin, { taskId: task.id });
    expect(explained).toMatchObject({ decision: "deny", held: { untilMs: opensAtMs } });
    expect(explained.rules.filter(({ decides }) => decides).map(({ rule }) => rule)).toEqual(["window"]);

    house.passTime(opensAtMs - house.nowMs());
    const stored = await getTask(house.table, { tenantId: admin.tenantId, taskId: task.id });
    house.sent.push({ queue: "rollouts", body: { tenantId: admin.tenantId, rolloutId: stored?.rolloutId } });
    await dispatch();
    expect(await statusOf(task.id)).toBe("sent");
  });

  it("is asked again at the start: what was sent in time does not start when it has closed", async () => {
    await createWindow(house, admin, {
      kind: "maintenance",
      name: "now",
      when: { from: iso(-hour), until: iso(60_000) },
    });
    const task = await submit(low);
    await dispatch();
    const runId = (await view(task.id)).runs?.[0]?.id ?? "";
    house.passTime(60_000);
    const start = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" as const };
    await expect(startRun(house, appliance, { runId }, start)).rejects.toMatchObject({ code: "denied_by_gate" });
    expect(await statusOf(task.id)).toBe("sent");
  });

  it("that is removed lets go on at once, and is in the list until then", async () => {
    const made = await createWindow(house, admin, {
      kind: "blackout",
      name: "month end",
      when: { cron: "* * * * *", timeZone: "Europe/Berlin", durationMinutes: 60 },
    });
    expect(made).toMatchObject({ open: true });
    const task = await submit(low);
    await dispatch();
    expect(await statusOf(task.id)).toBe("pending");
    expect((await listWindows(house, operator)).items).toEqual([made]);
    await removeWindow(house, admin, { windowId: made.id });
    await dispatch();
    expect(await statusOf(task.id)).toBe("sent");
    expect((await listWindows(house, operator)).items).toEqual([]);
  });

  it("keeps those back that it holds, and nobody behind them: the places are the others'", async () => {
    const tags = ["site:berlin"];
    for (let at = 0; at < 5; at += 1) await house.machine(admin.tenantId, "appliance", `berlin-${at}`, tags);
    for (let at = 0; at < 2; at += 1) await house.machine(admin.tenantId, "appliance", `hamburg-${at}`);
    const when = { from: iso(hour), until: iso(2 * hour) };
    await createWindow(house, admin, { kind: "maintenance", name: "tonight", when, tags });
    const targets = ["berlin-0", "berlin-1", "berlin-2", "berlin-3", "berlin-4", "hamburg-0", "hamburg-1"];
    const rollout = { waves: [{ percent: 100 }], maxConcurrency: 2 };
    const asked = { steps: low, targets, mode: "apply", verbosity: 0, rollout } as const;
    const task = await submitTask(house, admin, { ...asked, targets });
    await dispatch();
    const runs = (await view(task.id)).runs ?? [];
    expect(runs.map(({ applianceName, status }) => `${applianceName} ${status}`).toSorted()).toEqual([
      "berlin-0 pending",
      "berlin-1 pending",
      "berlin-2 pending",
      "berlin-3 pending",
      "berlin-4 pending",
      "hamburg-0 sent",
      "hamburg-1 sent",
    ]);
  });

  it("is refused where it never comes, is over, or names no time", async () => {
    const create = (when: Parameters<typeof createWindow>[2]["when"]) =>
      createWindow(house, admin, { kind: "blackout", name: "x", when });
    const zoned = { timeZone: "Europe/Berlin", durationMinutes: 60 };
    await expect(create({ cron: "0 0 30 2 *", ...zoned })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(create({ cron: "0 99 * * *", ...zoned })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(create({ from: iso(-2 * hour), until: iso(-hour) })).rejects.toMatchObject({ code: "unprocessable" });
  });
});

describe("a freeze", () => {
  it("that ends wakes all that it held, however many they are", async () => {
    const task = await submit(low);
    const { tenantId } = admin;
    const stored = await getTask(house.table, { tenantId, taskId: task.id });
    if (stored === undefined) throw new Error("no task");
    const rolloutIds = Array.from({ length: 60 }, () => newId("rollout", house.nowMs()));
    for (const rolloutId of rolloutIds) {
      await commit(house.table, [createTask({ ...stored, taskId: newId("task", house.nowMs()), rolloutId })]);
    }
    const freeze = await createFreeze(house, admin, { scope: "tenant", reason: "stop", until: iso(hour) });
    house.sent.length = 0;
    await endFreeze(house, admin, { freezeId: freeze.id });
    const woken = house.sent.map(({ body }) => (body as { rolloutId: string }).rolloutId);
    expect(new Set(woken)).toEqual(new Set([stored.rolloutId, ...rolloutIds]));
  });

  it("without a near end is looked at again within two minutes", async () => {
    await createFreeze(house, admin, { scope: "tenant", reason: "stop", until: iso(hour) });
    const task = await submit(low);
    await dispatch();
    expect(await dueAtMs(task.id)).toBe(house.nowMs() + 120_000);
  });
});

describe("a policy", () => {
  it("holds for the next thing that the gate is asked, and another revision than the one looked at is a conflict", async () => {
    expect(await viewPolicy(house, operator)).toEqual({ forbid: [], revision: 0 });
    const task = await submit(low);
    const forbid = [{ action: "users.*", effect: "forbid" as const, why: "people are HR's" }];
    expect(await putPolicy(house, admin, { forbid, revision: 0 })).toMatchObject({ revision: 1 });
    await expect(putPolicy(house, admin, { forbid: [], revision: 0 })).rejects.toMatchObject({ code: "conflict" });
    await dispatch();
    expect(await statusOf(task.id)).toBe("cancelled");
    const refused = await submit(low);
    expect(refused).toMatchObject({ status: "failed" });
    expect(refused.result?.message).toContain("people are HR's");
  });

  it("is refused where a rule's time cannot be computed, with the rule; one from before is always on", async () => {
    const rule = (cron: string, timeZone: string) => ({
      action: "users.*",
      effect: "forbid" as const,
      why: "not at night",
      during: { cron, timeZone, durationMinutes: 60 },
    });
    for (const [bad, field] of [
      [rule("0 99 * * *", "UTC"), "cron"],
      [rule("0 0 30 2 *", "UTC"), "cron"],
      [rule("0 0 * * *", "Europe/Nowhere"), "timeZone"],
    ] as const) {
      const forbid = [{ action: "shell.run", effect: "forbid" as const, why: "never" }, bad];
      await expect(putPolicy(house, admin, { forbid })).rejects.toMatchObject({
        code: "invalid_request",
        fields: [{ path: `forbid.1.during.${field}` }],
      });
    }
    const policy = { forbid: [rule("0 99 * * *", "UTC")] };
    const updatedBy = { id: admin.principal.id, name: "Ada" };
    const { tenantId } = admin;
    const old = { v: 1 as const, version: 1, tenantId, policy, updatedAtMs: house.nowMs(), updatedBy, edits: [] };
    await commit(house.table, [createPolicy(old)]);
    expect((await submit(low)).result?.message).toContain("not at night");
  });

  it("keeps whoever has changed it from being the second person for a day", async () => {
    await putPolicy(house, admin, { forbid: [] });
    const task = await submit(high);
    const body = { planHash: task.plan?.planHash ?? "" };
    await expect(approvePlan(deps(), admin, { taskId: task.id }, body)).rejects.toMatchObject({
      code: "denied_by_gate",
    });
    const second = await person("approver");
    expect(await approvePlan(deps(), second, { taskId: task.id }, body)).toMatchObject({ status: "running" });
  });
});

describe("an admin's second person", () => {
  const yes = (by: Caller, task: { id: string; plan?: { planHash: string } | undefined }, confirmation?: string) =>
    approvePlan(deps(), by, { taskId: task.id }, { planHash: task.plan?.planHash ?? "", confirmation });
  const isDenied = expect.objectContaining({ code: "denied_by_gate" });

  it("is nobody for whom he has made a link, nor somebody whom he invited, for a day", async () => {
    const [bob, cleo] = [await person("approver"), await person("approver")];
    const task = await submit(high, admin);
    await createLink(house, admin, { personId: bob.principal.id });
    await expect(yes(bob, task)).rejects.toEqual(isDenied);
    const grants = [{ tenant: admin.tenantId, role: "approver" as const }];
    const { person: invited } = await invitePrincipal(house, admin, { name: "Eve", grants });
    const eve = { ...bob, principal: { ...bob.principal, id: invited.id } };
    await expect(yes(eve, task)).rejects.toEqual(isDenied);
    // For what others ask, they are.
    expect(await yes(bob, await submit(high))).toMatchObject({ status: "running" });
    expect(await yes(cleo, task)).toMatchObject({ status: "running" });
    house.passTime(24 * hour);
    await house.machine(admin.tenantId, "appliance", "cellar");
    const later = await submitTask(house, admin, {
      steps: high,
      targets: ["cellar"],
      mode: "apply",
      verbosity: 0,
    });
    expect(await yes(eve, later)).toMatchObject({ status: "running" });
  });

  it.each([
    ["disabled", { disabled: true }],
    ["demoted", { grants: [] }],
  ])("is still wanted where the only one was %s by him", async (_, change) => {
    const bob = await person("approver");
    await changePrincipal(house, admin, { personId: bob.principal.id }, change);
    const task = await submit(high, admin);
    expect(task.gate?.approver).toBe("other");
    await expect(yes(admin, task, "attic")).rejects.toEqual(isDenied);
  });

  it("is wanted from medium on once he has changed the policy; alone, he retypes", async () => {
    const task = await submit(medium, admin);
    await putPolicy(house, admin, { forbid: [] });
    await expect(yes(admin, task)).rejects.toEqual(isDenied);
    expect(await yes(admin, task, "attic")).toMatchObject({ status: "running" });
    const bob = await person("approver");
    const more = await submit([{ action: "users.remove", variables: { username: "eve" } }], admin);
    await expect(yes(admin, more, "attic")).rejects.toEqual(isDenied);
    expect(await yes(bob, more)).toMatchObject({ status: "running" });
  });
});

it("what took a second person is taken back by who asked or an approver, and by no other operator", async () => {
  await person("approver");
  const task = await submit(high);
  const undo = (by: Caller) => undoTask(house, by, { taskId: task.id }, {});
  await expect(undo(await person("operator"))).rejects.toMatchObject({ code: "forbidden" });
  // Nothing has been done yet: these come as far as that.
  for (const by of [operator, await person("approver")]) {
    await expect(undo(by)).rejects.toMatchObject({ code: "invalid_transition" });
  }
  const lower = await submit(medium);
  await expect(undoTask(house, await person("operator"), { taskId: lower.id }, {})).rejects.toMatchObject({
    code: "invalid_transition",
  });
});

describe("broken glass", () => {
  const reason = "the mail is down";
  const glass = async (by: Caller, taskId: string) =>
    breakGlass(deps(), by, { taskId }, { planHash: (await view(taskId)).plan?.planHash ?? "", reason });

  it("lets an approver run alone what wants a second person, is in the trail, is measured, and is shown", async () => {
    await person("approver");
    const own = await person("approver");
    const task = await submit(high, own);
    expect(task.gate?.approver).toBe("other");
    const broken = await glass(own, task.id);
    expect(broken).toMatchObject({ status: "running", breakGlass: { by: own.principal.id, reason } });
    expect(house.metered).toContainEqual({ metric: "GlassBroken", value: 1, dimensions: {} });
    const trail = await listAudit(house.table, admin.tenantId, { limit: 20 });
    expect(trail.items.map(({ entry }) => entry.what)).toContain("break-glass");
    await dispatch();
    expect(await statusOf(task.id)).toBe("sent");
    // Once more it is the same yes.
    expect(await glass(own, task.id)).toMatchObject({ status: "running" });
    expect(house.metered.filter(({ metric }) => metric === "GlassBroken")).toHaveLength(1);
  });

  it("lets go on what a window holds already", async () => {
    await createWindow(house, admin, { kind: "blackout", name: "now", when: { from: iso(-hour), until: iso(hour) } });
    const task = await submit(low);
    await dispatch();
    expect(await statusOf(task.id)).toBe("pending");
    await glass(await person("approver"), task.id);
    await dispatch();
    expect(await statusOf(task.id)).toBe("sent");
    const runId = (await view(task.id)).runs?.[0]?.id ?? "";
    const start = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" as const };
    expect(await startRun(house, appliance, { runId }, start)).toMatchObject({ startedAtMs: expect.any(Number) });
  });

  it("passes over no rule of the tenant's, no freeze and no other plan, and is nobody's without the role", async () => {
    await person("approver");
    const approver = await person("approver");
    const task = await submit(high, approver);
    await expect(glass(operator, task.id)).rejects.toMatchObject({ code: "denied_by_gate" });
    await expect(
      breakGlass(deps(), approver, { taskId: task.id }, { planHash: "0".repeat(64), reason }),
    ).rejects.toMatchObject({ code: "plan_changed" });
    await putPolicy(house, admin, { forbid: [{ action: "users.add", effect: "forbid", why: "by hand" }] });
    await expect(glass(approver, task.id)).rejects.toMatchObject({ code: "denied_by_gate" });
    await putPolicy(house, admin, { forbid: [] });
    await createFreeze(house, admin, { scope: "tenant", reason: "stop", until: iso(hour) });
    await glass(approver, task.id);
    await dispatch();
    expect(await statusOf(task.id)).toBe("pending");
  });

  it("is not broken where nothing is behind it", async () => {
    const approver = await person("approver");
    const task = await submit(medium);
    await expect(glass(approver, task.id)).rejects.toMatchObject({ code: "unprocessable" });
  });

  it("counts only for as long as whoever broke it may", async () => {
    await createWindow(house, admin, { kind: "blackout", name: "now", when: { from: iso(-hour), until: iso(hour) } });
    const approver = await person("approver");
    const task = await submit(medium);
    await glass(approver, task.id);
    const before = await getPerson(house.table, approver.principal.id);
    if (before === undefined) throw new Error("nobody");
    const grants = [{ tenant: admin.tenantId, role: "operator" as const }];
    await commit(house.table, [replacePerson(before, { ...before, grants, version: before.version + 1 })]);
    await dispatch();
    expect(await statusOf(task.id)).not.toBe("sent");
  });
});

describe("a configuration", () => {
  const of = () => ({ nodeId: appliance.nodeId });
  const put = (config: Parameters<typeof putConfig>[3]["config"], more: object = {}, by = operator) =>
    putConfig(house, by, of(), { config, ...more });
  const sign = (by = signer) =>
    signConfig({ ...deps(), signer: by }, { tenantId: admin.tenantId, configOf: appliance.nodeId });
  const trusting = async (by: typeof signer) => {
    const { keyId, publicKey } = await by.key();
    const dispatch = [{ keyId, publicKey: Buffer.from(publicKey).toString("base64") }];
    const content = { v: 1, version: 1, issuedAtMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER };
    const payload = JSON.stringify({ ...content, keys: { dispatch, approval: [], release: [], seal: [] } });
    return { ...(await house.trust()), payload: Buffer.from(payload).toString("base64") };
  };
  const fetch = (have?: number, by = signer) =>
    fetchConfig({ ...house, trust: () => trusting(by) }, appliance, of(), { have });
  const tell = async (configRevision: number, sequence: number) => {
    const heartbeat = { sequence, intervalSeconds: 120, agentVersion: "1", configRevision, conditions: [] };
    const metrics = { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 };
    const { nodeId, fingerprint } = appliance;
    await beat(house.table, { nodeId, fingerprint, heartbeat: { ...heartbeat, metrics }, nowMs: house.nowMs() });
  };

  it("is told to the appliance with the change itself, signed when it comes for it, and in sync when it says so", async () => {
    expect(await viewConfig(house, operator, of())).toMatchObject({ revision: 0, config: {} });
    expect(await put({ intervalSeconds: 120 })).toMatchObject({ revision: 1, sync: "unknown" });
    const presence = await getPresence(house.table, appliance.nodeId);
    expect(presence?.directive).toMatchObject({ configRevision: 1, intervalSeconds: 120 });
    // The message that has it signed was lost: the appliance's own coming makes good for it.
    house.sent.length = 0;
    await expect(fetch(0)).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 2 });
    expect(house.sent).toEqual([{ queue: "rollouts", body: { tenantId: admin.tenantId, configOf: appliance.nodeId } }]);
    await Promise.all([sign(), sign()]);
    const { document, revision } = await fetch(0);
    expect([revision, document?.type]).toEqual([1, "steward-config-v1"]);
    expect(await fetch(1)).toEqual({ revision: 1 });
    // Near its end it is signed anew for whoever comes so late.
    house.passTime(4 * 24 * hour);
    await expect(fetch(0)).rejects.toMatchObject({ code: "unavailable" });
    await sign();
    expect((await fetch(0)).document).not.toEqual(document);

    await tell(1, 100);
    expect(await viewConfig(house, operator, of())).toMatchObject({ reported: 1, sync: "in_sync" });
    await expect(fetchConfig(house, { ...appliance, nodeId: "apl_x" }, of(), {})).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("is signed anew where the key that signed it was given up", async () => {
    await put({ intervalSeconds: 30 });
    await sign();
    const { document } = await fetch(0);
    await sign();
    expect((await fetch(0)).document).toEqual(document);
    const next = testSigner();
    house.sent.length = 0;
    await expect(fetch(0, next)).rejects.toMatchObject({ code: "unavailable" });
    expect(house.sent).toHaveLength(1);
    await sign(next);
    expect((await fetch(0, next)).document?.keyId).toBe((await next.key()).keyId);
  });

  it("has a number that its appliance has not seen, also after the table was restored", async () => {
    await put({ intervalSeconds: 30 });
    await tell(6, 100);
    expect(await viewConfig(house, operator, of())).toMatchObject({ revision: 1, sync: "pending" });
    expect(await put({ intervalSeconds: 31 })).toMatchObject({ revision: 7, sync: "pending" });
    // No appliance uses the numbers up.
    await tell(999_999_999_998, 101);
    expect(await put({ intervalSeconds: 32 })).toMatchObject({ revision: 8 });
  });

  it("keeps every revision, refuses a change of what is not in force any more, and takes one that is repeated", async () => {
    for (const intervalSeconds of [60, 61, 62]) await put({ intervalSeconds });
    await expect(put({ intervalSeconds: 63 }, { revision: 2 })).rejects.toMatchObject({ code: "conflict" });
    expect(await put({ intervalSeconds: 62 }, { revision: 2 })).toMatchObject({ revision: 3 });
    const first = await viewConfigRevisions(house, operator, of(), { limit: 2 });
    expect(first.items.map(({ revision, config }) => [revision, config.intervalSeconds])).toEqual([
      [3, 62],
      [2, 61],
    ]);
    const rest = await viewConfigRevisions(house, operator, of(), { limit: 2, after: first.after });
    expect([rest.items.map(({ revision }) => revision), rest.after]).toEqual([[1], undefined]);
    // Two at once: each is a revision of its own, and the appliance is told the last.
    await Promise.all([put({ intervalSeconds: 70 }), put({ intervalSeconds: 71 })]);
    expect(await viewConfig(house, operator, of())).toMatchObject({ revision: 5 });
    expect((await getPresence(house.table, appliance.nodeId))?.directive.configRevision).toBe(5);
    const trail = await listAudit(house.table, admin.tenantId, { limit: 50 });
    expect(trail.items.filter(({ entry: { what } }) => what === "put-config")).toHaveLength(5);
  });

  it("goes through the gate: a yes for what watches less, nothing while frozen, nothing that a rule forbids", async () => {
    const watched = { watch: { services: ["nginx"] } };
    await put(watched);
    const denied = await put({}).then(undefined, (error: unknown) => error);
    expect(denied).toMatchObject({
      code: "denied_by_gate",
      details: { gate: { decision: "needs_approval", approver: "requester" } },
    });
    const freeze = await createFreeze(house, admin, { scope: "tenant", reason: "holidays", until: iso(hour) });
    await expect(put({}, { confirm: true })).rejects.toMatchObject({
      code: "denied_by_gate",
      message: expect.stringContaining("holidays"),
    });
    await endFreeze(house, admin, { freezeId: freeze.id });
    expect(await put({}, { confirm: true })).toMatchObject({ revision: 2 });
    await putPolicy(house, admin, {
      forbid: [{ action: "appliance.configure", effect: "forbid", why: "By the provider only" }],
    });
    await expect(put(watched)).rejects.toMatchObject({ message: expect.stringContaining("By the provider only") });
    const viewer = await person("viewer");
    await expect(put(watched, {}, viewer)).rejects.toMatchObject({ code: "denied_by_gate" });
  });

  it("has an appliance called as it says, where SSM knows it", async () => {
    await expect(put({ doorbell: "ssm" }, { confirm: true })).rejects.toMatchObject({ code: "unprocessable" });
    const key = { tenantId: admin.tenantId, nodeId: appliance.nodeId };
    const node = await getNode(house.table, key);
    if (node === undefined) throw new Error("there is no node");
    await commit(house.table, [replaceNode(node, { ...node, version: node.version + 1, doorbell: "ssm" })]);
    await put({ doorbell: "pull" }, { confirm: true });
    // Its registration stays known, to be taken away with it.
    expect(await getNode(house.table, key)).toMatchObject({ doorbell: "ssm", calledBy: "pull" });
    await put({}, { confirm: true });
    expect((await getNode(house.table, key))?.calledBy).toBeUndefined();
  });
});
