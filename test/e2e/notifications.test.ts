import { createHash, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { webhookBodySchema } from "@steward/contracts/notification";
import { localAccount } from "@steward/local/account";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";

interface Called {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let installation: Installation;
let receiver: Server;
let origin: string;
let called: Called[] = [];
let status = 204;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      called.push({ url: `${origin}${request.url ?? ""}`, headers: request.headers, body });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  installation = await startInstallation({ functionEnv: { STEWARD_OUTSIDE_HOSTS: `127.0.0.1:${port}` } });
});
afterAll(async () => {
  await installation?.close();
  receiver.close();
});
beforeEach(() => {
  called = [];
  status = 204;
});

/** What a receiver does: reads the keys once, and believes only what one of them signed. */
async function isSigned({ url, headers, body }: Called): Promise<boolean> {
  const { keys } = (await (await fetch(`${installation.stack.apiUrl}/.well-known/notification-keys.json`)).json()) as {
    keys: (JsonWebKey & { kid: string })[];
  };
  const text = (name: string) => String(headers[name]);
  const parameters = text("signature-input").replace(/^steward=/, "");
  const key = keys.find(({ kid }) => parameters.includes(`keyid="${kid}"`));
  if (key === undefined) return false;
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const base = [
    '"@method": POST',
    `"@target-uri": ${url}`,
    `"content-digest": ${digest}`,
    `"webhook-id": ${text("webhook-id")}`,
    `"@signature-params": ${parameters}`,
  ].join("\n");
  const signature = Buffer.from(text("signature").replace(/^steward=:(.*):$/, "$1"), "base64");
  return verify(
    "sha256",
    Buffer.from(base),
    { key: createPublicKey({ key, format: "jwk" }), dsaEncoding: "ieee-p1363" },
    signature,
  );
}
const events = () => called.map(({ body }) => webhookBodySchema.parse(JSON.parse(body)).event);

it("a webhook is told that a task waits and how it ended, signed so that it need keep no secret", async () => {
  const acme = installation.as("acme");
  const made = await acme("createNotification", { body: { name: "chat", url: `${origin}/steward?a=b` } });
  expect((await acme("listNotifications", {})).items).toEqual([made]);
  const name = (await acme("listNodes", { query: { kind: "appliance" } })).items[0]?.name ?? "";
  const task = await acme("submitTask", { body: { instruction: "add user zora", targets: [name] } });
  expect(task.status).toBe("awaiting_approval");
  await vi.waitFor(() => expect(events()).toEqual(["task.awaiting_approval"]), { timeout: 20_000 });
  await acme("approveTask", { params: { taskId: task.id }, body: { planHash: task.plan?.planHash ?? "" } });
  await vi.waitFor(() => expect(events()).toEqual(["task.awaiting_approval", "task.finished"]), { timeout: 60_000 });

  const [waiting, finished] = called.map(({ body }) => webhookBodySchema.parse(JSON.parse(body)));
  expect(waiting?.task).toMatchObject({
    id: task.id,
    status: "awaiting_approval",
    actions: ["users.add"],
    appliances: 1,
  });
  expect(finished?.task).toMatchObject({ id: task.id, status: "simulated", message: expect.any(String) });
  for (const call of called) {
    expect(await isSigned(call)).toBe(true);
    expect(await isSigned({ ...call, body: call.body.replace("zora", "root") })).toBe(false);
    expect(await isSigned({ ...call, url: `${origin}/other` })).toBe(false);
    const other = { ...call.headers, "webhook-id": "ntc_other" };
    expect(await isSigned({ ...call, headers: other })).toBe(false);
  }
  await vi.waitFor(async () => {
    const { items } = await acme("listDeliveries", { params: { notificationId: made.id } });
    expect(items.map(({ event, status: state, attempts }) => ({ event, state, attempts }))).toEqual([
      { event: "task.finished", state: "delivered", attempts: 1 },
      { event: "task.awaiting_approval", state: "delivered", attempts: 1 },
    ]);
  }, 20_000);
  await acme("deleteNotification", { params: { notificationId: made.id } });
});

