import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@steward/contracts/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../node-client/src/clock.ts";
import { enrol } from "../../node-client/src/enrol.ts";
import { createNodeClient, type NodeClient } from "../../node-client/src/node-client.ts";
import { type NodesDoor, startNodesDoor } from "../../node-client/test/support/nodes-door.ts";
import { until } from "../../node-client/test/support/until.ts";
import { examine, reportText } from "../src/doctor.ts";
import { createRunTool } from "@steward/node-client/run-tool";
import { type Worker, type WorkerOptions, startWorker } from "../src/worker.ts";
import { fixture } from "./support/fixture.ts";
import { startScriptedOllama } from "./support/scripted-ollama.ts";
import { startScriptedSqs } from "./support/scripted-sqs.ts";

const express = "steward-test-inference-express";
/** Two at a time write a half more than one, and three less than two. */
const saturates = { tokensPerSecond: (running: number) => (running === 2 ? 600 : 400) };

let dir = "";
let door: NodesDoor;
let client: NodeClient;
let sqs: Awaited<ReturnType<typeof startScriptedSqs>>;
let ollama: Awaited<ReturnType<typeof startScriptedOllama>>;
let workers: Worker[] = [];
const lease = { deadlineInMs: 30_000, leaseInMs: 20_000 };
let told: [string, Record<string, unknown>][] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-capacity-"));
  [door, sqs, ollama] = await Promise.all([startNodesDoor(), startScriptedSqs(), startScriptedOllama()]);
  workers = [];
  told = [];
  door.admits({ nodeId: newId("worker", 1), kind: "worker", name: "gpu" });
  door.on("claimJob", () => ({
    attempt: 1,
    ...lease,
    kind: "plan",
    system: "s",
    prompt: "p",
    schema: {},
  }));
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

/** A clock on which so much more time passes, until it is slowed down to the real one: what is measured takes its real time. */
function hurried(rate: number): { clock: Clock; slowDown: () => void } {
  let since = { realMs: performance.now(), ms: 0 };
  let now = rate;
  const monotonicMs = () => since.ms + (performance.now() - since.realMs) * now;
  return {
    clock: { monotonicMs, sleep: (ms, signal) => systemClock.sleep(ms / now, signal) },
    slowDown: () => {
      since = { realMs: performance.now(), ms: monotonicMs() };
      now = 1;
    },
  };
}

async function start(over: Partial<WorkerOptions> = {}): Promise<Worker> {
  const worker = await startWorker({
    client,
    stateDir: dir,
    sqs: sqs.client,
    stage: "test",
    ollamaHost: ollama.host,
    settings: {},
    runTool: async (tool) =>
      tool === "nvidia-smi" ? { kind: "output", stdout: fixture("nvidia-smi.rtx-3090.txt") } : { kind: "absent" },
    log: (event, fields = {}) => told.push([event, fields]),
    random: () => 0.05,
    ...over,
  });
  workers.push(worker);
  return worker;
}
const events = () => told.map(([event]) => event);
const lastBeat = () => door.callsOf("heartbeat").at(-1)?.body as Record<string, unknown> | undefined;

