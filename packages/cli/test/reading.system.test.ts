import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@steward/contracts/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bert, nowMs, planOf, runOf, sessionOf, taskId, taskOf, tenantId, usersAdd } from "./fixtures.ts";
import { requireOrSkip } from "../../../test/support/require.ts";
import { configFolder, steward } from "./run-steward.ts";
import { type ScriptedApi, startScriptedApi } from "./scripted-api.ts";

const node = {
  id: bert.id,
  tenantId,
  kind: "appliance" as const,
  name: "bert",
  tags: ["site:berlin"],
  doorbell: "pull" as const,
  health: "critical" as const,
  confirmed: false,
  keyFingerprint: "ab".repeat(32),
  lastSeenAt: new Date(nowMs).toISOString(),
  executor: "simulate",
  metrics: { cpuPercent: 1, memoryPercent: 2, diskPercent: 91, loadAverage1m: 0.1, uptimeSeconds: 60 },
  facts: { users: ["john"] },
};
const none = { healthy: 0, warning: 0, critical: 0, offline: 0 };
const oneCritical = { ...none, critical: 1 };
const freeze = {
  id: newId("freeze", nowMs),
  scope: "tenant" as const,
  reason: "holidays",
  until: new Date(nowMs).toISOString(),
  createdBy: "Anna",
};

const nights = {
  id: newId("window", nowMs),
  kind: "maintenance" as const,
  name: "nights",
  when: { cron: "0 22 * * *", timeZone: "Europe/Berlin", durationMinutes: 360 },
  tags: ["site:berlin"],
  createdAt: new Date(nowMs).toISOString(),
  createdBy: "Anna",
  open: false,
  changesAt: new Date(nowMs + 3_600_000).toISOString(),
};
const configured = {
  nodeId: "apl_01k0000000000000000000000a",
  name: "bert",
  revision: 3,
  config: { intervalSeconds: 120 },
  changedAt: new Date(0).toISOString(),
  changedBy: { id: "per_x", name: "Anna" },
  reported: 2,
  sync: "pending",
};
const policy = { forbid: [{ action: "shell.run", effect: "forbid" as const, why: "not here" }], previewMinutes: 30 };

const midnight = new Date(nowMs + 3 * 3_600_000).toISOString();
const limits = {
  quotas: [
    { quota: "appliances" as const, limit: 100, used: 95 },
    { quota: "tasksPerDay" as const, limit: 2_000, used: 2_000, resetsAt: midnight },
    { quota: "modelUsdPerMonth" as const, limit: 50, used: 1.5, reserved: 0.2, resetsAt: midnight },
    { quota: "outputBytesPerDay" as const, limit: 10 * 1024 ** 3, used: 5_000_000, resetsAt: midnight },
  ],
  rates: [
    { name: "principal" as const, perSecond: 10, burst: 50 },
    { name: "tenant" as const, perSecond: 50, burst: 200 },
  ],
  waits: 2,
  models: [],
};

const alert = {
  id: newId("alert", nowMs),
  kind: "health" as const,
  status: "acknowledged" as const,
  severity: "critical" as const,
  summary: "bert: a disk is nearly full",
  node: { id: bert.id, name: "bert", health: "critical" as const },
  part: "diskPercent",
  startsAt: new Date(nowMs).toISOString(),
  openings: 2,
  acknowledgedBy: { id: newId("person", nowMs), name: "Anna" },
  snoozedUntil: midnight,
  past: [{ startsAt: midnight, resolvedAt: midnight, severity: "warning" as const }],
};
const inForce = {
  cpuPercent: [80, 95] as [number, number],
  memoryPercent: [85, 95] as [number, number],
  diskPercent: [70, 90] as [number, number],
  loadAverage1m: [4, 8] as [number, number],
};
const thresholds = { thresholds: { diskPercent: inForce.diskPercent }, inForce, escalateAfterMinutes: 30 };
const receiver = {
  id: newId("notification", nowMs),
  name: "post",
  kind: "email" as const,
  url: "mailto:ops@example.org",
  events: ["alert.escalated" as const],
  quietHours: { begins: "22:00", ends: "07:00", timeZone: "Europe/Berlin", exceptCritical: false },
  confirmed: false,
  createdBy: newId("person", nowMs),
  createdAt: new Date(nowMs).toISOString(),
};

