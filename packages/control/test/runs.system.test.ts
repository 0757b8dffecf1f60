import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { listAudit } from "@steward/aws/records/audit";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { addPendingRun, getPresence } from "@steward/aws/records/presence";
import { getRun } from "@steward/aws/records/run";
import { getTask, replaceTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { newTraceId } from "@steward/contracts/trace-context";
import { advanceRollout } from "@steward/control/advance-rollout";
import { cleanupCommands, commandStats } from "@steward/control/command-stats";
import { claimJob } from "@steward/control/claim-job";
import type { Caller, NodeCaller } from "@steward/control/context";
import { pendingRuns } from "@steward/control/get-envelope";
import { reconcile } from "@steward/control/reconcile";
import { recordRun } from "@steward/control/record-run";
import { forRequest } from "@steward/control/request-scope";
import { startRun } from "@steward/control/start-run";
import { undoTask } from "@steward/control/steer-rollout";
import { submitTask } from "@steward/control/submit-task";
import { viewResults } from "@steward/control/view-results";
import { buildPlan } from "@steward/core/planning/build-plan";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testActions, testBundles } from "../../core/test/fixtures.ts";
import { type House, openHouse, takeOne } from "./support/house.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = publicKey.export({ format: "der", type: "spki" });
const key = {
  keyId: createHash("sha256").update(spki).digest("hex"),
  publicKey: spki,
  sign: async (bytes: Uint8Array) => sign("sha256", bytes, privateKey),
};
const signer = { key: async () => key };
const ledgerId = "00000000-0000-4000-8000-000000000001";
const start = { attempt: 1, ledgerId, executor: "ansible" } as const;

let house: House;
let person: Caller;
let appliance: NodeCaller;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  appliance = await house.machine(person.tenantId, "appliance");
});
afterEach(async () => {
  await house.stop();
});

const submit = () =>
  submitTask(house, person, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });

/** A run that its appliance has been told of. */
async function sentRun(): Promise<{ taskId: string; runId: string; advance: () => Promise<void> }> {
  const task = await submit();
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  const advance = () => advanceRollout({ ...house, signer, ringSsm: async () => ({ failed: [] }) }, message);
  await advance();
  const [runId = ""] = (await pendingRuns(house, appliance)).runs;
  return { taskId: task.id, runId, advance };
}
const announced = async () => (await getPresence(house.table, appliance.nodeId))?.directive.pendingRuns;

it("a task whose rollout nobody brings to an end fails when the last deadline below it has long passed", async () => {
  const task = await submit();
  const key = { tenantId: person.tenantId, taskId: task.id };
  // A day for the plan, a day for a run that nobody hears of, and what lies between.
  house.passTime(3 * 86_400_000);
  await reconcile(house);
  expect(await getTask(house.table, key)).toMatchObject({ status: "failed", result: { message: expect.any(String) } });
});

it("an appliance that was away starts when it has a place again, not beside the one that was sent instead, and before others", async () => {
  const all = [
    appliance,
    await house.machine(person.tenantId, "appliance"),
    await house.machine(person.tenantId, "appliance"),
  ];
  await submitTask(house, person, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: all.map(({ nodeId }) => nodeId),
    mode: "apply",
    verbosity: 0,
    rollout: { waves: [{ percent: 100 }], maxConcurrency: 1 },
  });
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  const advance = () => advanceRollout({ ...house, signer, ringSsm: async () => ({ failed: [] }) }, message);
  const runOf = async (node: NodeCaller) => (await pendingRuns(house, node)).runs[0];
  await advance();
  const isTold = async () => {
    const told: NodeCaller[] = [];
    for (const node of all) if ((await runOf(node)) !== undefined) told.push(node);
    return told;
  };
  const [away = appliance] = await isTold();
  house.passTime(11 * 60_000);
  await advance();
  const present = (await isTold()).find((node) => node !== away) ?? appliance;
  const [awayRun = "", presentRun = ""] = [await runOf(away), await runOf(present)];
  await startRun(house, present, { runId: presentRun }, start);

  const late = () => startRun(house, away, { runId: awayRun }, start);
  await expect(late()).rejects.toSatisfy((error) => hasCode(error, "denied_by_gate"));
  await recordRun(house, present, { runId: presentRun }, { ...start, status: "succeeded", steps: [] });
  await advance();
  expect(await isTold()).toEqual([away]);
  await late();
  expect(await getRun(house.table, { tenantId: person.tenantId, runId: awayRun })).toMatchObject({ status: "running" });
});

