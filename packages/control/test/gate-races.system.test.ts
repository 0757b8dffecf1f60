import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { createPerson, getPerson, replacePerson } from "@steward/aws/records/person";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { getTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { Role } from "@steward/contracts/roles";
import { advanceRollout } from "@steward/control/advance-rollout";
import { approvePlan } from "@steward/control/approve-plan";
import type { Caller, NodeCaller } from "@steward/control/context";
import { createFreeze, endFreeze, listFreezes } from "@steward/control/freeze";
import { putPolicy } from "@steward/control/policy";
import { changePrincipal } from "@steward/control/principals";
import { cancelTask } from "@steward/control/reject-task";
import { revokeNode } from "@steward/control/revoke-node";
import { startRun } from "@steward/control/start-run";
import { submitTask } from "@steward/control/submit-task";
import { suspendTenant } from "@steward/control/tenants";
import { createWindow } from "@steward/control/windows";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseSeed } from "../../../test/support/seeded.ts";
import { type House, openHouse } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

/*
 * A change that must stop a plan is made before a single call to the table, of those that approving it, sending it and
 * starting it make: whatever was read before, the run does not start. Only a change that comes after the start's own commit
 * is too late. Before every call of the start, and of the calls ahead of it before each fourth, from another one on for each
 * change and seed: `STEWARD_EVERY_CALL=1` takes them all (three minutes).
 */
const stride = process.env["STEWARD_EVERY_CALL"] === undefined ? 4 : 1;
const seed = chooseSeed();
process.stdout.write(`gate races: STEWARD_SEED=${seed}\n`);

let house: House;
const signer = testSigner();
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

interface Scene {
  admin: Caller;
  requester: Caller;
  approver: Caller;
  appliance: NodeCaller;
  taskId: string;
}

async function person(admin: Caller, role: Role): Promise<Caller> {
  const id = newId("person", house.nowMs());
  const grants = [{ tenant: admin.tenantId, role }];
  await commit(house.table, [
    createPerson({
      v: 1,
      version: 1,
      personId: id,
      name: role,
      issuer: "bootstrap",
      subject: id,
      grants,
      createdAtMs: house.nowMs(),
    }),
  ]);
  return { ...admin, principal: { kind: "person", id, name: role, grants }, role };
}

