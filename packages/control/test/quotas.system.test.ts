import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { listNodes } from "@steward/aws/records/node";
import { listTasks } from "@steward/aws/records/task";
import { getTenant, replaceTenant } from "@steward/aws/records/tenant";
import { heldBy } from "@steward/aws/records/usage";
import { commit } from "@steward/aws/table";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { monthOf } from "@steward/contracts/periods";
import type { TenantLimits } from "@steward/contracts/tenant";
import { askSupport } from "@steward/control/ask-support";
import { claimJob } from "@steward/control/claim-job";
import { completeJob } from "@steward/control/complete-job";
import type { Caller } from "@steward/control/context";
import { enrolNode } from "@steward/control/enrol-node";
import { createClaudeBreaker } from "@steward/control/claude-breaker";
import { type ClaudeAccess, escalateJob } from "@steward/control/escalate-job";
import { inviteNode } from "@steward/control/invite-node";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import { removeNode } from "@steward/control/node-views";
import { reconcile } from "@steward/control/reconcile";
import { cancelTask } from "@steward/control/reject-task";
import { submitTask } from "@steward/control/submit-task";
import { viewLimits } from "@steward/control/view-limits";
import { waitForTask } from "@steward/control/view-task";
import { claudeMostUsd } from "@steward/core/planning/claude-price";
import { reduceTenant } from "@steward/core/tenant/reduce-tenant";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

let house: House;
let person: Caller;
let other: Caller;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  other = await house.tenant();
  await house.machine(person.tenantId, "appliance");
  await house.machine(other.tenantId, "appliance");
});
afterEach(() => house.stop());

async function limit(limits: Partial<TenantLimits>, { tenantId } = person): Promise<void> {
  const tenant = await getTenant(house.table, tenantId);
  if (tenant === undefined) throw new Error("no tenant");
  await commit(house.table, [
    replaceTenant(tenant, reduceTenant(tenant, { type: "set_limits", limits }, house.nowMs())),
  ]);
}

/** A step that waits for an approval. */
const steps = (caller = person, target = "attic") =>
  submitTask(house, caller, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: [target],
    mode: "apply",
    verbosity: 0,
  });
/** Words that no pattern fits: a model has to read them. */
const words = (caller = person) =>
  submitTask(house, caller, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });

/** A question that a model has to answer. */
const question = (caller = person) =>
  askSupport(
    {
      ...house,
      searchPassages: async () => () => [
        { id: "docs/files.md#files", source: "documentation", title: "Files", text: "Files are shared by SMB." },
      ],
      pause: async () => {},
    },
    caller,
    { question: "how are files shared?" },
  );

const many = async <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: count }, (_, index) => work(index)));
const done = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.filter(({ status }) => status === "fulfilled").length;
const refusals = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.flatMap((one): unknown[] => (one.status === "rejected" ? [one.reason] : []));
const useOf = async (quota: string, caller = person) => {
  const rate = { perSecond: 1, burst: 1 };
  const { quotas } = await viewLimits({ ...house, rates: { principal: rate, tenant: rate, source: rate } }, caller);
  return quotas.find((one) => one.quota === quota);
};

describe("questions", () => {
  test("are at most half of the tasks a day, whoever asks: others' tasks are taken", async () => {
    await limit({ tasksPerDay: 6 });
    const asked = await many(10, () => question());
    expect(done(asked)).toBe(3);
    for (const refusal of refusals(asked)) {
      expect(refusal).toMatchObject({
        message: "this tenant may have 3 tasks a day for questions, and has submitted 3 today",
        details: { quota: "tasksPerDay", limit: 3, used: 3 },
      });
    }
    expect(done(await many(10, () => steps()))).toBe(3);
  });

  test("are given to models while half of the jobs are in use: others' words are read", async () => {
    await limit({ queuedJobs: 4 });
    const asked = await many(6, () => question());
    expect(done(asked)).toBe(2);
    expect(refusals(asked)[0]).toMatchObject({ details: { quota: "queuedJobs", limit: 2, used: 2 } });
    expect(done(await many(5, () => words()))).toBe(2);
    // What was refused of them is not counted for the day either.
    expect(await useOf("tasksPerDay")).toMatchObject({ used: 4 });
    // A full number is counted anew, and half of it is no ceiling for what is there.
    house.passTime(60_000);
    expect(done(await many(1, () => question()))).toBe(0);
    expect(await heldBy(house.table, person.tenantId, "jobs")).toBe(4);
  });
});