let api: ScriptedApi;
let config: Awaited<ReturnType<typeof configFolder>>;
beforeAll(async () => {
  api = await startScriptedApi({
    listTasks: ({ query }) => ({
      items:
        query["status"] === undefined || query["status"] === "running"
          ? [taskOf({ status: "running", plan: planOf() })]
          : [],
    }),
    getTask: () => taskOf({ status: "succeeded", plan: planOf(), runs: [runOf({ status: "succeeded" })] }),
    listActions: () => ({ items: [usersAdd] }),
    listNodes: ({ query }) => ({
      items: query["health"] === undefined || query["health"] === "critical" ? [node] : [],
    }),
    getNode: () => node,
    getConfig: () => configured,
    putConfig: ({ body }) => ({ ...configured, revision: 4, config: (body as { config: object }).config }),
    listConfigRevisions: () => ({
      items: [
        { revision: 3, config: configured.config, changedAt: configured.changedAt, changedBy: configured.changedBy },
      ],
    }),
    inviteNode: () => ({ nodeId: bert.id, token: "token-shown-once", expiresAt: new Date(nowMs).toISOString() }),
    confirmNode: () => ({ ...node, confirmed: true }),
    removeNode: () => undefined,
    queueStatus: () => ({
      queues: [{ name: "rollouts", queued: 1, inFlight: 0, deadLetters: 0 }],
      lanes: [],
      minutes: 15,
      workers: [],
      jobs: [],
    }),
    recommendWorkers: () => ({ items: [], unfit: [{ id: bert.id, name: "gpu-1", why: "has no llama3.1:8b" }] }),
    stats: () => ({
      nodes: { healthy: 0, warning: 0, critical: 1, offline: 0 },
      tasks: { active: 1, waitingForMe: 0 },
      freezes: 1,
    }),
    fleetHealth: () => ({
      asOf: new Date(nowMs).toISOString(),
      total: 1,
      counts: oneCritical,
      byKind: { appliance: oneCritical, worker: none },
      versions: [
        { version: "0.2.0", nodes: 1 },
        { version: "0.1.9", nodes: 1 },
      ],
    }),
    fleetHistory: () => ({
      stepSeconds: 300,
      points: [
        { at: new Date(Date.now()).toISOString(), ...oneCritical, cpuPercent: 1, memoryPercent: 2, diskPercent: 3 },
      ],
    }),
    nodeHistory: () => ({
      stepSeconds: 300,
      points: [
        {
          at: new Date(Date.now()).toISOString(),
          health: "critical" as const,
          cpuPercent: 99,
          memoryPercent: 2,
          diskPercent: 91,
          loadAverage1m: 0.5,
        },
      ],
    }),
    topology: () => ({
      asOf: new Date(nowMs).toISOString(),
      sites: [{ name: "berlin", nodes: 1, counts: oneCritical }],
      gateways: [],
      elsewhere: none,
      workers: [{ id: "worker-1", name: "worker 1", health: "healthy" as const, slots: 4, used: 1 }],
      more: false,
    }),
    flow: () => ({
      at: new Date(nowMs).toISOString(),
      stages: [{ stage: "awaiting_approval", count: 200, more: true }],
      lanes: [{ lane: "express" as const, queued: 2, inFlight: 1 }],
      slots: { total: 4, used: 1 },
    }),
    clusterStats: () => ({
      asOf: new Date(nowMs).toISOString(),
      nodes: { appliance: oneCritical, worker: none },
      heartbeatsPerMinute: 1,
      workers: { ready: 1, slots: 4, used: 1 },
    }),
    bulkNodes: ({ body }) => {
      const { change } = body as { change: { kind: string; confirm?: boolean } };
      const problem = change.confirm === true ? "a freeze" : "nobody has said yes";
      return change.kind === "interval"
        ? {
            changed: 0,
            items: [{ id: bert.id, outcome: "failed" as const, code: "denied_by_gate", problem }],
          }
        : { changed: 1, items: [{ id: bert.id, outcome: "changed" as const }] };
    },
    health: () => ({
      status: "degraded",
      version: "1",
      stage: "local",
      dependencies: { table: "ok", trust: "failed" },
    }),
    getLimits: () => limits,
    listTenants: () => ({
      items: [{ id: tenantId, name: "Acme", createdAt: new Date(nowMs).toISOString(), status: "active" }],
    }),
    explainGate: () => ({
      decision: "deny",
      reasons: [{ rule: "freeze", decision: "deny", why: "holidays" }],
      held: { untilMs: Date.parse("2027-01-07T08:00:00Z") },
      moment: "doorbell",
      rules: [
        { rule: "hash", decision: "allow", why: [], decides: false, passable: false },
        {
          rule: "freeze",
          decision: "deny",
          why: ["holidays"],
          decides: true,
          passable: false,
          next: "An admin ends it: steward unfreeze",
        },
      ],
    }),
    listWindows: () => ({ items: [nights] }),
    createWindow: () => nights,
    removeWindow: () => undefined,
    getPolicy: () => ({ ...policy, revision: 3, updatedAt: new Date(nowMs).toISOString(), updatedBy: bert }),
    putPolicy: () => ({ ...policy, revision: 4 }),
    listAlerts: () => ({ items: [alert] }),
    getAlert: () => alert,
    snoozeAlert: () => alert,
    getThresholds: () => thresholds,
    putThresholds: () => thresholds,
    listNotifications: () => ({ items: [receiver] }),
    createNotification: () => receiver,
    listFreezes: () => ({ items: [freeze] }),
    createFreeze: () => freeze,
    endFreeze: () => undefined,
    cancelTask: () => taskOf({ status: "cancelled" }),
    submitTask: () => taskOf({ status: "succeeded" }),
  });
  const { refreshToken, accessToken, accessTokenExpiresAt } = sessionOf("a", "r".repeat(24));
  config = await configFolder({ apiUrl: api.url, tenantId, refreshToken, accessToken, accessTokenExpiresAt });
});
afterAll(async () => {
  await api.close();
  await config.remove();
});