it("what becomes of a run is found by the request that asked for it, an undo by its own, whatever the appliance says", async () => {
  const [asked, undoing] = [newTraceId(), newTraceId()];
  person = { ...person, requestId: asked };
  const { taskId, runId, advance } = await forRequest(undefined, sentRun);
  const entriesOf = async (request: string) => {
    const { items } = await listAudit(house.table, person.tenantId, { limit: 50, request });
    return items.map(({ entry }) => entry.what).toReversed();
  };
  const run = async (attempt: number) => {
    const by = { ...start, attempt, ledgerId: ledgerId.replace(/1$/, String(attempt)) };
    await startRun(house, appliance, { runId }, by);
    await recordRun(house, appliance, { runId }, { ...by, status: "succeeded", steps: [] });
    await forRequest(undefined, advance);
  };
  // An agent of before brings nothing: each of its calls has an id of its own.
  await run(1);
  expect(await entriesOf(asked)).toEqual(["submit-task", "send-run", "start-run", "record-run", "finish-task"]);
  await undoTask(house, { ...person, requestId: undoing }, { taskId }, {});
  await forRequest(undefined, advance);
  await run(2);
  const undone = ["undo-task", "begin-undo-run", "send-run", "start-run", "record-run", "finish-task"];
  expect(await entriesOf(undoing)).toEqual(undone);
  // The task is still what was asked for.
  expect(await getTask(house.table, { tenantId: person.tenantId, taskId })).toMatchObject({ requestId: asked });
});

it("a doorbell that a kill left behind is forgotten when the appliance asks", async () => {
  const { runId, advance } = await sentRun();
  expect(await announced()).toEqual([runId]);
  await startRun(house, appliance, { runId }, start);
  expect(await announced()).toEqual([]);
  await recordRun(house, appliance, { runId }, { ...start, status: "succeeded", steps: [] });
  await addPendingRun(house.table, appliance.nodeId, runId);
  expect((await pendingRuns(house, appliance)).runs).toEqual([]);
  expect(await announced()).toEqual([]);
  await advance();
});

it("nothing starts where the stored plan is not the one that was sent, however well it is hashed", async () => {
  const { taskId, runId } = await sentRun();
  const task = await getTask(house.table, { tenantId: person.tenantId, taskId });
  if (task?.plan === undefined) throw new Error("no plan");
  const plan = buildPlan({
    task,
    steps: [{ action: "users.add", variables: { username: "mallory" }, provenance: { username: { source: "given" } } }],
    actions: testActions,
    release: { version: 3, bundles: testBundles },
    targets: task.targets.map(({ id }) => ({ id, facts: {} })),
    nowMs: house.nowMs(),
  });
  await commit(house.table, [replaceTask(task, { ...task, plan, version: task.version + 1 })]);
  await expect(startRun(house, appliance, { runId }, start)).rejects.toSatisfy((error) =>
    hasCode(error, "denied_by_gate"),
  );
  expect(await getRun(house.table, { tenantId: person.tenantId, runId })).toMatchObject({ status: "sent" });
});

it("a result that comes again wakes the rollout again, in case the first one's taker died", async () => {
  const { taskId, runId, advance } = await sentRun();
  await startRun(house, appliance, { runId }, start);
  const result = { ...start, status: "succeeded" as const, steps: [] };
  await recordRun(house, appliance, { runId }, result);
  house.sent.length = 0;
  await recordRun(house, appliance, { runId }, result);
  expect(house.sent).toHaveLength(1);
  expect(house.metered).toEqual([{ metric: "RunsEnded", value: 1, dimensions: { Status: "succeeded" } }]);
  await advance();
  expect(await getTask(house.table, { tenantId: person.tenantId, taskId })).toMatchObject({ status: "succeeded" });
});

it.each([
  ["took for none of them", async (nodeIds: string[]) => ({ failed: nodeIds })],
  ["refused", async () => Promise.reject(new Error("SSM is away"))],
])("a doorbell that SSM %s is counted, and the run is in the next heartbeat all the same", async (_, ringSsm) => {
  const before = await getNode(house.table, { tenantId: person.tenantId, nodeId: appliance.nodeId });
  if (before === undefined) throw new Error("no node");
  await commit(house.table, [replaceNode(before, { ...before, doorbell: "ssm", version: before.version + 1 })]);
  await submit();
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  await advanceRollout({ ...house, signer, ringSsm }, message);
  expect(house.metered).toEqual([{ metric: "DoorbellsFailed", value: 1, dimensions: {} }]);
  expect(await announced()).toHaveLength(1);
});

