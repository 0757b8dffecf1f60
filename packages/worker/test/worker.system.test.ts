import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { CompleteJob, ReleaseJob } from "@steward/contracts/job";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { enrol } from "../../node-client/src/enrol.ts";
import { type Clock, systemClock } from "../../node-client/src/clock.ts";
import { createNodeClient, type NodeClient } from "../../node-client/src/node-client.ts";
import { type NodesDoor, startNodesDoor } from "../../node-client/test/support/nodes-door.ts";
import { until } from "../../node-client/test/support/until.ts";
import { startWorker, type Worker, type WorkerOptions } from "../src/worker.ts";
import { startScriptedOllama } from "./support/scripted-ollama.ts";
import { startScriptedSqs } from "./support/scripted-sqs.ts";

const stage = "test";
const express = "steward-test-inference-express";
const standard = "steward-test-inference-standard";
const bulk = "steward-test-inference-bulk";
const workerId = newId("worker", 1);
const own = `steward-test-inference-${workerId}`;
const tenantId = newId("tenant", 1);
const schema = { type: "object", properties: { understood: { type: "string" } } };

let dir = "";
let door: NodesDoor;
let client: NodeClient;
let sqs: Awaited<ReturnType<typeof startScriptedSqs>>;
let ollama: Awaited<ReturnType<typeof startScriptedOllama>>;
let workers: Worker[] = [];
let events: string[] = [];
let lease = { deadlineInMs: 30_000, leaseInMs: 20_000 };
let attempts = 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-worker-"));
  [door, sqs, ollama] = await Promise.all([startNodesDoor(), startScriptedSqs(), startScriptedOllama()]);
  workers = [];
  events = [];
  attempts = 0;
  lease = { deadlineInMs: 30_000, leaseInMs: 20_000 };
  door.admits({ nodeId: workerId, kind: "worker", name: "gpu" });
  const claims = new Map<string, number>();
  door.on("claimJob", ({ body }) => {
    const { claimId } = body as { claimId: string };
    if (!claims.has(claimId)) {
      attempts += 1;
      claims.set(claimId, attempts);
    }
    return { attempt: claims.get(claimId), ...lease, kind: "plan", system: "You plan.", prompt: "add john", schema };
  });
  door.on("progressJob", () => ({ leaseInMs: lease.leaseInMs }));
  door.on("completeJob", () => ({ accepted: true, status: "succeeded" }));
  door.on("releaseJob", () => undefined);
  await enrol({ apiUrl: door.apiUrl, token: "token", hostname: "gpu", stateDir: dir });
  client = await createNodeClient({ stateDir: dir, serverCa: door.ca.pem });
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.drain(0)));
  await client.close();
  await Promise.all([door.close(), sqs.close(), ollama.close()]);
  await rm(dir, { recursive: true, force: true });
});

async function start(slots = 4, over: Partial<WorkerOptions> = {}): Promise<Worker> {
  const worker = await startWorker({
    client,
    stateDir: dir,
    sqs: sqs.client,
    stage,
    ollamaHost: ollama.host,
    settings: { slots },
    runTool: async () => ({ kind: "absent" }),
    log: (event) => events.push(event),
    random: () => 0.05,
    ...over,
  });
  workers.push(worker);
  return worker;
}
const send = (queue = express, more: object = {}) => {
  const jobId = newId("job", Date.now());
  sqs.send(queue, { v: 1, tenantId, jobId, secret: "secret", ...more });
  return jobId;
};
const bodyOf = async <T>(route: "completeJob" | "releaseJob") =>
  (await until(route, () => door.callsOf(route)[0])).body as T;
const messageDone = () => until("the message is deleted", () => sqs.deleted.length === 1);
const count = (event: string) => events.filter((one) => one === event).length;