test("a change of many ends with 1 where it failed for one, and says which and why", async () => {
  const interval = (...more: string[]) =>
    steward(["nodes", "interval", "bert", "--seconds", ...more], { config: config.folder });
  const { code, stdout } = await interval("300", "--yes");
  expect([code, stdout]).toEqual([1, expect.stringMatching(/✘ bert: a freeze/)]);
  // The gate wants a yes for what watches less; what is as watchful as before takes none, and none is said.
  const unasked = await interval("300");
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringMatching(/Nobody is there to ask/)]);
  expect((await interval("120")).stdout).toMatch(/✘ bert: nobody has said yes/);
});

test("escalation is set for no single machine, neither on nor off, and a threshold is two numbers", async () => {
  const set = (...given: string[]) => steward(["thresholds", "set", ...given], { config: config.folder });
  for (const escalation of [["--no-escalate"], ["--escalate-after", "30m"]]) {
    const { code, stderr } = await set("--on", "bert", ...escalation);
    expect([code, stderr]).toEqual([2, expect.stringContaining("Escalation is the tenant's")]);
  }
  expect((await set("--disk", "70/90/95")).code).toBe(2);
});

const ansible = spawnSync("ansible-inventory", ["--version"]).status === 0;
const withAnsible = requireOrSkip("ansible", ansible, "there is no ansible-inventory");
withAnsible("an inventory", () => {
  test("is one to Ansible", async () => {
    const { stdout } = await steward(["nodes", "ls", "--format", "ansible-inventory"], { config: config.folder });
    const file = join(config.folder, "inventory.json");
    await writeFile(file, stdout);
    const listed = spawnSync("ansible-inventory", ["-i", file, "--list"], { encoding: "utf8" });
    expect(JSON.parse(listed.stdout)).toMatchObject({
      _meta: { hostvars: { bert: { steward_id: bert.id, steward_tags: ["site:berlin"] } } },
      site_berlin: { hosts: ["bert"] },
    });
  });
});