describe("tasks a day", () => {
  test("many at once are exactly as many as the quota; the rest are told which, how much, and until when", async () => {
    await limit({ tasksPerDay: 7 });
    const results = await many(20, () => steps());
    expect(done(results)).toBe(7);
    expect((await listTasks(house.table, person.tenantId, { limit: 50 })).items).toHaveLength(7);
    const midnight = new Date(
      Date.UTC(
        new Date(house.nowMs()).getUTCFullYear(),
        new Date(house.nowMs()).getUTCMonth(),
        new Date(house.nowMs()).getUTCDate() + 1,
      ),
    );
    for (const refusal of refusals(results)) {
      expect(refusal).toMatchObject({
        code: "quota_exceeded",
        message: "this tenant may have 7 tasks a day, and has submitted 7 today",
        next: expect.stringContaining("provider"),
        details: { quota: "tasksPerDay", limit: 7, used: 7, resetsAt: midnight.toISOString() },
        retryAfterSeconds: Math.ceil((midnight.getTime() - house.nowMs()) / 1000),
      });
    }
    // One tenant's flood spends nothing of another's, and the next day begins anew.
    expect(done(await many(1, () => steps(other)))).toBe(1);
    house.passTime(86_400_000);
    expect(done(await many(1, () => steps()))).toBe(1);
  });

  test("a task that is refused is not counted", async () => {
    await limit({ tasksPerDay: 2 });
    expect(refusals(await many(5, () => steps(person, "nowhere")))).toHaveLength(5);
    expect(await useOf("tasksPerDay")).toMatchObject({ limit: 2, used: 0 });
    expect(done(await many(2, () => steps()))).toBe(2);
  });
});

describe("jobs at one time", () => {
  test("many at once are exactly as many as the quota, and each way to end makes room for one", async () => {
    await house.machine(providerTenantId, "worker", "gpu");
    await limit({ queuedJobs: 3 });
    const results = await many(12, () => words());
    expect(done(results)).toBe(3);
    for (const refusal of refusals(results)) {
      expect(refusal).toMatchObject({ code: "quota_exceeded", details: { quota: "queuedJobs", limit: 3, used: 3 } });
    }
    expect(await useOf("tasksPerDay")).toMatchObject({ used: 3 });
    expect(done(await many(1, () => words(other)))).toBe(1);
    const thinking = async () =>
      (await listTasks(house.table, person.tenantId, { status: "thinking", limit: 9 })).items;
    const [cancelled] = await thinking();
    await cancelTask(house, person, { taskId: cancelled?.taskId ?? "" }, {});
    expect(await useOf("queuedJobs")).toMatchObject({ used: 2 });

    const worker = await house.machine(providerTenantId, "worker", "gpu-2");
    // The tenant's window holds some of them back: those have no message.
    const jobIds = (await thinking()).map((task) => task.jobId);
    const message = house.sent.map(({ body }) => body as LaneMessage).find((one) => jobIds.includes(one.jobId));
    if (message === undefined) throw new Error("no message");
    const claimId = "00000000-0000-4000-8000-000000000001";
    const { attempt } = await claimJob(house, worker, { jobId: message.jobId }, { ...message, claimId });
    const output = JSON.stringify({
      understood: "add john",
      outOfScope: false,
      steps: [{ action: "system.ping", variables: {} }],
    });
    await completeJob(
      house,
      worker,
      { jobId: message.jobId },
      {
        tenantId: person.tenantId,
        attempt,
        output,
        model: "m",
        promptTokens: 1,
        completionTokens: 1,
        durationMs: 1,
      },
    );

    // Whatever has become of the others, their deadline ends them; then nothing is held, and no more than three ever are.
    // Held back for an hour, or in its lane until its deadline and then on its way to Claude, where nobody takes it.
    for (const passedMs of [3_600_000, 60_000, 60_000]) {
      house.passTime(passedMs);
      await reconcile(house);
    }
    expect(await thinking()).toEqual([]);
    expect(await useOf("queuedJobs")).toMatchObject({ used: 0 });
    expect(done(await many(12, () => words()))).toBe(3);
  });
});