/** An operator has asked for something of a medium risk; a second person is there to say yes. */
async function setScene(): Promise<Scene> {
  const admin = await house.tenant();
  const [requester, approver, appliance] = await Promise.all([
    person(admin, "operator"),
    person(admin, "approver"),
    house.machine(admin.tenantId, "appliance"),
  ]);
  const task = await submitTask(house, requester, {
    steps: [{ action: "users.remove", variables: { username: "bob" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  return { admin, requester, approver, appliance, taskId: task.id };
}

const staff = (scene: Scene): Caller => ({
  ...scene.admin,
  principal: { ...scene.admin.principal, grants: [{ tenant: "*", role: "admin" }] },
});
const soon = () => new Date(house.nowMs() + 3_600_000).toISOString();
const today = () => new Date(house.nowMs() - 3_600_000).toISOString();
const demote = (scene: Scene, who: Caller) =>
  changePrincipal(
    house,
    scene.admin,
    { personId: who.principal.id },
    { grants: [{ tenant: scene.admin.tenantId, role: "viewer" }] },
  );

const everything = "a freeze of everything";
/** It would hold the next scene, too. */
async function thaw(scene: Scene): Promise<void> {
  for (const { id, scope } of (await listFreezes(house, staff(scene))).items) {
    if (scope === "everything") await endFreeze(house, staff(scene), { freezeId: id });
  }
}

/** What must stop a plan, each as the use case that does it. */
const changes: Record<string, (scene: Scene) => Promise<unknown>> = {
  "a freeze": ({ admin }) => createFreeze(house, admin, { scope: "tenant", reason: "stop", until: soon() }),
  [everything]: (scene) => createFreeze(house, staff(scene), { scope: "everything", reason: "stop", until: soon() }),
  "a cancellation": ({ admin, taskId }) => cancelTask(house, admin, { taskId }, {}),
  "who asked is demoted": (scene) => demote(scene, scene.requester),
  "who approved is demoted": (scene) => demote(scene, scene.approver),
  "a rule that forbids it": ({ admin }) =>
    putPolicy(house, admin, { forbid: [{ action: "users.*", effect: "forbid", why: "by hand" }] }),
  "a blackout begins": ({ admin }) =>
    createWindow(house, admin, { kind: "blackout", name: "now", when: { from: today(), until: soon() } }),
  "the tenant is suspended": (scene) =>
    suspendTenant(house, staff(scene), { tenantId: scene.admin.tenantId }, { reason: "unpaid" }),
  "the appliance is revoked": ({ admin, appliance }) =>
    revokeNode(house, admin, { nodeId: appliance.nodeId }, { reason: "stolen" }),
};

/** The house, whose table calls `before` ahead of each call, with its number. */
function watched(before: (count: number) => Promise<void>): House {
  let count = 0;
  const { client } = house.table;
  const send = async (command: Parameters<DynamoDBDocumentClient["send"]>[0]) => {
    count += 1;
    await before(count);
    return client.send(command);
  };
  const wrapped = new Proxy(client, {
    get: (target, name) => (name === "send" ? send : Reflect.get(target, name, target)),
  });
  return { ...house, table: { ...house.table, client: wrapped } };
}

async function runOf({ admin, taskId }: Scene) {
  const { tenantId } = admin;
  const task = await getTask(house.table, { tenantId, taskId });
  if (task?.rolloutId === undefined) return { rolloutId: undefined, run: undefined };
  const [run] = await listRunsOfRollout(house.table, { tenantId, rolloutId: task.rolloutId });
  return { rolloutId: task.rolloutId, run };
}

/** As far as it goes: refusals are what is wanted, and each part is tried although the one before was refused. */
async function goThrough(deps: House, scene: Scene): Promise<void> {
  const { admin, approver, appliance, taskId } = scene;
  const { tenantId } = admin;
  const refusable = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "internal") throw error;
    }
  };
  const task = await getTask(house.table, { tenantId, taskId });
  const planHash = task?.plan?.planHash ?? "";
  await refusable(() => approvePlan({ ...deps, signer }, approver, { taskId }, { planHash }));
  const { rolloutId } = await runOf(scene);
  if (rolloutId === undefined) return;
  const doorbell = { signer, ringSsm: async () => ({ failed: [] }) };
  await refusable(() => advanceRollout({ ...deps, ...doorbell }, { tenantId, rolloutId }));
  const { run } = await runOf(scene);
  if (run === undefined) return;
  const body = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" as const };
  await refusable(() => startRun(deps, appliance, { runId: run.runId }, body));
}

describe("from the yes to the start", () => {
  /** The number of the start's first call. */
  let startsAt = 0;
  it("a plan that nothing stops is started", async () => {
    const scene = await setScene();
    const deps = watched(async (count) => {
      if (startsAt === 0 && (await runOf(scene)).run?.status === "sent") startsAt = count;
    });
    await goThrough(deps, scene);
    expect((await runOf(scene)).run?.status).toBe("running");
    // Approving and sending make a good dozen each.
    expect(startsAt).toBeGreaterThan(24);
  });

  const isLookedAt = (at: number, offset: number) => at >= startsAt || (at + offset + seed) % stride === 0;

  it.each(Object.keys(changes))(
    "%s, before any call to the table: nothing starts",
    { timeout: 60_000 },
    async (name) => {
      const change = changes[name];
      if (change === undefined) throw new Error(name);
      let refused = 0;
      for (let at = 1; ; at += 1) {
        if (!isLookedAt(at, Object.keys(changes).indexOf(name))) continue;
        const scene = await setScene();
        let inTime = false;
        const deps = watched(async (count) => {
          if (count !== at) return;
          inTime = (await runOf(scene)).run?.status !== "running";
          if (inTime) await change(scene);
        });
        await goThrough(deps, scene);
        const { run } = await runOf(scene);
        if (name === everything) await thaw(scene);
        if (!inTime) break;
        expect([name, `call ${at}`, run?.status]).not.toEqual([name, `call ${at}`, "running"]);
        refused += 1;
      }
      expect(refused).toBeGreaterThan(startsAt / stride + 5);
    },
  );

  it("what is republished, before any call: an action that is no more, or another bundle of it, does not start", async () => {
    let judged = 0;
    for (let at = 1; ; at += 1) {
      if (!isLookedAt(at, 0)) continue;
      const scene = await setScene();
      let isOut = false;
      let readBefore = false;
      let started = false;
      const deps = watched(async (count) => {
        if (count !== at) return;
        isOut = true;
        started = (await runOf(scene)).run?.status === "running";
      });
      const release: House["release"] = async () => {
        const { document, release: now } = await house.release();
        // The last look at the release is the one at the start.
        readBefore = !isOut;
        return { document, release: isOut ? { ...now, version: 4, actions: [] } : now };
      };
      await goThrough({ ...deps, release }, scene);
      if (!isOut || started) break;
      const { run } = await runOf(scene);
      // What the gate was told before, it was told: the bytes are bound by the bundle's hash, and an appliance asks itself.
      if (readBefore) continue;
      judged += 1;
      expect([`call ${at}`, run?.status]).not.toEqual([`call ${at}`, "running"]);
    }
    expect(judged).toBeGreaterThan(3);
  });

  it("a tag that is moved changes no target, and is seen by what goes by tags", async () => {
    for (const at of [1, 8, 21, 34]) {
      const scene = await setScene();
      const { admin, appliance } = scene;
      const when = { from: today(), until: soon() };
      await createWindow(house, admin, { kind: "blackout", name: "lab", when, tags: ["ring:lab"] });
      const key = { tenantId: admin.tenantId, nodeId: appliance.nodeId };
      await goThrough(
        watched(async (count) => {
          const node = count === at ? await getNode(house.table, key) : undefined;
          if (node === undefined) return;
          const next = { ...node, version: node.version + 1, tags: ["ring:lab"], updatedAtMs: house.nowMs() };
          await commit(house.table, [replaceNode(node, next)]);
        }),
        scene,
      );
      const { run } = await runOf(scene);
      expect(run === undefined || run.applianceId === appliance.nodeId).toBe(true);
      // Moved before anything was approved, the blackout holds it.
      if (at === 1) expect(run?.status).toBe("pending");
    }
  });

  it("a grant that is given back starts nothing by itself that was refused for good", async () => {
    const scene = await setScene();
    const before = await getPerson(house.table, scene.requester.principal.id);
    if (before === undefined) throw new Error("nobody");
    await demote(scene, scene.requester);
    await goThrough(house, scene);
    const now = await getPerson(house.table, before.personId);
    if (now === undefined) throw new Error("nobody");
    await commit(house.table, [replacePerson(now, { ...now, grants: before.grants, version: now.version + 1 })]);
    expect((await runOf(scene)).run).toBeUndefined();
  });
});