const commands: [string, string[], RegExp][] = [
  [
    "what is wrong",
    ["status"],
    /holidays[\s\S]*trust document ends[\s\S]*bert +critical[\s\S]*Running[\s\S]*add user john/,
  ],
  ["tasks", ["tasks", "ls"], /add user john/],
  ["one task", ["tasks", "show", taskId], /Plan hash/],
  ["cancelling", ["tasks", "cancel", taskId], /cancelled/],
  ["the catalogue", ["actions", "ls"], /users\.add +Add a user +state +low +username \[groups\]/],
  ["one action", ["actions", "show", "users.add"], /steward actions run users\.add username=… --on/],
  ["appliances", ["appliances", "ls", "--tag", "site:berlin"], /bert +critical.*91 %.*not confirmed/],
  ["one appliance", ["appliances", "show", "bert"], /abab abab[\s\S]*users +john/],
  ["an enrolment", ["appliances", "enroll", "ernie", "--tag", "site:berlin"], /token-shown-once/],
  ["a confirmation", ["appliances", "confirm", "bert", "--fingerprint", "ab".repeat(32)], /is confirmed/],
  ["a worker's confirmation", ["workers", "confirm", "bert", "--fingerprint", "ab".repeat(32)], /is confirmed/],
  ["a ping", ["appliances", "ping", "bert"], /bert answered after/],
  ["a removal", ["appliances", "remove", "bert", "--yes"], /is removed/],
  ["workers", ["workers", "ls"], /bert/],
  ["health", ["nodes", "health"], /critical 1[\s\S]*agents: 0\.2\.0 on 1, 0\.1\.9 on 1[\s\S]*bert/],
  ["all machines", ["nodes", "ls", "--sort", "cpu", "--reverse"], /bert +critical/],
  ["a history of all", ["nodes", "history"], /critical +[ ▁▂▃▄▅▆▇█]+█ now 1, most 1/],
  ["a machine's history", ["nodes", "history", "bert"], /cpu % +[ ]*█ now 99, most 99/],
  ["the topology", ["nodes", "topology"], /site berlin +1 +.*critical 1[\s\S]*worker 1: healthy, 1\/4 slots/],
  ["the flow", ["nodes", "flow"], /awaiting approval +200\+/],
  ["counts and means", ["nodes", "stats"], /appliances +.*critical 1/],
  ["tags of many", ["nodes", "tag", "--tag", "site:berlin", "--add", "a:b", "--yes"], /1 changed/],
  ["queues", ["queues", "ls"], /rollouts +1/],
  ["tenants", ["tenants", "ls"], /Acme/],
  ["the gate", ["gate", "explain", taskId], /✘ +freeze +holidays[\s\S]*What decides[\s\S]*→ An admin ends it/],
  ["the windows", ["windows", "ls"], /nights +0 22 \* \* \* Europe\/Berlin, for 6 h +site:berlin +closed, changes /],
  [
    "a window that comes again",
    ["windows", "add", "nights", "--maintenance", "--cron", "0 22 * * *", "--zone", "Europe/Berlin", "--for", "6h"],
    /win_.*: closed now; that changes /,
  ],
  [
    "a window that comes once",
    [
      "windows",
      "add",
      "x",
      "--blackout",
      "--from",
      "2027-01-01T00:00:00Z",
      "--until",
      "2027-01-02T00:00:00Z",
      "--reads",
    ],
    /closed now/,
  ],
  ["the end of a window", ["windows", "rm", nights.id], /Removed win_/],
  ["the policy", ["policy", "show"], /"previewMinutes": 30[\s\S]*revision 3, by/],
  ["a configuration", ["config", "get", node.id], /"intervalSeconds": 120[\s\S]*keeps to revision 2 still/],
  ["a changed one", ["config", "set", node.id, "services=smbd"], /watch\.services[\s\S]*"smbd"[\s\S]*Revision 4/],
  ["earlier ones", ["config", "history", node.id], /3 .*intervalSeconds/],
  ["what differs", ["config", "diff", node.id, "0"], /revision 0 → 3[\s\S]*intervalSeconds[\s\S]*\+ 120/],
  ["what is wrong", ["alerts", "ls"], /critical +bert: a disk is nearly full +acknowledged by Anna, snoozed/],
  ["an alert", ["alerts", "show", alert.id], /Nobody was told of it[\s\S]*before: warning/],
  ["a snooze", ["alerts", "snooze", alert.id, "--for", "4h"], /snoozed until/],
  [
    "changed thresholds",
    ["thresholds", "set", "--disk", "70/90"],
    /disk +70 +90 +here[\s\S]*escalated after 30 minutes/,
  ],
  ["receivers", ["notify", "ls"], /post +ops@example.org +alert.escalated +22:00-07:00 +unconfirmed/],
  ["a new receiver", ["notify", "add", "ops@example.org", "--escalation"], /steward notify confirm ntf_/],
  ["a freeze", ["freeze", "holidays", "--for", "2h"], /steward unfreeze frz_/],
  ["freezes", ["freezes"], /holidays/],
  [
    "quotas",
    ["limits"],
    /appliances +95 +100[\s\S]*Claude this month +\$1\.50 +\$50\.00[\s\S]*4\.8 MB +10\.0 GB[\s\S]*10 calls a second/,
  ],
  ["what is nearly used up", ["status"], /▲ appliances: 95 of 100[\s\S]*✘ tasks today: 2,000 of 2,000/],
  ["the end of a freeze", ["unfreeze", "--all"], /Ended frz_/],
];

