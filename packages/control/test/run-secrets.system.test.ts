import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createPerson } from "@steward/aws/records/person";
import { listRunSecrets } from "@steward/aws/records/run-secret";
import { getTask, replaceTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { RunResult } from "@steward/contracts/run";
import { advanceRollout } from "@steward/control/advance-rollout";
import { approvePlan } from "@steward/control/approve-plan";
import type { Caller, NodeCaller } from "@steward/control/context";
import { fetchRunSecret } from "@steward/control/fetch-run-secret";
import { pendingRuns } from "@steward/control/get-envelope";
import { openRunSecret } from "@steward/control/open-run-secret";
import { reconcile } from "@steward/control/reconcile";
import { recordRun } from "@steward/control/record-run";
import { startRun } from "@steward/control/start-run";
import { storeRunSecret } from "@steward/control/store-run-secret";
import { listTenantSecrets, removeTenantSecret, setTenantSecret } from "@steward/control/tenant-secrets";
import { submitTask } from "@steward/control/submit-task";
import { viewTask } from "@steward/control/view-task";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { signed, testActions } from "../../core/test/fixtures.ts";
import { type House, openHouse, takeOne } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = publicKey.export({ format: "der", type: "spki" });
const key = {
  keyId: createHash("sha256").update(spki).digest("hex"),
  publicKey: spki,
  sign: async (bytes: Uint8Array) => sign("sha256", bytes, privateKey),
};
const ledgerId = "00000000-0000-4000-8000-000000000001";
const start = { attempt: 1, ledgerId, executor: "ansible" } as const;
const value = "abcdef-ghjkmn-pqrstu-vwxyz2";
const coded = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);

let house: House;
let person: Caller;
let appliance: NodeCaller;
beforeAll(async () => {
  house = await openHouse();
  house.actions = testActions.map((action) =>
    action.id === "users.add" ? { ...action, generates: ["password"] } : action,
  );
});
afterAll(async () => {
  await house?.stop();
});
beforeEach(async () => {
  house.sent.length = 0;
  house.vault.clear();
  person = await house.tenant();
  appliance = await house.machine(person.tenantId, "appliance");
});

const submit = (more: { recipient?: string; mode?: "check"; confirm?: true } = {}) =>
  submitTask(house, person, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
    ...more,
  });

/** A run that has started. */
async function startedRun(more: Parameters<typeof submit>[0] = {}) {
  house.sent.length = 0;
  const task = await submit(more);
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  await advanceRollout({ ...house, signer: { key: async () => key }, ringSsm: async () => ({ failed: [] }) }, message);
  const [runId = ""] = (await pendingRuns(house, appliance)).runs;
  await startRun(house, appliance, { runId }, start);
  const store = (text: string, over: object = {}) =>
    storeRunSecret(
      house,
      appliance,
      { runId, secretName: "password" },
      { attempt: 1, ledgerId, step: 0, value: text, ...over },
    );
  const end = (over: Partial<RunResult> = {}) =>
    recordRun(
      house,
      appliance,
      { runId },
      {
        ...start,
        status: "succeeded",
        steps: [{ action: "users.add", status: "succeeded", changed: 1, durationMs: 1, secrets: ["password"] }],
        ...over,
      },
    );
  const open = (by: Caller, openingKey: string = randomUUID()) =>
    openRunSecret(house, by, { taskId: task.id, runId, secretRef: "1-0-password" }, { key: openingKey });
  const shown = async () => (await viewTask(house, person, { taskId: task.id })).secrets;
  return { task, runId, store, end, open, shown };
}

const colleague = (tenantId: string): Caller => ({
  principal: {
    kind: "person",
    id: newId("person", 1),
    name: "Bob",
    grants: [{ tenant: tenantId, role: "admin" }],
  },
  sessionId: "session",
  tenantId,
  role: "admin",
  requestId: "request",
});

it("who asked opens it once; the same opening again gets it for five minutes; then the value is gone", async () => {
  const { store, end, open, shown } = await startedRun();
  await store(value);
  expect(await shown()).toEqual([]);
  await expect(open(person)).rejects.toSatisfy(coded("not_found"));
  await end();
  expect(await shown()).toMatchObject([
    { ref: "1-0-password", name: "password", status: "waiting", recipient: person.principal.id },
  ]);
  await expect(open(colleague(person.tenantId))).rejects.toSatisfy(coded("forbidden"));
  const openingKey = randomUUID();
  expect((await open(person, openingKey)).value).toBe(value);
  house.passTime(4 * 60_000);
  // The answer was lost.
  expect((await open(person, openingKey)).value).toBe(value);
  await expect(open(person)).rejects.toSatisfy(coded("token_used"));
  await expect(open(colleague(person.tenantId), openingKey)).rejects.toSatisfy(coded("forbidden"));
  await reconcile(house);
  expect(house.vault.size).toBe(1);
  house.passTime(60_000);
  await reconcile(house);
  expect(house.vault.size).toBe(0);
  await expect(open(person, openingKey)).rejects.toSatisfy(coded("token_used"));
  expect(await shown()).toMatchObject([{ status: "opened" }]);
});