it("what is under way is counted, what is stuck is named, and a clean-up ends it at once", async () => {
  const { taskId, runId, advance } = await sentRun();
  const stats = await commandStats(house, person);
  expect(stats).toMatchObject({
    tasks: { running: 1, waitingForApproval: 0 },
    runs: { sent: 1 },
    doorbells: { pull: 1, ssm: 0, again: 0, refused: 0 },
    stuck: [],
    more: false,
  });
  expect(await cleanupCommands(house, person)).toEqual({ tasks: [], runs: [] });

  await startRun(house, appliance, { runId }, start);
  house.passTime(86_400_000);
  const late = await commandStats(house, person);
  expect(late.stuck).toMatchObject([{ taskId, runId, applianceName: "attic", status: "running" }]);
  expect(late.longestRunSeconds).toBe(86_400);
  expect(await cleanupCommands(house, person)).toEqual({ tasks: [], runs: [runId] });
  await advance();
  expect((await getRun(house.table, { tenantId: person.tenantId, runId }))?.status).toBe("unreachable");

  const other = await house.tenant();
  expect((await commandStats(house, other)).runs).toEqual({});
});

it("a request that waits past its time is ended by a clean-up, once", async () => {
  const task = await submitTask(house, person, {
    steps: [{ action: "users.remove", variables: { username: "bob" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  expect(task.status).toBe("awaiting_approval");
  house.passTime(86_400_000);
  expect(await cleanupCommands(house, person)).toEqual({ tasks: [task.id], runs: [] });
  expect(await cleanupCommands(house, person)).toEqual({ tasks: [], runs: [] });
  expect(await getTask(house.table, { tenantId: person.tenantId, taskId: task.id })).toMatchObject({
    status: "expired",
  });
});

it("answers that are alike stand together, and what failed comes first", async () => {
  const second = await house.machine(person.tenantId, "appliance", "cellar");
  const { id: taskId } = await submitTask(house, person, {
    steps: [{ action: "disk.usage", variables: {} }],
    targets: ["all"],
    mode: "apply",
    verbosity: 0,
  });
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  await advanceRollout({ ...house, signer, ringSsm: async () => ({ failed: [] }) }, message);
  const answer = async (node: NodeCaller, usedPercent: number) => {
    const [runId = ""] = (await pendingRuns(house, node)).runs;
    await startRun(house, node, { runId }, start);
    const result = { disks: [{ mount: "/", usedPercent }] };
    const steps = [{ action: "disk.usage", status: "succeeded" as const, changed: 0, durationMs: usedPercent, result }];
    await recordRun(house, node, { runId }, { ...start, status: "succeeded", steps });
  };
  await answer(appliance, 41);
  expect(await viewResults(house, person, { taskId })).toMatchObject({ appliances: 2, answered: 1 });
  await answer(second, 48);
  const tens = (result: unknown) => ({
    text: `${String((result as { disks: { usedPercent: number }[] }).disks[0]?.usedPercent).slice(0, 1)}0 %`,
  });
  const actions = house.actions.map((action) => (action.id === "disk.usage" ? { ...action, glance: tens } : action));
  const results = await viewResults({ ...house, actions }, person, { taskId });
  expect(results).toMatchObject({
    answered: 2,
    groups: [{ count: 2, glance: "40 %", appliances: [{ name: "attic" }, { name: "cellar" }] }],
    moreGroups: 0,
  });
  // Without what the action says of itself, only what is the very same does.
  expect((await viewResults(house, person, { taskId })).groups).toHaveLength(2);
});

it("a worker in quarantine is given nothing to read", async () => {
  const worker = await house.machine(providerTenantId, "worker", "gpu-1");
  await submitTask(house, person, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  const message = takeOne<LaneMessage>(house, "inference-express");
  const node = await getNode(house.table, { tenantId: providerTenantId, nodeId: worker.nodeId });
  if (node === undefined) throw new Error("no worker");
  await commit(house.table, [replaceNode(node, { ...node, version: 2, quarantinedAtMs: house.nowMs() })]);
  const claim = claimJob(house, worker, { jobId: message.jobId }, { ...message, claimId: ledgerId });
  await expect(claim).rejects.toSatisfy((error) => hasCode(error, "conflict"));
});