describe("a job", () => {
  it("is claimed, asked of the model with its schema, and completed with exactly the model's words", async () => {
    ollama.answer({ pieces: ['{"understood":', '"yes"}'] });
    const worker = await start();
    const jobId = send();
    expect(await bodyOf<CompleteJob>("completeJob")).toMatchObject({
      tenantId,
      attempt: 1,
      output: '{"understood":"yes"}',
      model: "llama3.2:3b",
      promptTokens: 7,
      completionTokens: 3,
    });
    await messageDone();
    expect(door.callsOf("claimJob")[0]).toMatchObject({ params: { jobId }, body: { tenantId, secret: "secret" } });
    expect(ollama.chats[0]).toMatchObject({
      model: "llama3.2:3b",
      stream: true,
      format: schema,
      messages: [
        { role: "system", content: "You plan." },
        { role: "user", content: "add john" },
      ],
    });
    expect(sqs.visibility[0]?.seconds).toBe(21);
    await until("the slot is free", () => worker.status().used === 0);
  });

  it("is claimed once and completed, though every reply is lost once", async () => {
    door.loseReplies("claimJob", 1);
    door.loseReplies("completeJob", 1);
    await start();
    send();
    await messageDone();
    const claims = door.callsOf("claimJob").map(({ body }) => (body as { claimId: string }).claimId);
    expect(claims).toHaveLength(2);
    expect(new Set(claims).size).toBe(1);
    expect(door.callsOf("completeJob").map(({ body }) => (body as CompleteJob).attempt)).toEqual([1, 1]);
    expect(ollama.chats).toHaveLength(1);
  });

  it("that was refused for good is forgotten; one that somebody else holds is left", async () => {
    door.on("claimJob", () => {
      throw new AppError("stale_attempt", "not the newest message");
    });
    await start();
    send();
    await messageDone();
    door.on("claimJob", () => {
      throw new AppError("conflict", "leased");
    });
    send();
    await until("the second claim", () => count("job.ended") === 2);
    expect(sqs.deleted).toHaveLength(1);
    expect(ollama.chats).toHaveLength(0);
  });

  it.each([
    ["the server of today", new AppError("conflict", "in quarantine", { details: { shutOut: true } })],
    ["one of an older version", new AppError("forbidden", "in quarantine")],
  ])("is left to others by a worker that %s shuts out, which takes no more of them", async (_, refusal) => {
    const clock = jumpingClock();
    door.on("claimJob", () => {
      throw refusal;
    });
    const worker = await start(4, { clock });
    await until("the lanes", () => sqs.waiting().length === 3);
    for (const queue of [express, standard, bulk, express, express]) send(queue);
    await until("it keeps from the queues", () => !worker.status().ready && worker.status().polling.length === 0);
    await until("all ends", () => worker.status().used === 0);
    // Each that came was put back at once.
    expect(sqs.deleted).toEqual([]);
    expect(sqs.visibility.length).toBeGreaterThan(0);
    expect(sqs.visibility.every(({ seconds }) => seconds === 0)).toBe(true);
    expect(count("worker.shut_out")).toBe(1);
    await worker.beat();
    expect(door.callsOf("heartbeat").at(-1)?.body).toMatchObject({
      conditions: [{ kind: "queues", level: "warning" }],
    });

    // It is well again: it asks, and is answered.
    door.on("claimJob", () => ({
      attempt: 1,
      ...lease,
      kind: "plan",
      system: "You plan.",
      prompt: "add john",
      schema,
    }));
    clock.jump(301_000);
    send();
    await until("a job is done", () => sqs.deleted.length > 0);
  });

  it("keeps its lease by progress at most every third of it, and hides its message as long", async () => {
    lease = { deadlineInMs: 30_000, leaseInMs: 1_500 };
    ollama.answer({ pieces: Array.from({ length: 30 }, () => "a"), pauseMs: 100 });
    await start();
    send();
    await bodyOf("completeJob");
    const told = door.callsOf("progressJob").length;
    expect(told).toBeGreaterThanOrEqual(2);
    expect(told).toBeLessThanOrEqual(7);
    // The last of them may still be on its way when the job is completed.
    await until("the message is hidden for the last time", () => sqs.visibility.length >= told + 1);
    expect(sqs.visibility.length).toBe(told + 1);
  });

  it("whose lease went to somebody else is dropped without another word", async () => {
    lease = { deadlineInMs: 30_000, leaseInMs: 1_500 };
    door.on("progressJob", () => {
      throw new AppError("stale_attempt", "not yours");
    });
    ollama.answer({ pieces: Array.from({ length: 100 }, () => "a"), pauseMs: 20 });
    await start();
    send();
    await until("the end", () => count("job.ended") === 1);
    expect(door.callsOf("completeJob")).toHaveLength(0);
    expect(door.callsOf("releaseJob")).toHaveLength(0);
    expect(sqs.deleted).toHaveLength(0);
    await until("the model is left alone", () => ollama.open() === 0);
  });

  it("whose completion comes too late writes nothing more and leaves its message", async () => {
    door.on("completeJob", () => {
      throw new AppError("stale_attempt", "not yours");
    });
    await start();
    send();
    await until("the end", () => count("job.ended") === 1);
    expect(door.callsOf("completeJob")).toHaveLength(1);
    expect(sqs.deleted).toHaveLength(0);
  });
});