describe("slots that nobody set", () => {
  it("are measured before the first receive, then pulled with, and known at the next start", async () => {
    ollama.setSpeed(saturates);
    const worker = await start();
    expect(worker.status()).toMatchObject({ slots: 1, measuring: true, polling: [] });
    expect(sqs.receives).toHaveLength(0);
    await until("the choice", () => worker.status().slots === 2, 20_000);
    expect(worker.status()).toMatchObject({ slotsDecidedBy: "curve" });
    await until("it pulls", () => sqs.receives.length > 0);
    await until("the heartbeat tells", () => JSON.stringify(lastBeat()?.["capacity"]) === '{"slots":2,"used":0}');
    expect(lastBeat()?.["gpus"]).toEqual([
      { name: "NVIDIA GeForce RTX 3090", vramMb: 24_576, freeMb: 24_123, usedPercent: 0 },
    ]);
    const file = JSON.parse(await readFile(join(dir, "status.json"), "utf8")) as { gpus: unknown[] };
    expect(file.gpus).toHaveLength(1);
    await worker.drain(0);
    const chats = ollama.measured.length;
    const again = await start();
    expect(again.status()).toMatchObject({ slots: 2, slotsDecidedBy: "curve" });
    expect(ollama.measured).toHaveLength(chats);
  });

  it("are measured anew when the context of a slot is another", async () => {
    ollama.setSpeed(saturates);
    const worker = await start();
    await until("the choice", () => worker.status().slots === 2, 20_000);
    await worker.drain(0);
    const chats = ollama.measured.length;
    ollama.setContext(32_768);
    await start();
    await until("it measures", () => ollama.measured.length > chats);
  });

  it("are measured further where the curve ended while it still grew, and no job waits for that", async () => {
    // A chat takes a tenth of a second: what else the machine does counts for little.
    ollama.setSpeed({ tokensPerSecond: (running) => (running <= 4 ? 500 * running : 1_000) });
    const first = await start();
    await until("the choice", () => first.status().slots === 4, 20_000);
    await first.drain(0);
    const file = join(dir, "curves.json");
    const kept = JSON.parse(await readFile(file, "utf8")) as { curves: { points: unknown[] }[] };
    // As a start whose minute was over at two chats leaves it.
    kept.curves[0]?.points.splice(2);
    await writeFile(file, JSON.stringify(kept));
    told = [];
    const { clock, slowDown } = hurried(600);
    const pulledFirst: boolean[] = [];
    const worker = await start({
      clock,
      log: (event) => {
        if (event !== "curve.measuring") return;
        pulledFirst.push(sqs.receives.length > 0);
        slowDown();
      },
    });
    await until("it pulls", () => sqs.receives.length > 0);
    expect(worker.status()).toMatchObject({ slots: 2, slotsDecidedBy: "curve" });
    await until("it has measured further", () => worker.status().slots === 4, 20_000);
    expect(pulledFirst).toEqual([true]);
  });

  it("stay at what Ollama really runs at a time", async () => {
    ollama.setSpeed({ tokensPerSecond: (running) => 1_000 * running, parallel: 1 });
    const worker = await start();
    await until("it pulls", () => sqs.receives.length > 0, 20_000);
    expect(worker.status()).toMatchObject({ slots: 1, slotsDecidedBy: "queued" });
  });

  it("are one while the curve cannot be had, and jobs do not wait for it", async () => {
    ollama.answer({ status: 500 });
    const worker = await start();
    await until("it pulls", () => sqs.receives.length > 0);
    expect(worker.status()).toMatchObject({ slots: 1, slotsDecidedBy: "unmeasured" });
    expect(events()).toContain("curve.failed");
  });

  it("are measured later, when there is nothing to do, and the first job that comes ends it at once", async () => {
    // What could not be measured at the start is tried again after ten idle minutes, which pass in a second here.
    const { clock, slowDown } = hurried(600);
    ollama.answer({ status: 500 });
    await start({
      clock,
      log: (event) => {
        told.push([event, {}]);
        if (events().filter((one) => one === "curve.measuring").length === 2) slowDown();
      },
    });
    await until("it pulls", () => sqs.receives.length > 0);
    ollama.answer({ pieces: ["{}"] });
    ollama.setSpeed({ tokensPerSecond: () => 1 });
    await until("it measures", () => ollama.measured.length === 1, 20_000);
    sqs.send(express, { v: 1, tenantId: newId("tenant", 1), jobId: newId("job", Date.now()), secret: "secret" });
    await until("the job is done", () => door.callsOf("completeJob").length === 1);
    await until("it is given up", () => events().includes("curve.aborted"));
    expect(events()).not.toContain("curve.measured");
  });

  it("are not measured to the end by a worker that drains", async () => {
    ollama.setSpeed({ tokensPerSecond: () => 1 });
    const worker = await start();
    await until("it measures", () => ollama.open() > 0);
    await worker.drain(10_000);
    expect(events()).toContain("curve.aborted");
    await until("the model is left alone", () => ollama.open() === 0);
  });
});

