import { X509Certificate } from "node:crypto";
import { getPresence } from "@steward/aws/records/presence";
import { packMetrics } from "@steward/aws/records/presence-item";
import { type Heartbeat, heartbeatSchema } from "@steward/contracts/heartbeat";
import { problemSchema } from "@steward/contracts/problem";
import { submitTaskSchema } from "@steward/contracts/task";
import { readPair } from "@steward/node-client/identity";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { z } from "zod";
import { arbitraryOf } from "../support/arbitrary-of-schema.ts";
import { type Installation, readEveryItem, startInstallation } from "../support/installation.ts";
import { judge, type Shot, shotsOf } from "../support/mutated-bodies.ts";
import { openNodesDoor } from "../support/nodes-door.ts";
import { chooseSeed } from "../support/seeded.ts";

/*
 * Ten thousand bodies at each of the two doors of a whole installation: made from the schemas, most of them spoilt. What a
 * body is, the schema says; never is the answer a fault, never does one that is none write anything, and of the others the
 * right thing is there afterwards.
 */

const bodies = 10_000;
const machines = ["fuzz-01", "fuzz-02", "fuzz-03", "fuzz-04"];
const worker = "fuzz-worker";
const many = "9999/99999";

let installation: Installation;
const seed = chooseSeed();

beforeAll(async () => {
  // Nothing else writes meanwhile: no fleet, and no deadline comes round.
  installation = await startInstallation({
    appliances: 0,
    reconcileSeconds: 3_000,
    sweepSeconds: 3_000,
    functionEnv: { STEWARD_RATE_LIMITS: `principal=${many},tenant=${many},source=${many}` },
  });
  for (const name of machines) await installation.enrol("appliance", name, "acme");
  await installation.enrol("worker", worker, "provider");
  await installation.as("provider")("setTenantLimits", {
    params: { tenantId: installation.tenantId("acme") },
    body: { tasksPerDay: 100_000_000, queuedJobs: 1_000_000 },
  });
  console.log(`fuzz: STEWARD_SEED=${seed}`);
});
afterAll(() => installation?.close());

interface Answer {
  status: number;
  text: string;
}
type Good<Body> = Shot & { kind: "valid" | "odd"; body: Body };

function judged<Schema extends z.ZodType>(
  schema: Schema,
  words: readonly string[],
): { bad: Shot[]; good: Good<z.output<Schema>>[] } {
  const shots = fc.sample(shotsOf(arbitraryOf(schema, { words })), { numRuns: bodies, seed });
  const bad: Shot[] = [];
  const good: Good<z.output<Schema>>[] = [];
  for (const shot of shots) {
    const verdict = judge(schema, shot);
    if (verdict.kind === "invalid") bad.push(shot);
    else good.push({ ...shot, ...verdict });
  }
  // A generator that makes nothing but one kind proves nothing about the other.
  for (const list of [bad, good]) expect(list.length).toBeGreaterThan(bodies / 20);
  return { bad, good };
}

/** What a refused body must leave as it was: everything but what counts calls, and what is written by the clock. */
async function everything(): Promise<Map<string, string>> {
  const items = await readEveryItem(installation.table);
  const counted = /^SYS#(?:RATE|WAIT|LIMIT|SEAL)\b|^T#[^#]+#(?:LIMIT|AUDIT|DENIALS?)\b/;
  return new Map([...items].filter(([key]) => !counted.test(key)));
}

/** Sends to `lanes` at a time, each lane one after the other. */
async function inLanes<T>(
  lists: readonly (readonly T[])[],
  work: (item: T, lane: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    lists.map(async (list, lane) => {
      for (const item of list) await work(item, lane);
    }),
  );
}
const split = <T>(list: readonly T[], lanes: number): T[][] =>
  Array.from({ length: lanes }, (_, lane) => list.filter((_one, index) => index % lanes === lane));

const shown = ({ bytes, contentType, how }: Shot) => `${how} (${contentType}): ${bytes.toString().slice(0, 300)}`;

/** A client's fault, told as such: a stable code, and nothing of what went on inside. */
function expectRefused(shot: Shot, { status, text }: Answer): void {
  // 422: a text looks like a secret, which is refused before its shape is looked at.
  expect([400, 413, 415, 422], `${status} for ${shown(shot)}\n${text}`).toContain(status);
  expect(problemSchema.safeParse(JSON.parse(text)).success, `${text} for ${shown(shot)}`).toBe(true);
  expect(text).not.toMatch(/node_modules|\.ts:\d|at [A-Z]\w+\./);
}