/** Time passes as usual; `jump` lets some of it pass at once, for those too who sleep. */
function jumpingClock(): Clock & { jump: (ms: number) => void; slept: readonly number[] } {
  const slept: number[] = [];
  let aheadMs = 0;
  let jumped = new AbortController();
  return {
    /** How long each of those who sleep, or have slept, meant to. */
    slept,
    monotonicMs: () => performance.now() + aheadMs,
    async sleep(ms, signal) {
      slept.push(ms);
      const untilMs = performance.now() + aheadMs + ms;
      for (;;) {
        const leftMs = untilMs - performance.now() - aheadMs;
        if (leftMs <= 0 || signal?.aborted) return;
        const wakes = signal === undefined ? [jumped.signal] : [jumped.signal, signal];
        await systemClock.sleep(leftMs, AbortSignal.any(wakes));
      }
    },
    jump(ms) {
      aheadMs += ms;
      const before = jumped;
      jumped = new AbortController();
      before.abort();
    },
  };
}

it("a model server that fails job after job gets no more of them, until it has answered a question that is nobody's", async () => {
  ollama.answer({ status: 500 });
  const clock = jumpingClock();
  const worker = await start(1, { clock });
  for (let job = 1; job <= 5; job += 1) {
    send();
    await until("it is given back", () => door.callsOf("releaseJob").length === job);
  }
  await until("it stops pulling", () => !worker.status().ready && worker.status().polling.length === 0);
  const asked = ollama.chats.length;
  const naps = clock.slept.length;
  send();
  clock.jump(16_000);
  // Still broken: the question is ours, and the job waits in its queue untouched.
  await until("it is tried", () => ollama.chats.length === asked + 1);
  // The pause begins when the worker has seen that it failed: a jump before that would be no part of it.
  await until("it waits twice as long", () => clock.slept.slice(naps).some((ms) => ms > 29_000 && ms <= 30_000));
  ollama.answer({ pieces: ["{}"] });
  clock.jump(31_000);
  await bodyOf("completeJob");
  expect(door.callsOf("claimJob")).toHaveLength(6);
  expect(count("models.failing")).toBe(1);
  expect(count("models.answer_again")).toBe(1);
});

describe("a model that", () => {
  const gaveBack = async (reason: ReleaseJob["reason"]) => {
    expect(await bodyOf<ReleaseJob>("releaseJob")).toMatchObject({ tenantId, attempt: 1, reason });
    await messageDone();
    expect(door.callsOf("completeJob")).toHaveLength(0);
    await until("nothing is left open", () => ollama.open() === 0);
  };

  it("never begins is cut before its lease ends", async () => {
    lease = { deadlineInMs: 30_000, leaseInMs: 400 };
    ollama.answer({ hang: true });
    await start();
    send();
    await gaveBack("model_timeout");
  });

  it("hangs in the middle is cut", async () => {
    lease = { deadlineInMs: 500, leaseInMs: 20_000 };
    ollama.answer({ pieces: ["{", '"a'], end: "hang" });
    await start();
    send();
    await gaveBack("model_timeout");
  });

  it("is slow but alive is cut at the deadline", async () => {
    lease = { deadlineInMs: 600, leaseInMs: 200 };
    ollama.answer({ pieces: Array.from({ length: 500 }, () => "a"), pauseMs: 10 });
    await start();
    send();
    await gaveBack("model_timeout");
    expect(door.callsOf("progressJob").length).toBeGreaterThan(1);
  });

  it.each([
    ["answers 500", { status: 500 }, "model_error"],
    ["is not there", { status: 404 }, "model_unavailable"],
    ["breaks off", { pieces: ["{"], end: "close" }, "model_error"],
    ["reports an error in the stream", { pieces: ["{"], end: "error" }, "model_error"],
    ["never stops writing", { pieces: ["a".repeat(70_000)] }, "model_error"],
  ] as const)("%s gives the job back", async (_, script, reason) => {
    ollama.answer("pieces" in script ? { ...script, pieces: [...script.pieces] } : script);
    await start();
    send();
    await gaveBack(reason);
  });
});