describe("the budget for Claude", () => {
  const model = "claude-sonnet-5-5";
  const answering = (ask: ClaudeAccess["ask"]): ClaudeAccess => ({
    key: async () => "key",
    previousKey: async () => undefined,
    breaker: createClaudeBreaker({ nowMs: Date.now, log: () => {} }),
    ask,
    model,
  });
  const answer = {
    kind: "answer" as const,
    output: "prose",
    model,
    promptTokens: 1_000,
    cacheWriteTokens: 0,
    cacheReadTokens: 0,
    completionTokens: 1_000,
    latencyMs: 1,
  };
  const costUsd = 0.018;
  const escalations = ({ tenantId } = person) =>
    house.sent
      .filter(({ queue, body }) => queue === "escalations" && (body as LaneMessage).tenantId === tenantId)
      .map(({ body }) => body as LaneMessage);
  const mostUsd = claudeMostUsd({ model, promptBytes: 40_000 });

  test("eight that ask at once never have more under way than there is room for, and the rest say what is used up", async () => {
    await limit({ modelUsdPerMonth: 0.55 });
    await many(8, () => words());
    let open = 0;
    let asked = 0;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const ask: ClaudeAccess["ask"] = async () => {
      open += 1;
      asked += 1;
      expect(open * mostUsd * 0.3).toBeLessThan(0.55);
      await held;
      open -= 1;
      return answer;
    };
    const working = many(8, async (index) => {
      const message = escalations()[index];
      if (message !== undefined) await escalateJob({ ...house, claude: answering(ask) }, message);
    });
    const refused = async () =>
      (await listTasks(house.table, person.tenantId, { status: "failed", limit: 50 })).items.length;
    while ((await refused()) + asked < 8) await Promise.resolve();
    const { reserved = 0 } = (await useOf("modelUsdPerMonth")) ?? {};
    expect(reserved).toBeGreaterThan(0);
    expect(reserved).toBeLessThanOrEqual(0.55);
    letGo();
    expect(refusals(await working)).toEqual([]);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(8);
    expect(await useOf("modelUsdPerMonth")).toMatchObject({ used: expect.closeTo(asked * costUsd, 5), reserved: 0 });
    const { items } = await listTasks(house.table, person.tenantId, { status: "failed", limit: 50 });
    const told = items
      .map(({ result }) => result?.message ?? "")
      .filter((text) => text.includes("$0.55 a month of Claude, and"));
    expect(told).toHaveLength(8 - asked);
    expect(told[0]).toMatch(/begins anew on \d{4}-\d\d-01, and your provider can raise it/);
  });

  test("is at most half for questions, whoever has spent it: plans are still made", async () => {
    await limit({ modelUsdPerMonth: 4 * costUsd + mostUsd });
    let asked = 0;
    const claude = answering(async () => {
      asked += 1;
      return answer;
    });
    const askAll = async () => {
      for (const message of escalations()) await escalateJob({ ...house, claude }, message);
      house.sent.length = 0;
    };
    for (let turn = 0; turn < 10; turn += 1) {
      await question();
      await askAll();
    }
    const { used = 0, limit: whole = 0 } = (await useOf("modelUsdPerMonth")) ?? {};
    expect(asked).toBeGreaterThan(0);
    expect(used).toBeLessThanOrEqual(whole / 2);
    const [told] = (await listTasks(house.table, person.tenantId, { status: "succeeded", limit: 1 })).items;
    expect(told?.result?.message).toMatch(/From the documentation.*a month of Claude for questions/);
    asked = 0;
    await words();
    await askAll();
    expect(asked).toBe(1);
  });

  test("that is less than one question may cost says so, instead of that it is spent", async () => {
    await limit({ modelUsdPerMonth: mostUsd * 0.2 });
    await question();
    await words();
    const claude = answering(() => Promise.reject(new Error("nobody may be asked")));
    for (const message of escalations()) await escalateJob({ ...house, claude }, message);
    const told = async (status: "succeeded" | "failed") =>
      (await listTasks(house.table, person.tenantId, { status, limit: 1 })).items[0]?.result?.message;
    expect(await told("succeeded")).toMatch(/a month of Claude for questions, and one may cost up to \$0\.\d\d;/);
    expect(await told("failed")).toMatch(/a month of Claude, and one request may cost up to \$0\.\d\d;/);
    expect(await useOf("modelUsdPerMonth")).toMatchObject({ used: 0 });
  });

  test("of another tenant is not spent by a flood", async () => {
    await limit({ modelUsdPerMonth: 0 });
    await many(3, () => words());
    await words(other);
    const claude = answering(async () => answer);
    for (const message of [...escalations(), ...escalations(other)]) await escalateJob({ ...house, claude }, message);
    expect(await useOf("modelUsdPerMonth")).toMatchObject({ used: 0 });
    expect(await useOf("modelUsdPerMonth", other)).toMatchObject({ used: costUsd });
  });

  test("a question whose asker is killed stays counted as the most it can have cost", async () => {
    // Not over the end of a month: what was spent is counted by it.
    const soonMs = 3_600_000;
    if (monthOf(house.nowMs()).endsAtMs <= house.nowMs() + soonMs) house.passTime(soonMs);
    await words();
    const killed = escalateJob(
      { ...house, claude: answering(() => Promise.reject(new Error("killed"))) },
      escalations()[0] ?? { v: 1, tenantId: "", jobId: "", secret: "" },
    );
    await expect(killed).rejects.toThrow("killed");
    const underWay = await useOf("modelUsdPerMonth");
    expect(underWay?.reserved).toBeGreaterThan(costUsd);
    house.passTime(180_000);
    expect(await useOf("modelUsdPerMonth")).toMatchObject({ used: underWay?.used, reserved: 0 });
  });

  test.each([
    ["refused before the first word costs nothing", false],
    ["cut off costs the most it can have cost", true],
  ])("a question that was %s", async (_what, billed) => {
    await words();
    const failed = { kind: "failed" as const, reason: "no", retryable: false, billed, outage: false, latencyMs: 5 };
    const [message] = escalations();
    if (message !== undefined) await escalateJob({ ...house, claude: answering(async () => failed) }, message);
    const { used = 0, reserved } = (await useOf("modelUsdPerMonth")) ?? {};
    expect(reserved).toBe(0);
    if (billed) expect(used).toBeGreaterThan(costUsd);
    else expect(used).toBe(0);
  });
});