it("of eight who open it at once one is shown it", async () => {
  const { store, end, open } = await startedRun();
  await store(value);
  await end();
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => open(person)));
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const answer of answers) if (answer.status === "rejected") expect(coded("token_used")(answer.reason)).toBe(true);
});

it("what nobody opens is gone after 24 hours, also when whoever took it away was killed half-way", async () => {
  const { store, end, open, shown, runId } = await startedRun();
  await store(value);
  await end();
  house.passTime(86_400_000);
  await expect(open(person)).rejects.toSatisfy(coded("expired"));
  const { runSecrets } = house;
  house.runSecrets = { ...runSecrets, remove: async () => Promise.reject(new Error("killed")) };
  await reconcile(house);
  house.runSecrets = runSecrets;
  expect(await shown()).toMatchObject([{ status: "expired" }]);
  expect(house.vault.size).toBe(1);
  await reconcile(house);
  expect(house.vault.size).toBe(0);
  expect(await listRunSecrets(house.table, { tenantId: person.tenantId, runId })).not.toMatchObject([
    { dueAtMs: expect.any(Number) },
  ]);
});

it("the same value again is stored once, also after a death between record and value; another one is refused", async () => {
  const { store, runId } = await startedRun();
  const { runSecrets } = house;
  house.runSecrets = { ...runSecrets, create: async () => Promise.reject(new Error("killed")) };
  await expect(store(value)).rejects.toThrow("killed");
  house.runSecrets = runSecrets;
  await store(value);
  await store(value);
  expect([...house.vault.values()]).toEqual([value]);
  expect(await listRunSecrets(house.table, { tenantId: person.tenantId, runId })).toHaveLength(1);
  await expect(store(value.toUpperCase())).rejects.toSatisfy(coded("idempotency_mismatch"));
  expect([...house.vault.values()]).toEqual([value]);
});

it("only what the plan makes, of the current attempt, by its own appliance, and before the end", async () => {
  const { store, end, runId } = await startedRun();
  const body = { attempt: 1, ledgerId, step: 0, value };
  const other = await house.machine(person.tenantId, "appliance", "cellar");
  await expect(storeRunSecret(house, other, { runId, secretName: "password" }, body)).rejects.toSatisfy(
    coded("not_found"),
  );
  await expect(storeRunSecret(house, appliance, { runId, secretName: "pin" }, body)).rejects.toSatisfy(
    coded("unprocessable"),
  );
  await expect(store(value, { step: 1 })).rejects.toSatisfy(coded("unprocessable"));
  await expect(store(value, { attempt: 2 })).rejects.toSatisfy(coded("stale_attempt"));
  await expect(store(value, { ledgerId: randomUUID() })).rejects.toSatisfy(coded("stale_attempt"));
  await end();
  await expect(store(value)).rejects.toSatisfy(coded("expired"));
  expect(house.vault.size).toBe(0);
});

it.each([
  ["did not use it", { steps: [{ action: "users.add", status: "succeeded", changed: 0, durationMs: 1 }] }, undefined],
  [
    "was undone",
    {
      status: "failed",
      steps: [{ action: "users.add", status: "undone", changed: 1, durationMs: 1, secrets: ["password"] }],
    },
    undefined,
  ],
  ["was cut off before it could say", { status: "failed", reason: "interrupted", steps: [] }, { unsure: true }],
] satisfies [string, Partial<RunResult>, object | undefined][])(
  "a secret whose step %s",
  async (_, result, offered) => {
    const { store, end, shown } = await startedRun();
    await store(value);
    await end(result);
    expect(await shown()).toMatchObject(offered === undefined ? [] : [{ status: "waiting", ...offered }]);
    await reconcile(house);
    expect(house.vault.size).toBe(offered === undefined ? 0 : 1);
  },
);

it("the recipient is a person of the tenant, and nobody else opens it", async () => {
  const stranger = await house.tenant();
  await expect(submit({ recipient: stranger.principal.id })).rejects.toSatisfy(coded("unprocessable"));
  await expect(submit({ recipient: newId("person", 1) })).rejects.toSatisfy(coded("unprocessable"));
  const { store, end, open } = await startedRun({ recipient: person.principal.id });
  await store(value);
  await end();
  await expect(open({ ...stranger, tenantId: person.tenantId })).rejects.toSatisfy(coded("forbidden"));
  await expect(open(stranger)).rejects.toSatisfy(coded("not_found"));
  expect((await open(person)).value).toBe(value);
});