describe("pulling", () => {
  it("long-polls every lane while there are slots, and a second job does not wait for the first", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    const worker = await start(4);
    await until("the lanes", () => sqs.waiting().length === 3);
    expect(sqs.receives.map(({ queue, waitSeconds }) => [queue, waitSeconds])).toEqual([
      [express, 20],
      [standard, 20],
      [bulk, 20],
    ]);
    send(express);
    send(standard);
    await until("both jobs", () => ollama.chats.length === 2);
    expect(worker.status()).toMatchObject({ slots: 4, used: 2 });
    expect(
      (await until("a beat with both", async () => (await worker.beat()) && door.callsOf("heartbeat").at(-1)))?.body,
    ).toMatchObject({
      capacity: { slots: 4, used: 2 },
      models: ["llama3.2:3b"],
      draining: false,
    });
  });

  it("with one slot goes round the lanes, and asks for nothing while it works", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    await start(1);
    await until("a glance at each, then a second", () => sqs.receives.length >= 9);
    expect(sqs.receives.slice(0, 9).map(({ queue, waitSeconds }) => [queue, waitSeconds])).toEqual([
      ...[express, express, express, standard, standard, standard, express, bulk].map((queue) => [queue, 0]),
      [express, 1],
    ]);
    send(express);
    await until("the job", () => ollama.chats.length === 1);
    expect(sqs.waiting()).toEqual([]);
  });

  it("takes from its own queue first, with the model of the lane that the message names", async () => {
    sqs.create(own);
    ollama.setModels(["llama3.2:3b", "llama3.1:8b"]);
    const last = send(express);
    const first = send(own, { lane: "express" });
    const second = send(own);
    await start(1);
    await until("all three", () => sqs.deleted.length === 3);
    expect(door.callsOf("claimJob").map(({ params }) => params["jobId"])).toEqual([first, second, last]);
    expect(ollama.chats.map(({ model }) => model)).toEqual(["llama3.2:3b", "llama3.1:8b", "llama3.2:3b"]);
  });

  it("goes on with the lanes when its own queue is removed", async () => {
    sqs.create(own);
    await start(1);
    await until("the own queue is asked", () => sqs.receives.some(({ queue }) => queue === own));
    sqs.remove(own);
    send(express);
    await messageDone();
    await until("it was told once", () => count("queue.unreachable") === 1);
    const asked = () => sqs.receives.filter(({ queue }) => queue === own).length;
    const before = asked();
    const rounds = sqs.receives.length + 2;
    await until("it goes on", () => sqs.receives.length > rounds);
    expect(asked()).toBe(before);
  });

  it("goes on with the lanes while its own queue fails, and takes from it when it answers again", async () => {
    sqs.create(own);
    sqs.fail(own);
    await start(1);
    await until("the own queue is asked", () => sqs.receives.some(({ queue }) => queue === own));
    send(express);
    await messageDone();
    expect(count("queue.unreachable")).toBe(1);
    sqs.fail(own, false);
    const jobId = send(own);
    await until("its job", () => sqs.deleted.length === 2, 20_000);
    expect(door.callsOf("claimJob").at(-1)?.params).toEqual({ jobId });
    expect(count("queue.answers_again")).toBe(1);
  });

  it("takes the next job while it tells the answer of the one before, and waits when as many as it has slots are untold", async () => {
    let isAway = true;
    door.on("completeJob", () => {
      if (isAway) throw new AppError("unavailable", "scripted");
      return { accepted: true, status: "succeeded" };
    });
    const worker = await start(1);
    const jobs = [send(), send(), send()];
    const told = () => new Set(door.callsOf("completeJob").map(({ params }) => params["jobId"]));
    await until("two answers that nobody takes", () => told().size === 2);
    await until("they are told again", () => door.callsOf("completeJob").length > 5);
    expect(worker.status().used).toBe(1);
    expect(ollama.chats).toHaveLength(2);
    expect(sqs.waiting()).toEqual([]);
    // A drain waits for both.
    const drained = worker.drain(20_000);
    isAway = false;
    await drained;
    expect([...told()]).toEqual(jobs.slice(0, 2));
    expect(sqs.deleted).toHaveLength(2);
  });

  it("with more slots takes more at the same time, at once; with fewer it takes no more, and leaves what runs", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    const worker = await start(1);
    for (const queue of [express, express, standard, bulk]) send(queue);
    await until("one", () => ollama.chats.length === 1);
    worker.resize(3);
    await until("three", () => ollama.chats.length === 3);
    worker.resize(2);
    expect(worker.status()).toMatchObject({ slots: 2, used: 3 });
    await until("the heartbeat says so", () =>
      door.callsOf("heartbeat").some(({ body }) => (body as { capacity: { slots: number } }).capacity.slots === 2),
    );
    expect(ollama.open()).toBe(3);
    expect(sqs.waiting()).toEqual([]);
  });

  it("eight workers take bursts of jobs, each job once, and none ever has more at work than slots", async () => {
    const slots = 2;
    let over = 0;
    const look = () => {
      for (const worker of workers) if (worker.status().used > slots) over += 1;
      return { attempt: 1, ...lease, kind: "plan", system: "You plan.", prompt: "add john", schema };
    };
    door.on("claimJob", look);
    ollama.answer({ pieces: ["{", "}"], pauseMs: 3 });
    for (let index = 0; index < 8; index += 1) await start(slots);
    const sent: string[] = [];
    for (const burst of [40, 40]) {
      for (let index = 0; index < burst; index += 1) sent.push(send([express, standard, bulk][index % 3]));
      await until("the burst is done", () => sqs.deleted.length === sent.length, 20_000);
    }
    expect(over).toBe(0);
    expect(ollama.mostOpen()).toBeGreaterThan(slots);
    expect(ollama.mostOpen()).toBeLessThanOrEqual(8 * slots);
    const claimed = door.callsOf("claimJob").map(({ params }) => (params as { jobId: string }).jobId);
    expect(claimed.toSorted()).toEqual(sent.toSorted());
  });

  it("begins only when a wanted model is there, and says so once", async () => {
    ollama.setModels(["other:1b"]);
    const worker = await start();
    await until("a few looks", () => count("models.unavailable") === 1 && worker.status().models.length === 1);
    expect(sqs.receives).toHaveLength(0);
    ollama.setUp(false);
    await until("it is gone", () => worker.status().models.length === 0);
    ollama.setModels(["llama3.2:3b"]);
    ollama.setUp(true);
    await until("the lanes", () => sqs.waiting().length === 3);
    expect(count("models.unavailable")).toBe(1);
    expect(count("models.ready")).toBe(1);
  });

  it("leaves a message that cannot be read to the dead letters", async () => {
    await start();
    sqs.send(express, "not json");
    // Put back at once: the queue's receive count has it among the dead letters within seconds.
    await until("it is put back", () => sqs.visibility.some(({ seconds }) => seconds === 0));
    expect(count("message.unreadable")).toBe(1);
    expect(sqs.deleted).toEqual([]);
    expect(door.callsOf("claimJob")).toEqual([]);
  });

  it("never aborts a receive before the end", async () => {
    await start();
    send();
    await messageDone();
    send(standard);
    await until("both messages", () => sqs.deleted.length === 2);
    expect(sqs.receives.filter(({ aborted }) => aborted)).toEqual([]);
  });
});