describe("a wanted model that is missing", () => {
  const part = (completed: number) => ({
    status: "pulling dde5aa3fc5ff",
    digest: "sha256:dde5",
    total: 100,
    completed,
  });
  const settings = { slots: 2 };

  it("is fetched while the worker answers with what it has, and shown on its way", async () => {
    ollama.answerPull({ parts: [part(10), part(41)], end: "hang" });
    const worker = await start({ settings, pullModels: true });
    await until("it is on its way", () => worker.status().pulling?.percent === 41);
    expect(ollama.pulls).toEqual(["llama3.1:8b"]);
    await worker.beat();
    expect(lastBeat()).toMatchObject({ models: ["llama3.2:3b"], pulling: { model: "llama3.1:8b", percent: 41 } });
    sqs.send(express, { v: 1, tenantId: newId("tenant", 1), jobId: newId("job", Date.now()), secret: "secret" });
    await until("a job is done meanwhile", () => door.callsOf("completeJob").length === 1);
  });

  it("is used when it has come", async () => {
    ollama.setModels([]);
    const worker = await start({ settings, models: { express: "llama3.2:3b" }, pullModels: true });
    await until("it is there", () => worker.status().models.includes("llama3.2:3b"));
    await until("it pulls jobs", () => sqs.receives.length > 0);
    expect(worker.status()).not.toHaveProperty("pulling");
    expect(events()).toContain("models.pulled");
  });

  it("that the disk has no room for says so to those who look at the worker", async () => {
    ollama.answerPull({
      parts: [part(60)],
      end: { error: "write /root/.ollama/blobs/sha256-dde5: no space left on device" },
    });
    const worker = await start({ settings, pullModels: true });
    await until("it says so", () => worker.status().pulling?.problem === "disk_full");
    await worker.beat();
    expect(lastBeat()?.["pulling"]).toEqual({ model: "llama3.1:8b", percent: 60, problem: "disk_full" });
  });

  it("that stands still is given up, and asked for again later", async () => {
    ollama.answerPull({ parts: [part(41)], end: "hang" });
    // Half a minute in a tenth of a second.
    const clock: Clock = {
      monotonicMs: () => performance.now() * 300,
      sleep: (ms, signal) => systemClock.sleep(ms / 300, signal),
    };
    const worker = await start({ settings, pullModels: true, clock });
    const failed = () => told.find(([event]) => event === "models.pull_failed")?.[1];
    expect(await until("it is given up", failed)).toMatchObject({ model: "llama3.1:8b", why: "nothing came for 90 s" });
    await until("it is asked for again", () => ollama.pulls.length >= 2);
    await until("it is shown", () => worker.status().pulling !== undefined);
    expect(worker.status().pulling).toMatchObject({ model: "llama3.1:8b", percent: 41 });
  });

  it("is left alone where that is forbidden", async () => {
    const worker = await start({ settings });
    await until("it pulls jobs", () => sqs.receives.length > 0);
    expect(ollama.pulls).toEqual([]);
    expect(worker.status()).not.toHaveProperty("pulling");
  });
});

describe("the doctor", () => {
  const options = (over: Partial<Parameters<typeof examine>[0]> = {}) => ({
    stateDir: dir,
    ollamaHost: ollama.host,
    models: { express: "llama3.2:3b" },
    pull: "missing" as const,
    settings: {},
    measure: false,
    runTool: async () => ({ kind: "absent" }) as const,
    others: async () => [],
    ...over,
  });

  it("measures where it is asked to, draws the curve and says why so many slots", async () => {
    ollama.setSpeed(saturates);
    const report = await examine(options({ measure: true, settings: { ollamaParallel: 4 } }));
    expect(report).toMatchObject({ ok: true, curve: { model: "llama3.2:3b" } });
    const text = reportText(report);
    expect(text).toMatch(/^ok {4}\d slots?: /m);
    expect(text).toContain("tokens a second of llama3.2:3b, by jobs at a time");
    expect(text).toContain("◀ slots");
    expect(text).toContain("note  no GPU: models run on");
    // What programs get is the same, as data.
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ slots: { decidedBy: report.slots?.decidedBy } });
  });

  it("fails where Ollama is too old to say what its models need", async () => {
    ollama.setOld(true);
    const { findings } = await examine(options());
    const told = findings.find(({ id }) => id === "ollama-facts");
    expect(told).toMatchObject({ level: "fail", next: expect.stringContaining("update Ollama") as string });
    expect(told?.text).toContain("404");
  });

  it("fails where Ollama does not answer, or the state folder cannot be written, and says what to do", async () => {
    ollama.setUp(false);
    const report = await examine(options({ stateDir: join(dir, "nowhere") }));
    expect(report.ok).toBe(false);
    const failures = report.findings.filter((finding) => finding.level === "fail");
    expect(failures.map(({ id }) => id)).toEqual(["state-folder", "ollama"]);
    expect(failures.every(({ next }) => next !== undefined)).toBe(true);
  });
});

describe("a GPU maker's tool", () => {
  async function tool(script: string): Promise<string> {
    const path = join(dir, "nvidia-smi");
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }

  it("is run and read; one that fails says why, one that is not there is absent", async () => {
    const run = createRunTool(10_000);
    expect(await run(await tool('echo "$1"'), ["-L"])).toEqual({ kind: "output", stdout: "-L\n" });
    expect(await run(await tool("echo lost >&2; exit 9"), [])).toEqual({ kind: "failed", detail: "lost" });
    expect(await run(join(dir, "none"), [])).toEqual({ kind: "absent" });
  });

  it("that hangs is given up in time, whatever it has started, and not started beside itself", async () => {
    const run = createRunTool(2_000);
    const hanging = await tool(`echo x >>${join(dir, "starts")}; sleep 30`);
    expect(await run(hanging, [])).toEqual({ kind: "timed_out", afterMs: 2_000 });
    expect(await run(hanging, [])).toEqual({ kind: "timed_out", afterMs: 2_000 });
    expect(await readFile(join(dir, "starts"), "utf8")).toBe("x\n");
  });
});
