import { setTimeout as wait } from "node:timers/promises";
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, beforeAll, expect, it } from "vitest";
import { alarmDefinitions } from "../../packages/functions/src/alarms.ts";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import { atATime } from "../support/load.ts";
import { persistently } from "../support/persistently.ts";
import type { ModelRequest, Script } from "../support/scripted-models.ts";
import { startWithModels, type WithModels } from "../support/with-models.ts";

/*
 * Executor: none, nothing is run. A real worker with eight slots, whose models are scripted: a job takes 100 ms. Of one
 * tenant's jobs four at a time are in the lane.
 */
const slots = 8;
const window = 4;
const serviceMs = 100;
const floodJobs = 60;
/** Some questions, and never all of them. */
const floodBudgetUsd = 0.1;

let world: WithModels;
/** What was asked of workers, oldest first, and how much of it at one time. */
const begun: { name: string; atMs: number }[] = [];
const atClaude: string[] = [];
/** So much of the flood is accepted: until then no job of it ends, and without a window all slots would be its own. */
const fills = 24;
const isThere = Promise.withResolvers<void>();
let ofTheFlood = 0;
let mostOfTheFlood = 0;
let atWork = 0;
let mostAtWork = 0;

beforeAll(async () => {
  const many = "500/5000";
  world = await startWithModels({
    heartbeatIntervalSeconds: 1,
    functionEnv: { STEWARD_RATE_LIMITS: `principal=${many},tenant=${many},source=${many}` },
  });
  world.models.script(worker);
  world.claude.script((request) => {
    atClaude.push(nameIn(request));
    return understood(nameIn(request));
  });
  const { installation } = world;
  await installation.as("provider")("setTenantLimits", {
    params: { tenantId: installation.tenantId("acme") },
    body: { queuedJobs: floodJobs, modelUsdPerMonth: floodBudgetUsd },
  });
}, 60_000);
afterAll(() => world.close());

const nameIn = ({ prompt }: ModelRequest): string => [...prompt.matchAll(/colleague (\w+)/g)].at(-1)?.[1] ?? "";
const understood = (name: string): Script => ({
  kind: "answer",
  json: {
    understood: `Add the user ${name}.`,
    outOfScope: false,
    steps: [{ action: "users.add", variables: { username: name } }],
  },
});
async function worker(request: ModelRequest): Promise<Script> {
  const name = nameIn(request);
  const flood = name.startsWith("flood");
  begun.push({ name, atMs: Date.now() });
  atWork += 1;
  mostAtWork = Math.max(mostAtWork, atWork);
  if (flood) ofTheFlood += 1;
  mostOfTheFlood = Math.max(mostOfTheFlood, ofTheFlood);
  if (flood) await isThere.promise;
  await wait(serviceMs);
  atWork -= 1;
  if (flood) ofTheFlood -= 1;
  return understood(name);
}
const ask = (tenant: string, appliance: string, name: string): Promise<TaskView> =>
  persistently(
    () =>
      world.installation.as(tenant)("submitTask", {
        body: { instruction: `onboard our new colleague ${name}`, targets: [appliance] },
        idempotencyKey: name,
      }),
    { untilMs: Date.now() + 30_000 },
  );
async function untilBegun(what: string, hasBegun: () => boolean): Promise<void> {
  const lateMs = Date.now() + 60_000;
  while (!hasBegun()) {
    if (Date.now() > lateMs) throw new Error(`${what} has not begun; of all ${begun.length} have`);
    await wait(5);
  }
}
const applianceOf = (tenant: string) => demoAppliances(6).find((one) => one.tenant === tenant)?.name ?? expect.fail();
/** How a tenant's tasks have ended, once a model thinks about none of them. One look for all: each looks for work, too. */
async function endsOf(tenant: string, withinMs: number): Promise<string[]> {
  const call = world.installation.as(tenant);
  const lateMs = Date.now() + withinMs;
  while ((await call("listTasks", { query: { status: "thinking", limit: 1 } })).items.length > 0) {
    if (Date.now() > lateMs) throw new Error(`models still think for ${tenant}`);
    await wait(200);
  }
  const { items } = await call("listTasks", { query: { limit: 200 } });
  return items.map(({ status }) => status);
}
const modelSpendOf = async (tenant: string) => {
  const { quotas } = await world.installation.as(tenant)("getLimits", {});
  return quotas.find(({ quota }) => quota === "modelUsdPerMonth") ?? expect.fail();
};