it("a test says whether it arrived; one that did not is tried again, and nothing is sent to who was removed", async () => {
  const acme = installation.as("acme");
  const { id } = await acme("createNotification", {
    body: { name: "chat", url: `${origin}/`, events: ["task.finished"] },
  });
  const params = { notificationId: id };
  const sent = await acme("testNotification", { params, idempotencyKey: "one-test-0001" });
  expect(await acme("testNotification", { params, idempotencyKey: "one-test-0001" })).toEqual(sent);
  const outcome = async () => (await acme("listDeliveries", { params })).items.find((one) => one.id === sent.id);
  await vi.waitFor(async () => expect(await outcome()).toMatchObject({ event: "test", status: "delivered" }), {
    timeout: 20_000,
  });
  expect(events()).toEqual(["test"]);

  status = 503;
  const refused = await acme("testNotification", { params });
  await vi.waitFor(
    async () => {
      const { items } = await acme("listDeliveries", { params });
      expect(items.find((one) => one.id === refused.id)).toMatchObject({
        status: "waiting",
        attempts: 1,
        reason: "it answered 503",
        nextAttemptAt: expect.any(String),
      });
    },
    { timeout: 20_000 },
  );
  await acme("deleteNotification", { params });
  await expect(acme("testNotification", { params })).rejects.toMatchObject({ code: "not_found" });
  expect((await acme("listNotifications", {})).items).toEqual([]);
});

it("who is stuck asks the provider, whose staff is told, answers, and is asked no second time for the same", async () => {
  const [acme, staff] = [installation.as("acme"), installation.as("provider")];
  const acmeId = installation.tenantId("acme");
  const own = await acme("createNotification", {
    body: { name: "chat", url: `${origin}/acme`, events: ["task.escalated"] },
  });
  const desk = await staff("createNotification", {
    body: { name: "desk", url: `${origin}/desk`, events: ["task.escalated"] },
  });
  const name = (await acme("listNodes", { query: { kind: "appliance" } })).items[0]?.name ?? "";
  const task = await acme("submitTask", { body: { instruction: "add user", targets: [name] } });
  expect(task.status).toBe("needs_input");
  const params = { taskId: task.id };
  const asked = await acme("escalateTask", { params, body: { note: "I do not know how she is called" } });
  expect(asked).toMatchObject({ status: "needs_input", escalation: { note: "I do not know how she is called" } });
  expect((await acme("escalateTask", { params, body: { note: "again" } })).version).toBe(asked.version);
  await vi.waitFor(() => expect(events()).toEqual(["task.escalated"]), { timeout: 20_000 });
  // The provider's own receiver, and not the one that the tenant would like to have it.
  const [told] = called;
  expect(told?.url).toBe(`${origin}/desk`);
  expect(webhookBodySchema.parse(JSON.parse(told?.body ?? "{}"))).toMatchObject({
    tenantId: acmeId,
    task: { id: task.id, instruction: "add user", escalation: { note: "I do not know how she is called" } },
  });

  await vi.waitFor(async () => {
    const { items } = await staff("listEscalations", { query: {} });
    expect(items).toMatchObject([{ id: task.id, tenantId: acmeId }]);
  }, 20_000);
  await expect(acme("listEscalations", { query: {} })).rejects.toMatchObject({ code: "forbidden" });
  const toAnswer = { tenantId: acmeId, taskId: task.id };
  await expect(acme("answerEscalation", { params: toAnswer, body: { note: "mine" } })).rejects.toMatchObject({
    code: "forbidden",
  });
  // A repetition is answered alike, and with nothing of the task, which stays with its tenant.
  const answering = { params: toAnswer, body: { note: "she is called Yda" }, idempotencyKey: crypto.randomUUID() };
  expect(await staff("answerEscalation", answering)).toBeUndefined();
  expect(await staff("answerEscalation", answering)).toBeUndefined();
  const seen = await acme("getTask", { params });
  expect(seen.escalation?.answer).toMatchObject({ note: "she is called Yda", by: expect.stringMatching(/^per_/) });
  await vi.waitFor(async () => expect((await staff("listEscalations", { query: {} })).items).toEqual([]), 20_000);

  const planned = await acme("answerTask", { params, body: { answer: "yda" } });
  expect(planned.status).toBe("awaiting_approval");
  await acme("giveFeedback", { params, body: { verdict: "wrong", note: "she has one already" } });
  const judged = await acme("giveFeedback", { params, body: { verdict: "right" } });
  expect(judged.feedback).toMatchObject([{ verdict: "right" }]);
  expect(judged.status).toBe("awaiting_approval");
  await acme("cancelTask", { params, body: {} });
  await acme("deleteNotification", { params: { notificationId: own.id } });
  await staff("deleteNotification", { params: { notificationId: desk.id } });
});