describe("the status file", () => {
  const read = async () => JSON.parse(await readFile(join(dir, "status.json"), "utf8")) as { used: number };
  it("says how many jobs run, while they run and after", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    const worker = await start();
    expect(await until("the first", () => read().catch(() => undefined))).toMatchObject({ slots: 4, used: 0 });
    send();
    send(standard);
    await until("both jobs", async () => (await read()).used === 2);
    await worker.drain(0);
    expect(await read()).toMatchObject({ used: 0, draining: true });
  });
});

describe("draining", () => {
  it("finishes what fits and takes no more", async () => {
    ollama.answer({ pieces: Array.from({ length: 10 }, () => "a"), pauseMs: 20 });
    const worker = await start();
    send();
    await until("the job", () => ollama.chats.length === 1);
    await worker.drain(5_000);
    expect(door.callsOf("completeJob")).toHaveLength(1);
    expect(sqs.deleted).toHaveLength(1);
    send();
    expect(ollama.chats).toHaveLength(1);
  });

  it("gives back what does not fit, and says so in its heartbeat", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    const worker = await start();
    send();
    await until("the job", () => ollama.chats.length === 1);
    await worker.drain(50);
    expect(await bodyOf<ReleaseJob>("releaseJob")).toMatchObject({ reason: "draining" });
    expect(sqs.deleted).toHaveLength(1);
    expect(door.callsOf("heartbeat").at(-1)?.body).toMatchObject({ draining: true });
  });

  it("with time left lets its receives end by themselves, and hands on what they still bring", async () => {
    const worker = await start(1);
    await until("a receive", () => sqs.waiting().length === 1);
    const ended = worker.drain(60_000);
    // Whichever queue the last receive is at.
    for (const queue of [express, standard, bulk]) send(queue);
    await ended;
    expect(sqs.receives.filter(({ aborted }) => aborted)).toEqual([]);
    expect(sqs.visibility.map(({ seconds }) => seconds)).toEqual([0]);
    expect(door.callsOf("claimJob")).toEqual([]);
  });

  it("ends sooner when it is asked again with less time, and no later when with more", async () => {
    ollama.answer({ pieces: ["{"], end: "hang" });
    const worker = await start();
    send();
    await until("the job", () => ollama.chats.length === 1);
    const first = worker.drain(60_000);
    const second = worker.drain(50);
    await Promise.all([first, second, worker.drain(60_000)]);
    expect(await bodyOf<ReleaseJob>("releaseJob")).toMatchObject({ reason: "draining" });
    expect(count("worker.ended")).toBe(1);
  });
});