it("a flood fills its window and no more, keeps another tenant waiting for it and two services at most, and costs that one nothing", async () => {
  const names = Array.from({ length: floodJobs }, (_, index) => `flood${String(index).padStart(3, "0")}`);
  let accepted = 0;
  const submitting = atATime(16, names, async (name) => {
    const task = await ask("acme", applianceOf("acme"), name);
    accepted += 1;
    if (accepted === fills) isThere.resolve();
    return task;
  });
  // In the middle of it.
  await untilBegun("a quarter of the flood", () => begun.length >= floodJobs / 4);
  const { status } = await ask("birch", applianceOf("birch"), "neighbour");
  const askedAtMs = Date.now();
  expect(status).toBe("thinking");
  await untilBegun("the neighbour", () => begun.some(({ name }) => name === "neighbour"));
  const at = begun.findIndex(({ name }) => name === "neighbour");
  const waitedMs = (begun[at]?.atMs ?? 0) - askedAtMs;
  const before = begun.slice(0, at).filter(({ atMs }) => atMs >= askedAtMs).length;

  await submitting;
  const ends = await endsOf("acme", 90_000);
  const [flood, neighbour] = [await modelSpendOf("acme"), await modelSpendOf("birch")];
  console.log(
    `fairness: ${floodJobs} jobs of one tenant; the other one waited ${waitedMs} ms, while ${before} of the flood began ` +
      `(a job takes ${serviceMs} ms, ${slots} slots, a window of ${window}); ${mostOfTheFlood} of the flood at work at most; ` +
      `${atClaude.length} went to Claude for $${flood.used.toFixed(3)} of $${flood.limit}`,
  );
  expect(mostOfTheFlood).toBe(window);
  expect(mostAtWork).toBeLessThanOrEqual(slots);
  // In so many services as the window takes with these slots, and two more, a window's worth of the flood can begin each.
  expect(before).toBeLessThanOrEqual(window * (Math.ceil(window / slots) + 2));
  // Nothing is lost, and nothing is asked of workers twice.
  expect(ends).toEqual(names.map(() => "awaiting_approval"));
  expect(new Set(begun.map(({ name }) => name)).size).toBe(begun.length);
  // Whatever the flood did at Claude's, it paid for: never more than it may, and nothing of the other's.
  expect(flood.used).toBeLessThanOrEqual(floodBudgetUsd);
  expect(neighbour.used).toBe(0);
  expect(atClaude).not.toContain("neighbour");
}, 180_000);

it("one message in ten that nobody can read: nine succeed, one is among the dead letters, and an alarm is on them", async () => {
  const { installation } = world;
  const { sqs } = installation.cloudAs("reconcile");
  const { QueueUrl } = await sqs.send(
    new GetQueueUrlCommand({ QueueName: installation.names.queue("inference-express") }),
  );
  const names = Array.from({ length: 9 }, (_, index) => `good${index}`);
  const poison = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"v":1,"jobId":' }));
  await Promise.all(names.map((name) => ask("cedar", applianceOf("cedar"), name)));
  await poison;
  expect(await endsOf("cedar", 30_000)).toEqual(names.map(() => "awaiting_approval"));
  const lateMs = Date.now() + 20_000;
  const express = async () =>
    (await installation.as("provider")("queueStatus", {})).queues.find(({ name }) => name === "inference-express");
  while ((await express())?.deadLetters !== 1 && Date.now() < lateMs) await wait(100);
  expect(await express()).toMatchObject({ deadLetters: 1, queued: 0 });
  const alarms = alarmDefinitions(installation.stack.stage);
  expect(alarms.some(({ id }) => id.endsWith("inference-express-dead-letters"))).toBe(true);
}, 60_000);