describe("appliances", () => {
  const signer = testSigner();

  async function request(): Promise<string> {
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    return (
      await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: algorithm })
    ).toString("pem");
  }
  const invite = (name: string, kind: "appliance" | "worker" = "appliance") =>
    inviteNode({ ...house, rootFingerprint: async () => "f" }, person, { kind, name, tags: [], doorbell: "pull" });

  test("invited while there was room, no more enrol at once than there is room for; a removed one makes room", async () => {
    const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs: house.nowMs(), days: 3650 });
    const deps = {
      ...house,
      signer,
      caCertificate: async () => caPem,
      rootPublicKey: async () => "AAAA",
      nodesUrl: "https://nodes.example",
      activate: () => Promise.reject(new Error("nothing is rung by SSM here")),
    };
    await limit({ appliances: 3 });
    const invitations = await Promise.all(Array.from({ length: 8 }, (_, index) => invite(`box-${index}`)));
    const results = await many(8, async (index) =>
      enrolNode(deps, { token: invitations[index]?.token ?? "", csr: await request(), hostname: "box" }),
    );
    // One was there before.
    expect(done(results)).toBe(2);
    for (const refusal of refusals(results)) {
      expect(refusal).toMatchObject({ code: "quota_exceeded", details: { quota: "appliances", limit: 3, used: 3 } });
    }
    const nodes = (await listNodes(house.table, person.tenantId, { limit: 50 })).items;
    expect(nodes).toHaveLength(3);
    await expect(invite("one-more")).rejects.toMatchObject({ code: "quota_exceeded" });

    await removeNode(house, person, { nodeId: nodes[0]?.nodeId ?? "" });
    expect(await heldBy(house.table, person.tenantId, "appliances")).toBe(2);
    await invite("one-more");
    const free = results.findIndex(({ status }) => status === "rejected");
    const again = await many(2, async () =>
      enrolNode(deps, { token: invitations[free]?.token ?? "", csr: await request(), hostname: "box" }),
    );
    expect(done(again)).toBeLessThanOrEqual(1);
    expect(await heldBy(house.table, person.tenantId, "appliances")).toBe(3);
  });
});

describe("waiting", () => {
  test("two calls of a person wait at one time; a third is answered at once, and another person's waits", async () => {
    const task = await steps();
    const waiting = new Set<string>();
    const resume: (() => void)[] = [];
    const call = async (caller: Caller, requestId: string) =>
      waitForTask(
        {
          ...house,
          pause: async () => {
            waiting.add(requestId);
            await new Promise<void>((resolve) => resume.push(resolve));
            house.passTime(20_000);
          },
        },
        { ...caller, requestId },
        { taskId: task.id },
        { wait: 20 },
      );
    const calls = ["a", "b", "c"].map((id) => call(person, id));
    await Promise.race(calls);
    const colleague = { ...person, principal: { ...person.principal, id: newId("person", house.nowMs()) } };
    const fourth = call(colleague, "d");
    while (waiting.size < 3) await new Promise((resolve) => setImmediate(resolve));
    expect([...waiting].filter((id) => id !== "d")).toHaveLength(2);
    expect(waiting.has("d")).toBe(true);
    for (const go of resume) go();
    await Promise.all([...calls, fourth]);
    const later = call(person, "e");
    while (!waiting.has("e")) await new Promise((resolve) => setImmediate(resolve));
    resume.at(-1)?.();
    await later;
  });
});