it("10,000 heartbeats: no fault, nothing written by what is none, and what is one is stored", async () => {
  const { bad, good } = judged(heartbeatSchema, []);
  const names = [...machines, worker];
  const doors = await Promise.all(names.map((name) => openNodesDoor(installation, name)));
  const nodeIds = await Promise.all(
    names.map(async (name) => {
      const { certificate = "" } = await readPair(installation.machineDir(name), "current");
      return /CN=(\w+)/.exec(new X509Certificate(certificate).subject)?.[1] ?? "";
    }),
  );
  const send = (shot: Shot, lane: number) =>
    doors[lane]?.send("/api/v1/heartbeat", shot.bytes, shot.contentType) ?? Promise.reject(new Error("no door"));
  try {
    const before = await everything();
    await inLanes(split(bad, names.length), async (shot, lane) => expectRefused(shot, await send(shot, lane)));
    expect(await everything()).toEqual(before);

    // In the order of their sequences, so that most are news to the server; those that are not are told so.
    const inOrder = good.toSorted((a, b) => a.body.sequence - b.body.sequence);
    const stored: (Heartbeat | undefined)[] = names.map(() => undefined);
    let accepted = 0;
    await inLanes(split(inOrder, names.length), async (shot, lane) => {
      const heartbeat = shot.body;
      const answer = await send(shot, lane);
      if (shot.kind === "odd" && answer.status === 400) {
        expectRefused(shot, answer);
        return;
      }
      expect(answer.status, `${answer.text} for ${shown(shot)}`).toBe(200);
      // The same sequence again is the retry of one whose answer was lost: what is stored stays.
      if (heartbeat.sequence !== stored[lane]?.sequence) stored[lane] = heartbeat;
      accepted += 1;
      const now = stored[lane];
      if (accepted % 20 !== 0 || now === undefined) return;
      const presence = await getPresence(installation.table, nodeIds[lane] ?? "");
      expect(presence, shown(shot)).toMatchObject({ sequence: now.sequence, intervalSeconds: now.intervalSeconds });
      expect(packMetrics(presence?.m1)).toEqual(packMetrics(now.metrics));
      expect(now.agentVersion.startsWith(presence?.agentVersion ?? "-")).toBe(true);
      if (now.factsDigest !== undefined) expect(presence?.factsDigest).toBe(now.factsDigest);
      if (names[lane] === worker && now.capacity !== undefined) expect(presence?.capacity).toEqual(now.capacity);
    });
    expect(accepted).toBeGreaterThan(bodies / 20);
  } finally {
    for (const door of doors) door.close();
  }
}, 600_000);

it("10,000 tasks: no fault, nothing written by what is none, and exactly what was accepted is there", async () => {
  const people = (await installation.as("acme")("listPrincipals", { query: {} })).items.map(({ id }) => id);
  const words = [
    "all",
    ...machines.slice(0, 2),
    "users.add",
    "system.ping",
    "username",
    "john",
    "add user john",
    ...people,
  ];
  const { bad, good } = judged(submitTaskSchema, words);
  // How many of the others name an action and an appliance that there are is up to chance.
  const right = Array.from({ length: 100 }, (_, index): Shot => {
    const body = { instruction: `add user john${index}`, targets: [machines[index % machines.length]] };
    return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json", how: "right" };
  });
  const send = async ({ bytes, contentType }: Shot): Promise<Answer> => {
    const response = await fetch(`${installation.stack.apiUrl}/api/v1/tasks`, {
      method: "POST",
      headers: {
        ...installation.stack.headersOf("acme"),
        ...(contentType === undefined ? {} : { "content-type": contentType }),
      },
      body: new Uint8Array(bytes),
    });
    return { status: response.status, text: await response.text() };
  };

  const before = await everything();
  await inLanes(split(bad, 8), async (shot) => expectRefused(shot, await send(shot)));
  expect(await everything()).toEqual(before);

  const accepted = new Set<string>();
  await inLanes(split([...good, ...right], 8), async (shot) => {
    const answer = await send(shot);
    if (shot.how === "right") expect(answer.status, answer.text).toBe(202);
    // The shape is right; whether such an appliance and such an action are there is another matter.
    expect([202, 400, 403, 422], `${answer.status} ${answer.text} for ${shown(shot)}`).toContain(answer.status);
    if (answer.status === 202) accepted.add((JSON.parse(answer.text) as { id: string }).id);
  });
  expect(accepted.size).toBeGreaterThanOrEqual(right.length);
  const tasks = [...(await everything()).keys()].filter((key) => /^T#[^#]+#TASK /.test(key));
  expect(new Set(tasks.map((key) => key.split(" ")[1]))).toEqual(accepted);
}, 600_000);
