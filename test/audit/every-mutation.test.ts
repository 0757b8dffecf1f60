import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listAudit } from "@steward/aws/records/audit";
import type { AuditEntry } from "@steward/contracts/audit";
import type { Route } from "@steward/contracts/route";
import type { RouteName } from "@steward/contracts/routes";
import { routes } from "@steward/contracts/routes";
import type { TaskView } from "@steward/contracts/task";
import { enrol } from "@steward/node-client/enrol";
import { newPrivateKey, requestFor } from "@steward/node-client/key-pair";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";

/*
 * Whatever changes something leaves an entry: every route that is no GET is called once and its entry is found by the
 * request's id. The list is held to the route table: a new route fails until it says how it is called, or why it needs no
 * entry.
 */

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation({ appliances: 2 });
  // A worker that comes, works and goes.
  const worker = await installation.enrol("worker", "gpu", "provider");
  await worker.call("queueCredentials", {});
  await worker.call("leave", {});
});
afterAll(() => installation.close());

interface Answer {
  requestId: string;
  body: Record<string, unknown>;
}
type Step =
  /** Called by a person. The record that the entry must be about, where it is not in the answer's `id`. */
  | { call: () => Promise<Answer>; record?: () => string }
  /** Called by a machine of the fleet in the course of the others: the entry's verb. */
  | { byMachine: string }
  /** Changes nothing that anybody decides, and why. */
  | { needsNone: string };

const text = (value: unknown): string => String(value);

