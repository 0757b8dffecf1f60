import { createHash, randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { GetQueueUrlCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { createIssuer } from "@steward/aws/records/issuer";
import { createPerson } from "@steward/aws/records/person";
import { createSession } from "@steward/aws/records/session";
import { createTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { renewalStatement } from "@steward/contracts/certificate";
import { type Client, createClient } from "@steward/contracts/client";
import { newId } from "@steward/contracts/ids";
import { laneMessageSchema } from "@steward/contracts/job";
import { laneQueue, lanes } from "@steward/contracts/names";
import { type Role, type RoleGrant, roles } from "@steward/contracts/roles";
import type { TaskView } from "@steward/contracts/task";
import { enrol } from "@steward/node-client/enrol";
import { readPair } from "@steward/node-client/identity";
import { signWith } from "@steward/node-client/key-pair";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { fetchTransport } from "../../../packages/local/src/fetch-transport.ts";
import { type Installation, until } from "../../support/installation.ts";
import { vi } from "vitest";
import { createThings, csr, type Things } from "./things.ts";

export interface Person {
  personId: string;
  name: string;
  /** A session of its own, fresh: one that a call may end. */
  signIn(): Promise<Client>;
  /** The token of a one-time link, and one of a session that goes on. */
  login(): Promise<string>;
  refreshToken(): Promise<string>;
  headers(): Promise<Record<string, string>>;
}

/** One of two tenants that have the same things, each value with the tenant's word in it. */
export interface Twin {
  things: Things;
  /** What its second machine has: as foreign to the first one as another tenant's. */
  siblings: Things;
  tenantId: string;
  people: Record<Role, Person>;
  /** Names of its machines: the one whose things they are, and its sibling. */
  machines: [string, string];
  clients: [NodeClient, NodeClient];
}

/** Somebody who may sign in, with the record and the way in that a login would make. */
export async function makePerson(
  { table, stack }: Pick<Installation, "table" | "stack">,
  { name, grants, tenantId }: { name: string; grants: RoleGrant[]; tenantId?: string },
): Promise<Person> {
  const nowMs = Date.now();
  const personId = newId("person", nowMs);
  const subject = `${name}@isolation`;
  await commit(table, [
    createPerson({ v: 1, version: 1, personId, name, issuer: "bootstrap", subject, grants, createdAtMs: nowMs }),
  ]);
  const login = async (): Promise<string> => {
    const bootstrapToken = randomBytes(32).toString("base64url");
    await commit(table, [
      createSession({
        v: 1,
        version: 1,
        tokenHash: sha256Hex(bootstrapToken),
        kind: "bootstrap",
        sessionId: newId("session", Date.now()),
        personId,
        createdAtMs: Date.now(),
        expiresAtMs: Date.now() + 3_600_000,
      }),
    ]);
    return bootstrapToken;
  };
  const session = async () =>
    createClient({ baseUrl: stack.apiUrl, transport: fetchTransport })("createSession", {
      body: { bootstrapToken: await login() },
    });
  const headers = async (): Promise<Record<string, string>> => ({
    authorization: `Bearer ${(await session()).accessToken}`,
    ...(tenantId === undefined ? {} : { "steward-tenant": tenantId }),
  });
  return {
    personId,
    name,
    login,
    refreshToken: async () => (await session()).refreshToken ?? "",
    headers,
    async signIn() {
      const fixed = await headers();
      return createClient({ baseUrl: stack.apiUrl, transport: fetchTransport, headers: () => fixed });
    },
  };
}

/** Headers of a service token that the tenant's admin has made. */
export async function tokenHeaders(
  { stack }: Pick<Installation, "stack">,
  { people, things, tenantId }: Twin,
  role: "operator" | "admin",
): Promise<Record<string, string>> {
  const admin = await people.admin.signIn();
  const body = { name: `${things.word} ${role} script`, grants: [{ tenant: tenantId, role }], days: 1 };
  const { token, view } = await admin("createToken", { body });
  things.kept.add(view.id);
  const anybody = createClient({ baseUrl: stack.apiUrl, transport: fetchTransport });
  return { authorization: `Bearer ${(await anybody("createSession", { body: { token } })).accessToken}` };
}

export async function makeTwin(installation: Installation, word: string): Promise<Twin> {
  const { table } = installation;
  const nowMs = Date.now();
  const tenantId = newId("tenant", nowMs);
  await commit(table, [
    createTenant({
      v: 1,
      version: 1,
      tenantId,
      name: `${word} and sons`,
      createdAtMs: nowMs,
      heartbeatIntervalSeconds: 3_600,
      status: "active",
    }),
  ]);
  const things = createThings(word, tenantId);
  const personWith = (role: Role, name: string) =>
    makePerson(installation, { name: `${word} ${name}`, grants: [{ tenant: tenantId, role }] });
  const people = Object.fromEntries(
    await Promise.all(roles.map(async (role) => [role, await personWith(role, role)] as const)),
  ) as Record<Role, Person>;
  for (const { personId } of Object.values(people)) things.kept.add(personId);
  const spare = await personWith("viewer", "spare");
  things.addId(spare.personId);
  things.addValue("bootstrapToken", await spare.login());
  things.addValue("refreshToken", await spare.refreshToken());

  const issuerId = newId("issuer", nowMs);
  await commit(table, [
    createIssuer({
      v: 1,
      version: 1,
      issuerId,
      tenantId,
      name: `${word} issuer`,
      url: `https://login.${word}.example`,
      clientId: `${word}-client`,
      algorithms: ["ES256"],
      limitTo: tenantId,
      createdBy: people.admin.personId,
      createdAtMs: nowMs,
    }),
  ]);
  things.addId(issuerId);
  const admin = await people.admin.signIn();
  const machines: [string, string] = [`${word}-one`, `${word}-two`];
  const clients: [NodeClient, NodeClient] = [
    await makeMachine(installation, admin, things, machines[0]),
    await makeMachine(installation, admin, things, machines[1]),
  ];
  const invited = await admin("inviteNode", { body: { kind: "appliance", name: `${word}-three` } });
  things.addValue("token", invited.token);
  things.addId(invited.nodeId);
  things.addValue("machine", machines[0]);
  things.addValue("tag", `site:${word}`);
  const siblings = createThings(word, tenantId);
  siblings.addId(clients[1].identity.nodeId);
  await makeTasks(await people.operator.signIn(), things, siblings, clients);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await admin("createFreeze", { body: { scope: "tenant", reason: `${word} is on holiday`, until } });
  return { things, siblings, tenantId, people, machines, clients };
}

async function makeMachine(
  installation: Installation,
  admin: Client,
  things: Things,
  name: string,
): Promise<NodeClient> {
  const { word } = things;
  const { token } = await admin("inviteNode", {
    body: { kind: "appliance", name, tags: [`site:${word}`], doorbell: "pull" },
  });
  const stateDir = installation.machineDir(name);
  mkdirSync(stateDir, { recursive: true });
  const { apiUrl } = installation.stack;
  const { nodeId, keyFingerprint } = await enrol({ apiUrl, token, hostname: `${name}.${word}.example`, stateDir });
  await admin("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
  const client = await createNodeClient({ stateDir, serverCa: installation.serverCa });
  const conditions = [{ kind: "service", subject: `${word}.service`, level: "critical" as const }];
  await client.call("heartbeat", { body: { ...aHeartbeat, agentVersion: `1.0.0-${word}`, conditions } });
  const alerts = await vi.waitFor(
    async () => {
      const { items } = await admin("listAlerts", { query: { node: nodeId } });
      return items.length > 0 ? items : Promise.reject(new Error("no alert yet"));
    },
    { timeout: 30_000 },
  );
  things.addId(...alerts.map(({ id }) => id));
  await client.call("putFacts", {
    params: { nodeId },
    body: {
      hostname: `${name}.${word}.example`,
      users: [`${word}user`],
      shares: [`${word}share`],
      versions: { [word]: word },
    },
  });
  things.addId(nodeId);
  things.addValue("keyFingerprint", keyFingerprint);
  const { key = "", certificate = "" } = await readPair(stateDir, "current");
  const fingerprint = sha256Hex(new X509Certificate(certificate).raw);
  things.addValue("proof", signWith(key, renewalStatement({ use: "renew", fingerprint, csr })));
  return client;
}

export const aHeartbeat = {
  sequence: 1,
  // Nobody waits for the next one while the suite runs.
  intervalSeconds: 3_600,
  metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 0, uptimeSeconds: 1 },
  configRevision: 0,
};

/** Tasks in every state that one can rest in, and runs before, in and after their time on the first machine. */
async function makeTasks(
  operator: Client,
  things: Things,
  sibling: Things,
  [first, second]: [NodeClient, NodeClient],
): Promise<void> {
  const { word } = things;
  const targets = [first.identity.nodeId];
  const look = (on: string[]) =>
    operator("submitTask", { body: { steps: [{ action: "disk.usage", variables: {} }], targets: on } });
  const sent = (task: TaskView) => until(operator, task.id, (seen) => seen.runs?.[0]?.status === "sent");
  const say = (instruction: string) => operator("submitTask", { body: { instruction, targets } });
  const rested = (task: TaskView) => until(operator, task.id, ({ status }) => status !== "queued");

  const ended = await sent(await look(targets));
  await carryOut(first, ended, things);
  const waiting = await sent(await look(targets));
  const siblings = await sent(await look([second.identity.nodeId]));
  // A plan to say yes to, one that was refused, a question, a job for a model, and what was given up.
  const planned = await rested(await say(`add user ${word}`));
  const preview = await operator("previewTask", { params: { taskId: planned.id } });
  things.addId(preview.id, ...(preview.runs ?? []).map(({ id }) => id));
  const rejected = await rested(await say(`add user ${word}no`));
  await operator("rejectTask", { params: { taskId: rejected.id }, body: { reason: `${word} says no` } });
  await operator("giveFeedback", {
    params: { taskId: rejected.id },
    body: { verdict: "wrong", note: `${word} is wrong` },
  });
  await operator("escalateTask", { params: { taskId: rejected.id }, body: { note: `${word} wants help` } });
  // Somebody can say yes to it for always; the suite's own are made besides.
  const again = await operator("createSchedule", {
    body: {
      name: `${word}-nightly`,
      when: { cron: "0 3 * * *", timeZone: "Europe/Berlin" },
      steps: [{ action: "disk.usage", variables: {} }],
      targets,
    },
  });
  things.addId(again.id);
  const shown = await operator("getSchedule", { params: { scheduleId: again.id }, query: {} });
  things.addValue("standingHash", shown.now?.standingHash ?? "");
  things.addValue("definitionHash", shown.now?.definitionHash ?? "");
  const asked = await rested(await say("add a user"));
  const thought = await say(`onboard our new colleague ${word}`);
  const cancelled = await rested(await say(`add user ${word}off`));
  await operator("cancelTask", { params: { taskId: cancelled.id }, body: { reason: `${word} is gone` } });
  const others = [await rested(await say(`add user ${word}two`)), await rested(await say(`add user ${word}three`))];
  for (const task of [ended, ...others, asked, thought, waiting, rejected, cancelled, siblings, planned]) {
    things.addId(task.id);
    if (task.plan === undefined) continue;
    things.addValue("planHash", task.plan.planHash);
    things.addValue("digest", task.plan.steps[0]?.bundle ?? "");
  }
  // In front: the plan that can still be approved.
  things.values.set("planHash", [planned.plan?.planHash ?? "", ...(things.values.get("planHash") ?? [])]);
  sibling.addId(...(siblings.runs ?? []).map(({ id }) => id));
  for (const task of [waiting, ended, siblings]) things.addId(...(task.runs ?? []).map(({ id }) => id));
}

/** The run of an appliance that does nothing but say so. */
async function carryOut({ call }: NodeClient, task: TaskView, things: Things): Promise<void> {
  const { word } = things;
  const runId = task.runs?.[0]?.id ?? "";
  const params = { runId };
  const ledgerId = randomUUID();
  things.addValue("ledgerId", ledgerId);
  await call("getEnvelope", { params });
  await call("startRun", { params, body: { attempt: 1, ledgerId, executor: "simulate" } });
  const whole = Buffer.from(`${word} has written this\n`);
  const stored = gzipSync(whole);
  const chunk = { number: 0, sha256: hashOf(stored), bytes: stored.length };
  const place = await call("requestChunk", { params, body: { attempt: 1, ledgerId, ...chunk } });
  const { "content-length": _, ...headers } = place.headers;
  const put = await fetch(place.url, { method: "PUT", headers, body: new Uint8Array(stored) });
  if (!put.ok) throw new Error(`the output was not taken: ${put.status} ${await put.text()}`);
  await call("recordRun", {
    params,
    body: {
      attempt: 1,
      ledgerId,
      executor: "simulate",
      status: "simulated",
      reason: `${word} is done`,
      steps: [
        {
          action: "disk.usage",
          status: "simulated",
          changed: 0,
          durationMs: 1,
          reason: `${word} went well`,
          result: { word },
        },
      ],
      output: { chunks: [chunk], sha256: hashOf(whole), bytes: whole.length, truncated: false },
    },
  });
}

/** Takes the messages of the jobs that wait, as a worker does, for the secrets in them. */
export async function takeMessages(installation: Installation, twins: readonly Twin[]): Promise<void> {
  const { sqs } = installation.cloudAs("worker");
  for (const lane of lanes) {
    const { QueueUrl } = await sqs.send(
      new GetQueueUrlCommand({ QueueName: installation.names.queue(laneQueue(lane)) }),
    );
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) break;
      for (const { Body = "" } of Messages) {
        const { tenantId, jobId, secret } = laneMessageSchema.parse(JSON.parse(Body));
        const things = twins.find((twin) => twin.tenantId === tenantId)?.things;
        things?.addId(jobId);
        things?.addValue("secret", secret);
      }
    }
  }
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