test.each(commands)("%s: for people, and as JSON", async (_name, args, shown) => {
  const [text, json] = await Promise.all([
    steward(args, { config: config.folder }),
    steward([...args, "--json"], { config: config.folder }),
  ]);
  expect(text.stderr).toBe("");
  expect(text.stdout).toMatch(shown);
  expect(text.code).toBe(0);
  expect(json.code).toBe(0);
  expect(JSON.parse(json.stdout)).toBeTypeOf("object");
});

test("a fingerprint that is another one is not confirmed", async () => {
  const before = api.calls.filter((call) => call.name === "confirmNode").length;
  const ended = await steward(["appliances", "confirm", "bert", "--fingerprint", "cd".repeat(32)], {
    config: config.folder,
  });
  expect(ended.stderr).toContain("another machine may have used the token");
  expect(ended.code).toBe(1);
  expect(api.calls.filter((call) => call.name === "confirmNode")).toHaveLength(before);
});

test("completion for bash is a script that bash reads, and completes", async () => {
  const { stdout } = await steward(["completion", "bash"], { config: config.folder });
  const script = `${stdout}\nCOMP_WORDS=(steward tasks wa); COMP_CWORD=2; _steward; echo "\${COMPREPLY[*]}"`;
  const ended = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  expect(ended.stderr).toBe("");
  expect(ended.stdout.trim()).toBe("watch");
});

test("what policy show has printed is what policy set takes", async () => {
  const shown = await steward(["policy", "show", "--json"], { config: config.folder });
  const set = await steward(["policy", "set", "-"], { config: config.folder, input: shown.stdout });
  expect(set.stdout).toMatch(/Revision 4 is in force/);
  expect(api.calls.findLast((call) => call.name === "putPolicy")?.body).toEqual(policy);
});

test.each([
  ["both kinds", ["--maintenance", "--blackout", "--cron", "0 0 * * *", "--zone", "UTC", "--for", "1h"]],
  ["no kind", ["--cron", "0 0 * * *", "--zone", "UTC", "--for", "1h"]],
  ["no time", ["--maintenance"]],
  ["no zone", ["--maintenance", "--cron", "0 0 * * *", "--for", "1h"]],
  ["no duration", ["--maintenance", "--cron", "0 0 * * *", "--zone", "UTC"]],
])("a window with %s is not made", async (_, options) => {
  const before = api.calls.length;
  const answer = await steward(["windows", "add", "x", ...options], { config: config.folder });
  expect(answer.code).toBe(2);
  expect(api.calls).toHaveLength(before);
});

test.each([
  ["escalate", ["tasks", "escalate"]],
  ["feedback", ["tasks", "feedback"]],
  ["feedback without an opinion", ["tasks", "feedback", taskId]],
])("%s is of a task that is named, never of the newest", async (_, args) => {
  const before = api.calls.length;
  const { code, stderr } = await steward(args, { config: config.folder });
  expect(stderr).toMatch(/Say wh.*tsk_…/s);
  expect(code).toBe(2);
  expect(api.calls).toHaveLength(before);
});

test("where no worker fits, a script is told by the exit code", async () => {
  const { code, stdout } = await steward(["workers", "recommend"], { config: config.folder });
  expect(stdout).toMatch(/No worker fits\.\s+gpu-1: has no llama3\.1:8b/);
  expect(code).toBe(1);
});