/** One request as the admin of a tenant; throws what is not a success. */
async function send(
  name: RouteName,
  given: { as: string; params?: Record<string, string>; body?: unknown },
): Promise<Answer> {
  const route: Route = routes[name];
  const path = route.path.replace(/\{(\w+)\}/g, (_, key: string) => given.params?.[key] ?? "");
  const answer = await installation.raw(path, {
    method: route.method,
    headers: {
      ...installation.stack.headersOf(given.as),
      ...(given.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
  });
  if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
  const body = typeof answer.body === "object" && answer.body !== null ? (answer.body as Record<string, unknown>) : {};
  return { requestId: answer.headers.get("steward-request-id") ?? "", body };
}

const keep: Record<string, string> = {};
const acmeId = () => installation.tenantId("acme");
async function appliance(): Promise<{ id: string; name: string }> {
  const { items } = await installation.as("acme")("listNodes", { query: { kind: "appliance" } });
  const [found] = items;
  if (found === undefined) throw new Error("there is no such appliance");
  return found;
}
/** A task that waits for somebody's yes. */
async function waitingTask(): Promise<TaskView> {
  const { name } = await appliance();
  const steps = [{ action: "service.restart", variables: { service: "smbd" } }];
  const task = await installation.as("acme")("submitTask", { body: { steps, targets: [name] } });
  expect(task.status).toBe("awaiting_approval");
  return task;
}
const scheduleParams = () => ({ scheduleId: keep["schedule"] ?? "" });
async function deletable(): Promise<string> {
  const { body } = await send("createTenant", { as: "provider", body: { name: `Short-lived ${Date.now()}` } });
  return text(body["id"]);
}

/** In the order in which they are called: what one makes, another ends. */
const steps: Partial<Record<RouteName, Step>> = {
  submitTask: {
    call: async () => {
      const { name } = await appliance();
      const answer = await send("submitTask", { as: "acme", body: { instruction: "add user", targets: [name] } });
      keep["asks"] = text(answer.body["id"]);
      return answer;
    },
  },
  askSupport: {
    call: () => send("askSupport", { as: "acme", body: { question: "how do I reach my files from Windows?" } }),
  },
  answerTask: {
    call: () => send("answerTask", { as: "acme", params: { taskId: keep["asks"] ?? "" }, body: { answer: "maria" } }),
  },
  cancelTask: {
    call: async () => send("cancelTask", { as: "acme", params: { taskId: (await waitingTask()).id }, body: {} }),
  },
  rejectTask: {
    call: async () =>
      send("rejectTask", { as: "acme", params: { taskId: (await waitingTask()).id }, body: { reason: "not today" } }),
  },
  assignOptimal: {
    needsNone: "with an instruction it submits a task, whose entry is submit-task's; else it only looks",
  },
  redriveDeadLetters: {
    call: async () => {
      const { id } = await appliance();
      await installation.bury(
        "node-events",
        JSON.stringify({ tenantId: acmeId(), nodeId: id, level: "healthy", epoch: 1 }),
      );
      keep["buried"] = id;
      return send("redriveDeadLetters", { as: "provider", params: { queue: "node-events" }, body: { all: true } });
    },
    record: () => keep["buried"] ?? "",
  },
  dropDeadLetters: {
    call: async () => {
      const messageId = await installation.bury("notifications", "not json");
      keep["dropped"] = `notifications/${messageId}`;
      const body = { messageIds: [messageId] };
      return send("dropDeadLetters", { as: "provider", params: { queue: "notifications" }, body });
    },
    record: () => keep["dropped"] ?? "",
  },
  executeCommand: {
    call: async () => {
      const { id } = await appliance();
      return send("executeCommand", { as: "acme", body: { nodeId: id, action: "system.ping" } });
    },
  },
  broadcastCommand: {
    call: () => send("broadcastCommand", { as: "acme", body: { selector: "all", action: "system.ping" } }),
  },
  createNotification: {
    call: async () => {
      const body = { name: "chat", url: "https://hooks.example.org/steward" };
      const answer = await send("createNotification", { as: "acme", body });
      keep["notification"] = text(answer.body["id"]);
      return answer;
    },
  },
  testNotification: {
    call: () => send("testNotification", { as: "acme", params: { notificationId: keep["notification"] ?? "" } }),
  },
  confirmNotification: {
    call: async () => {
      const made = await send("createNotification", {
        as: "acme",
        body: { name: "post", url: "mailto:ops@example.org" },
      });
      keep["post"] = text(made.body["id"]);
      const folder = join(installation.stack.stateDir, "cloud", "outbox");
      const code = await vi.waitFor(() => {
        const mails = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
        const found = mails.map((mail) => /\\n {2}(\w{8,})\\n/.exec(mail)?.[1]).find((one) => one !== undefined);
        return found ?? Promise.reject(new Error("no code yet"));
      }, 20_000);
      return send("confirmNotification", { as: "acme", params: { notificationId: keep["post"] }, body: { code } });
    },
    record: () => keep["post"] ?? "",
  },
  putThresholds: {
    call: () => send("putThresholds", { as: "acme", body: { thresholds: { cpuPercent: [90, 98] } } }),
    record: () => acmeId(),
  },
  putNodeThresholds: {
    call: async () => {
      const { id } = await appliance();
      keep["watched"] = id;
      return send("putNodeThresholds", { as: "acme", params: { nodeId: id }, body: { memoryPercent: [1, 2] } });
    },
    record: () => keep["watched"] ?? "",
  },
  acknowledgeAlert: {
    call: async () => {
      // Of the thresholds that were just set: what opens it has an entry of its own.
      keep["alert"] = await vi.waitFor(async () => {
        const { items } = await installation.as("acme")("listAlerts", { query: { node: keep["watched"] ?? "" } });
        return items[0]?.id ?? Promise.reject(new Error("no alert yet"));
      }, 30_000);
      return send("acknowledgeAlert", { as: "acme", params: { alertId: keep["alert"] } });
    },
    record: () => keep["alert"] ?? "",
  },
  snoozeAlert: {
    call: () => send("snoozeAlert", { as: "acme", params: { alertId: keep["alert"] ?? "" }, body: { minutes: 5 } }),
    record: () => keep["alert"] ?? "",
  },
  deleteNotification: {
    call: () => send("deleteNotification", { as: "acme", params: { notificationId: keep["notification"] ?? "" } }),
    record: () => keep["notification"] ?? "",
  },
  cleanupCommands: { needsNone: "it ends what is past its deadline; each end leaves its own entry" },
  escalateTask: {
    call: async () => {
      const { name } = await appliance();
      const { body } = await send("submitTask", { as: "acme", body: { instruction: "add user", targets: [name] } });
      keep["stuck"] = text(body["id"]);
      return send("escalateTask", { as: "acme", params: { taskId: keep["stuck"] }, body: { note: "please look" } });
    },
  },
  answerEscalation: {
    call: () => {
      const params = { tenantId: acmeId(), taskId: keep["stuck"] ?? "" };
      return send("answerEscalation", { as: "provider", params, body: { note: "done by hand" } });
    },
    record: () => keep["stuck"] ?? "",
  },
  giveFeedback: {
    call: async () =>
      send("giveFeedback", { as: "acme", params: { taskId: (await waitingTask()).id }, body: { verdict: "right" } }),
  },
  pauseTask: {
    call: async () => {
      // A freeze holds it, so that there is something to pause.
      const until = new Date(Date.now() + 60_000).toISOString();
      const { body } = await send("createFreeze", { as: "acme", body: { scope: "tenant", reason: "holds it", until } });
      const { name } = await appliance();
      const steps = [{ action: "system.ping", variables: {} }];
      const task = await installation.as("acme")("submitTask", { body: { steps, targets: [name] } });
      const answer = await send("pauseTask", { as: "acme", params: { taskId: task.id }, body: { reason: "a test" } });
      keep["paused"] = task.id;
      await send("endFreeze", { as: "acme", params: { freezeId: text(body["id"]) } });
      return answer;
    },
  },
  resumeTask: { call: () => send("resumeTask", { as: "acme", params: { taskId: keep["paused"] ?? "" } }) },
  retryTask: { needsNone: "needs a task that failed for real: its entry is asked for in test/e2e/rollout.test.ts" },
  undoTask: { needsNone: "needs a task that changed something: its entry is asked for in test/e2e/rollout.test.ts" },
  previewTask: {
    call: async () => send("previewTask", { as: "acme", params: { taskId: (await waitingTask()).id } }),
  },
  approveTask: {
    call: async () => {
      const task = await waitingTask();
      const body = { planHash: task.plan?.planHash };
      const answer = await send("approveTask", { as: "acme", params: { taskId: task.id }, body });
      keep["approved"] = task.id;
      return answer;
    },
  },
  startRun: { byMachine: "start-run" },
  recordRun: { byMachine: "record-run" },

  createSchedule: {
    call: async () => {
      const { name } = await appliance();
      const steps = [{ action: "disk.usage", variables: {} }];
      const body = { name: "nightly", when: { cron: "0 3 * * *", timeZone: "UTC" }, steps, targets: [name] };
      const answer = await send("createSchedule", { as: "acme", body });
      keep["schedule"] = text(answer.body["id"]);
      return answer;
    },
  },
  putSchedule: {
    call: async () => {
      const { name } = await appliance();
      const steps = [{ action: "service.restart", variables: { service: "smbd" } }];
      const body = { when: { rate: "every day" }, steps, targets: [name] };
      return send("putSchedule", { as: "acme", params: scheduleParams(), body });
    },
  },
  approveSchedule: {
    call: async () => {
      const { now } = await installation.as("acme")("getSchedule", { params: scheduleParams(), query: {} });
      const body = { standingHash: now?.standingHash, definitionHash: now?.definitionHash };
      return send("approveSchedule", { as: "acme", params: scheduleParams(), body });
    },
  },
  revokeScheduleApproval: {
    call: () => send("revokeScheduleApproval", { as: "acme", params: scheduleParams() }),
  },
  pauseSchedule: { call: () => send("pauseSchedule", { as: "acme", params: scheduleParams(), body: {} }) },
  resumeSchedule: { call: () => send("resumeSchedule", { as: "acme", params: scheduleParams() }) },
  runScheduleNow: { call: () => send("runScheduleNow", { as: "acme", params: scheduleParams() }) },
  deleteSchedule: {
    call: () => send("deleteSchedule", { as: "acme", params: scheduleParams() }),
    record: () => keep["schedule"] ?? "",
  },
  readSchedule: { needsNone: "it says how words would be read, and stores nothing" },

  createFreeze: {
    call: async () => {
      const until = new Date(Date.now() + 60_000).toISOString();
      const answer = await send("createFreeze", { as: "acme", body: { scope: "tenant", reason: "a test", until } });
      keep["freeze"] = text(answer.body["id"]);
      return answer;
    },
  },
  endFreeze: {
    call: () => send("endFreeze", { as: "acme", params: { freezeId: keep["freeze"] ?? "" } }),
    record: () => keep["freeze"] ?? "",
  },

  putPolicy: {
    call: () => send("putPolicy", { as: "acme", body: { forbid: [{ action: "shell.run", why: "a test" }] } }),
    record: () => acmeId(),
  },
  createWindow: {
    call: async () => {
      const when = { from: "2099-01-01T00:00:00Z", until: "2099-01-02T00:00:00Z" };
      const answer = await send("createWindow", { as: "acme", body: { kind: "blackout", name: "a test", when } });
      keep["window"] = text(answer.body["id"]);
      return answer;
    },
  },
  removeWindow: {
    call: () => send("removeWindow", { as: "acme", params: { windowId: keep["window"] ?? "" } }),
    record: () => keep["window"] ?? "",
  },
  breakGlass: {
    call: async () => {
      const { name } = await appliance();
      // Of a high risk, and nobody else is there to say yes: past that goes whoever breaks the glass.
      const steps = [{ action: "users.add", variables: { username: "root-like", groups: ["sudo"] } }];
      const task = await installation.as("acme")("submitTask", { body: { steps, targets: [name] } });
      const body = { planHash: task.plan?.planHash, reason: "a test" };
      return send("breakGlass", { as: "acme", params: { taskId: task.id }, body });
    },
  },

  invitePrincipal: {
    call: async () => {
      const body = { name: "Grace", grants: [{ tenant: acmeId(), role: "operator" }] };
      const answer = await send("invitePrincipal", { as: "acme", body });
      keep["person"] = text((answer.body["person"] as { id?: string } | undefined)?.id);
      keep["link"] = text((answer.body["link"] as { token?: string } | undefined)?.token);
      return answer;
    },
    record: () => keep["person"] ?? "",
  },
  createLink: {
    call: async () => {
      const answer = await send("createLink", { as: "acme", params: { personId: keep["person"] ?? "" } });
      keep["link"] = text(answer.body["token"] ?? (answer.body["link"] as { token?: string } | undefined)?.token);
      return answer;
    },
    record: () => keep["person"] ?? "",
  },
  createSession: {
    call: async () => {
      const answer = await send("createSession", { as: "acme", body: { bootstrapToken: keep["link"] } });
      keep["access"] = text(answer.body["accessToken"]);
      return answer;
    },
    record: () => "",
  },
  endSession: {
    call: async () => {
      const answer = await installation.raw("/api/v1/sessions", {
        method: "DELETE",
        headers: { authorization: `Bearer ${keep["access"]}` },
      });
      expect(answer.status).toBe(204);
      return { requestId: answer.headers.get("steward-request-id") ?? "", body: {} };
    },
    record: () => "",
  },
  changePrincipal: {
    call: () =>
      send("changePrincipal", {
        as: "acme",
        params: { personId: keep["person"] ?? "" },
        body: { grants: [{ tenant: acmeId(), role: "viewer" }] },
      }),
  },
  endSessions: {
    call: () => send("endSessions", { as: "acme", params: { personId: keep["person"] ?? "" } }),
    record: () => keep["person"] ?? "",
  },
  createToken: {
    call: async () => {
      const body = { name: "a script", grants: [{ tenant: acmeId(), role: "viewer" }] };
      const answer = await send("createToken", { as: "acme", body });
      keep["token"] = text((answer.body["view"] as { id?: string } | undefined)?.id);
      return answer;
    },
    record: () => keep["token"] ?? "",
  },
  revokeToken: {
    call: () => send("revokeToken", { as: "acme", params: { tokenId: keep["token"] ?? "" } }),
    record: () => keep["token"] ?? "",
  },
  createIssuer: {
    call: async () => {
      const body = { name: "Ours", url: "https://login.example.org", clientId: "steward" };
      const answer = await send("createIssuer", { as: "acme", body });
      keep["issuer"] = text(answer.body["id"]);
      return answer;
    },
  },
  removeIssuer: {
    call: () => send("removeIssuer", { as: "acme", params: { issuerId: keep["issuer"] ?? "" } }),
    record: () => keep["issuer"] ?? "",
  },

  inviteNode: {
    call: () => send("inviteNode", { as: "acme", body: { kind: "appliance", name: "cellar" } }),
    record: () => "",
  },
  enrol: { byMachine: "enrol-node" },
  confirmNode: {
    call: async () => {
      const { token } = await installation.as("acme")("inviteNode", { body: { kind: "appliance", name: "attic" } });
      const stateDir = installation.machineDir("attic");
      mkdirSync(stateDir, { recursive: true });
      const { stack } = installation;
      const { nodeId, keyFingerprint } = await enrol({ apiUrl: stack.apiUrl, token, hostname: "attic", stateDir });
      keep["node"] = nodeId;
      return send("confirmNode", { as: "acme", params: { nodeId }, body: { keyFingerprint } });
    },
  },
  changeTags: {
    call: () =>
      send("changeTags", { as: "acme", params: { nodeId: keep["node"] ?? "" }, body: { add: ["ring:canary"] } }),
  },
  bulkNodes: {
    call: () =>
      send("bulkNodes", {
        as: "acme",
        body: { nodes: [keep["node"] ?? ""], change: { kind: "tags", remove: ["ring:canary"] } },
      }),
    record: () => keep["node"] ?? "",
  },
  putConfig: {
    call: () =>
      send("putConfig", {
        as: "acme",
        params: { nodeId: keep["node"] ?? "" },
        body: { config: { intervalSeconds: 120 } },
      }),
    record: () => keep["node"] ?? "",
  },
  createCertificate: {
    call: async () => {
      const answer = await send("createCertificate", { as: "acme", body: { csr: await requestFor(newPrivateKey()) } });
      const { items } = await installation.as("acme")("listCertificates", { query: { kind: "user" } });
      keep["certificate"] = items[0]?.id ?? "";
      return answer;
    },
    record: () => "",
  },
  revokeCertificate: {
    call: () => send("revokeCertificate", { as: "acme", params: { certificateId: keep["certificate"] ?? "" } }),
    record: () => "",
  },
  revokeNode: {
    call: () => send("revokeNode", { as: "acme", params: { nodeId: keep["node"] ?? "" }, body: { reason: "stolen" } }),
    record: () => keep["node"] ?? "",
  },
  removeNode: {
    call: () => send("removeNode", { as: "acme", params: { nodeId: keep["node"] ?? "" } }),
    record: () => keep["node"] ?? "",
  },

  setSecret: {
    call: () =>
      send("setSecret", { as: "provider", params: { secretName: "anthropic" }, body: { value: "sk-ant-test" } }),
    record: () => "",
  },
  rotateSecret: {
    call: () => send("rotateSecret", { as: "provider", params: { secretName: "cursor-key" } }),
    record: () => "",
  },
  setTenantSecret: {
    call: () =>
      send("setTenantSecret", { as: "acme", params: { tenantSecret: "wifi-key" }, body: { value: "a long value" } }),
    record: () => "",
  },
  removeTenantSecret: {
    call: () => send("removeTenantSecret", { as: "acme", params: { tenantSecret: "wifi-key" } }),
    record: () => "",
  },
  storeRunSecret: {
    needsNone: "needs an action that makes a secret; store-run-secret.ts commits its entry with the record",
  },
  openRunSecret: {
    needsNone: "needs a secret that a run has made; open-run-secret.ts commits its entry with the opening",
  },
  createTenant: {
    call: async () => {
      const answer = await send("createTenant", { as: "provider", body: { name: "Walked" } });
      keep["tenant"] = text(answer.body["id"]);
      return answer;
    },
  },
  renameTenant: {
    call: () =>
      send("renameTenant", { as: "provider", params: { tenantId: keep["tenant"] ?? "" }, body: { name: "Walked on" } }),
  },
  setTenantLimits: {
    call: () =>
      send("setTenantLimits", { as: "provider", params: { tenantId: keep["tenant"] ?? "" }, body: { appliances: 7 } }),
  },
  suspendTenant: {
    call: () =>
      send("suspendTenant", { as: "provider", params: { tenantId: keep["tenant"] ?? "" }, body: { reason: "unpaid" } }),
  },
  resumeTenant: {
    call: () => send("resumeTenant", { as: "provider", params: { tenantId: keep["tenant"] ?? "" } }),
  },
  deleteTenant: {
    call: async () => {
      keep["deleted"] = await deletable();
      return send("deleteTenant", { as: "provider", params: { tenantId: keep["deleted"] } });
    },
  },
  restoreTenant: {
    call: () => send("restoreTenant", { as: "provider", params: { tenantId: keep["deleted"] ?? "" } }),
  },

  refreshSession: { needsNone: "a session goes on; that it began, ended or was stolen has an entry" },
  openCertificateSession: {
    needsNone:
      "needs a browser's certificate at the nodes door; certificate-session.ts commits its entry with the session",
  },
  renew: { needsNone: "needs a certificate that is weeks old; renew-certificate.ts commits its entry with the change" },
  renewExpired: {
    needsNone: "needs a certificate that is weeks old; renew-certificate.ts commits its entry with the change",
  },
  queueCredentials: { byMachine: "lend-queues" },
  leave: { byMachine: "remove-node" },
  heartbeat: { needsNone: "says that a machine is alive; nothing is decided, 60 times an hour" },
  putFacts: { needsNone: "what a machine says of itself: data" },
  requestChunk: { needsNone: "a part of a run's output, whose end has an entry with the output's digest" },
  claimJob: { needsNone: "who thinks about a task; what comes of it is the task's entry" },
  progressJob: { needsNone: "a lease is held on to" },
  completeJob: { needsNone: "an answer: what the task becomes by it is the task's entry" },
  releaseJob: { needsNone: "a job goes back to its lane" },
};

/** The entry of a request, in whichever trail it is. */
async function entryOf(requestId: string): Promise<AuditEntry | undefined> {
  const { items: tenants } = await installation.as("provider")("listTenants", { query: { limit: 200 } });
  const ids = [...new Set([...tenants.map(({ id }) => id), installation.tenantId("provider")])];
  for (const tenantId of ids) {
    const { items } = await listAudit(installation.table, tenantId, { limit: 200 });
    const found = items.find(({ entry }) => entry.requestId === requestId);
    if (found !== undefined) return found.entry;
  }
  return undefined;
}

it("every route that changes something is on the list, and nothing else", () => {
  const changing = Object.values(routes as Record<string, Route>).filter(({ method }) => method !== "GET");
  expect(changing.map(({ id }) => id).filter((id) => !(id in steps))).toEqual([]);
  expect(Object.keys(steps).filter((id) => !changing.some((route) => route.id === id))).toEqual([]);
});

const called = Object.entries(steps).filter(([, step]) => "call" in step);
it.each(called)("%s leaves an entry", async (_name, step) => {
  if (!("call" in step)) return;
  const { requestId, body } = await step.call();
  expect(requestId).not.toBe("");
  const entry = await entryOf(requestId);
  expect(entry).toMatchObject({
    who: expect.stringMatching(/^(per|tok|wrk|apl)_/),
    what: expect.stringMatching(/^[a-z]+(-[a-z]+)*$/),
    atMs: expect.any(Number),
  });
  const record = step.record === undefined ? text(body["id"]) : step.record();
  if (record !== "") expect(entry?.record).toBe(record);
  expect(entry?.record).not.toBe("");
});

const byMachines = Object.entries(steps).flatMap(([name, step]) =>
  "byMachine" in step ? [[name, step.byMachine] as const] : [],
);
it.each(byMachines)("%s leaves an entry when a machine makes it", async (_name, what) => {
  const seen = async () => {
    const trails = [acmeId(), installation.tenantId("provider")].map((tenantId) =>
      listAudit(installation.table, tenantId, { limit: 200, what }),
    );
    return (await Promise.all(trails))
      .flatMap(({ items }) => items.map(({ entry }) => entry))
      .find(({ who, requestId }) => /^(apl|wrk)_/.test(who) && requestId !== undefined);
  };
  await expect.poll(seen, { timeout: 30_000 }).toBeDefined();
});