it("a yes names who gets what is made, where that is somebody else than who asked", async () => {
  const id = newId("person", house.nowMs());
  const grants = [{ tenant: person.tenantId, role: "operator" as const }];
  const grace = { v: 1 as const, version: 1, personId: id, name: "Grace", issuer: "bootstrap", subject: id, grants };
  await commit(house.table, [createPerson({ ...grace, createdAtMs: house.nowMs() })]);
  const task = await submit({ recipient: id, confirm: true });
  expect(task).toMatchObject({ status: "awaiting_approval", recipient: id });
  const yes = (of: { id: string; plan?: { planHash: string } | undefined }, recipient?: string) =>
    approvePlan(
      { ...house, signer: testSigner() },
      person,
      { taskId: of.id },
      { planHash: of.plan?.planHash ?? "", recipient },
    );
  await expect(yes(task)).rejects.toSatisfy(coded("plan_changed"));
  await expect(yes(task, person.principal.id)).rejects.toSatisfy(coded("plan_changed"));
  expect(await yes(task, id)).toMatchObject({ status: "running" });
  const own = await submit({ confirm: true });
  expect(own.recipient).toBe(person.principal.id);
  await expect(yes(own, id)).rejects.toSatisfy(coded("plan_changed"));
  expect(await yes(own)).toMatchObject({ status: "running" });
});

it("a run fetches just the secrets that its plan refers to, of its own tenant, and each time leaves a trail", async () => {
  const wifi = "correct horse battery";
  const set = (by: Caller, text: string, version?: string) =>
    setTenantSecret(
      house,
      by,
      { tenantSecret: "wifi-key" },
      { value: text, ...(version === undefined ? {} : { version }) },
    );
  const first = await set(person, wifi);
  await set(person, "a newer one of it");
  const stranger = await house.tenant();
  await set(stranger, "of somebody else");
  const version = randomUUID();
  await set(person, "the newest one of all", version);
  await expect(set(person, "not that one", version)).rejects.toSatisfy(coded("idempotency_mismatch"));

  // A plan that refers to it, as an action with such a variable would make it; and one in which it is only a text.
  const { release } = await house.release();
  const properties = { key: { type: "string", "x-secret": true }, note: { type: "string" } };
  const actions = release.actions.map((action) => ({ ...action, variables: { properties } }));
  const withKey = { ...house, release: async () => ({ document: { ...signed }, release: { ...release, actions } }) };
  const plain = await startedRun();
  const ask = (runId: string, query: { version?: string; attempt?: number } = {}) =>
    fetchRunSecret(withKey, appliance, { runId, secretName: "wifi-key" }, { attempt: 1, ledgerId, ...query });
  await expect(ask(plain.runId)).rejects.toSatisfy(coded("not_found"));
  await plain.end();

  const refer = async (reference: string, variable = "key") => {
    const run = await startedRun();
    const task = await getTask(house.table, { tenantId: person.tenantId, taskId: run.task.id });
    if (task?.plan === undefined) throw new Error("no plan");
    const steps = task.plan.steps.map((step) => ({ ...step, variables: { ...step.variables, [variable]: reference } }));
    const next = { ...task, version: task.version + 1, plan: { ...task.plan, steps } };
    await commit(house.table, [replaceTask(task, next)]);
    return run;
  };
  const text = await refer("secret:wifi-key", "note");
  await expect(ask(text.runId)).rejects.toSatisfy(coded("not_found"));
  await text.end();
  const current = await refer("secret:wifi-key");
  expect(await ask(current.runId)).toEqual({ value: "the newest one of all", version });
  await expect(ask(current.runId, { version: first.version })).rejects.toSatisfy(coded("not_found"));
  await expect(ask(current.runId, { attempt: 2 })).rejects.toSatisfy(coded("stale_attempt"));
  await current.end();
  await expect(ask(current.runId)).rejects.toSatisfy(coded("expired"));

  const older = await refer(`secret:wifi-key@${first.version}`);
  expect((await ask(older.runId, { version: first.version })).value).toBe(wifi);
  await removeTenantSecret(house, person, { tenantSecret: "wifi-key" });
  await expect(ask(older.runId, { version: first.version })).rejects.toSatisfy(coded("not_found"));
  expect(await listTenantSecrets(house, person)).toEqual({ items: [] });
  expect([...house.vault.values()]).toEqual(["of somebody else", "of somebody else"]);
});