/** What left the local cloud by SES and SNS. */
function sentOut(): {
  kind: string;
  to?: string[];
  topicArn?: string;
  subject: string;
  text?: string;
  message?: string;
}[] {
  const folder = join(installation.stack.stateDir, "cloud", "outbox");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
  return names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

it("an address is mailed nothing but its code until that is given back; a topic is published nothing else, either; both say how it went", async () => {
  const acme = installation.as("acme");
  const mailed = (address: string) => sentOut().filter(({ to }) => to?.includes(address) === true);
  const body = { name: "post", url: "mailto:ops@example.org", events: ["task.finished" as const] };
  const made = await acme("createNotification", { body });
  expect(made).toMatchObject({ kind: "email", confirmed: false });
  const params = { notificationId: made.id };
  await expect(acme("testNotification", { params })).rejects.toMatchObject({ code: "unprocessable" });
  await vi.waitFor(() => expect(mailed("ops@example.org")).toHaveLength(1), { timeout: 20_000 });
  const code = /^ {2}(\w{8,})$/m.exec(mailed("ops@example.org")[0]?.text ?? "")?.[1] ?? "";
  await expect(acme("confirmNotification", { params, body: { code: `${code}x` } })).rejects.toMatchObject({
    code: "unprocessable",
  });
  expect(await acme("confirmNotification", { params, body: { code } })).toMatchObject({ confirmed: true });
  await acme("testNotification", { params });
  await vi.waitFor(() => expect(mailed("ops@example.org")[1]).toMatchObject({ subject: "This is a test" }), {
    timeout: 20_000,
  });

  const topicArn = "arn:aws:sns:eu-west-1:999988887777:steward-notices-ops";
  const topic = await acme("createNotification", { body: { name: "topic", url: topicArn } });
  expect(topic).toMatchObject({ kind: "sns", confirmed: false });
  const published = (at: number, event: string) =>
    vi.waitFor(
      () => {
        const message = sentOut().filter((one) => one.topicArn === topicArn)[at]?.message;
        const told = webhookBodySchema.parse(JSON.parse(message ?? "{}"));
        expect(told).toMatchObject({ event });
        return told;
      },
      { timeout: 20_000 },
    );
  const asked = await published(0, "confirm");
  const topicParams = { notificationId: topic.id };
  await expect(acme("testNotification", { params: topicParams })).rejects.toMatchObject({ code: "unprocessable" });
  await acme("confirmNotification", { params: topicParams, body: { code: asked.code ?? "" } });
  await acme("testNotification", { params: topicParams });
  await published(1, "test");
  // One of the provider's own account needs no policy: any tenant could publish to it.
  const ours = topicArn.replace("999988887777", localAccount);
  await expect(acme("createNotification", { body: { name: "x", url: ours } })).rejects.toMatchObject({
    code: "unprocessable",
  });
  const refused = async (url: string, expected: object) => {
    const { id } = await acme("createNotification", { body: { name: "x", url } });
    await vi.waitFor(
      async () => {
        const { items } = await acme("listDeliveries", { params: { notificationId: id } });
        expect(items[0]).toMatchObject({ attempts: 1, ...expected });
      },
      { timeout: 20_000 },
    );
    await acme("deleteNotification", { params: { notificationId: id } });
  };
  // One that is not there will never be; one that lets nobody in may yet.
  await refused(`${topicArn}-absent`, { status: "failed", reason: expect.stringContaining("NotFound") });
  await refused(`${topicArn}-closed`, { status: "waiting", reason: expect.stringContaining("not authorized") });
  for (const url of [`${topicArn.replace("notices-", "")}`, "mailto:nobody", "ftp://example.org/"]) {
    await expect(acme("createNotification", { body: { name: "x", url } })).rejects.toMatchObject({
      code: "invalid_request",
    });
  }
  for (const id of [made.id, topic.id]) await acme("deleteNotification", { params: { notificationId: id } });
});

it("an alert opens when a machine is over its thresholds, is told once, acknowledged, snoozed, and resolves by itself", async () => {
  const acme = installation.as("acme");
  await acme("createNotification", {
    body: { name: "chat", url: `${origin}/`, events: ["alert.raised", "alert.resolved"], leastSeverity: "critical" },
  });
  const [node] = (await acme("listNodes", { query: { kind: "appliance" } })).items;
  const params = { nodeId: node?.id ?? "" };
  expect(await acme("getNodeThresholds", { params })).toMatchObject({ inForce: { memoryPercent: [85, 95] } });
  await acme("putThresholds", { body: { thresholds: { diskPercent: [70, 99] }, escalateAfterMinutes: 30 } });
  const set = await acme("putNodeThresholds", { params, body: { memoryPercent: [1, 2] } });
  expect(set.inForce).toMatchObject({ memoryPercent: [1, 2], diskPercent: [70, 99], cpuPercent: [80, 95] });
  const alerts = async (query = {}) => (await acme("listAlerts", { query: { node: params.nodeId, ...query } })).items;
  await vi.waitFor(
    async () =>
      expect(await alerts()).toMatchObject([
        { kind: "health", part: "memoryPercent", severity: "critical", status: "open", node: { name: node?.name } },
      ]),
    { timeout: 30_000 },
  );
  const [alert] = await alerts();
  await vi.waitFor(() => expect(events()).toEqual(["alert.raised"]), { timeout: 20_000 });
  expect(webhookBodySchema.parse(JSON.parse(called[0]?.body ?? "{}")).alerts).toMatchObject([
    { id: alert?.id, summary: `${node?.name}: memory is short`, severity: "critical" },
  ]);
  const one = { alertId: alert?.id ?? "" };
  const seen = await acme("acknowledgeAlert", { params: one });
  expect(seen).toMatchObject({ status: "acknowledged", acknowledgedBy: { id: expect.stringMatching(/^per_/) } });
  expect(await acme("acknowledgeAlert", { params: one })).toEqual(seen);
  expect(await acme("snoozeAlert", { params: one, body: { minutes: 5 } })).toMatchObject({ status: "acknowledged" });
  const birch = installation.as("birch");
  await expect(birch("getAlert", { params: one })).rejects.toMatchObject({ code: "not_found" });

  await acme("putNodeThresholds", { params, body: {} });
  await vi.waitFor(async () => expect(await alerts()).toEqual([]), { timeout: 30_000 });
  expect(await alerts({ status: "resolved" })).toMatchObject([{ id: one.alertId, openings: 1 }]);
  await expect(acme("acknowledgeAlert", { params: one })).rejects.toMatchObject({ code: "invalid_transition" });
  expect(events()).toEqual(["alert.raised"]);
});

it("an address on the inside is refused, and another tenant's receiver is absent", async () => {
  const acme = installation.as("acme");
  for (const url of ["http://example.org/", "https://127.0.0.1/", "https://169.254.169.254/", "https://localhost/"]) {
    await expect(acme("createNotification", { body: { name: "x", url } })).rejects.toMatchObject({
      code: "unprocessable",
    });
  }
  const { id } = await acme("createNotification", { body: { name: "ours", url: `${origin}/` } });
  const birch = installation.as("birch");
  const params = { notificationId: id };
  expect((await birch("listNotifications", {})).items).toEqual([]);
  // One after the other: of three begun at once, the second would be refused with nobody listening yet.
  for (const call of ["deleteNotification", "testNotification", "listDeliveries"] as const)
    await expect(birch(call, { params })).rejects.toMatchObject({ code: "not_found" });
  await acme("deleteNotification", { params });
});
