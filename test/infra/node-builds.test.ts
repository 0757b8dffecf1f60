import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@steward/contracts/ids";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createControlPlane } from "../../packages/agent/test/support/control-plane.ts";
import { type NodesDoor, startNodesDoor } from "../../packages/node-client/test/support/nodes-door.ts";
import { until } from "../../packages/node-client/test/support/until.ts";
import { startScriptedOllama } from "../../packages/worker/test/support/scripted-ollama.ts";
import { startScriptedSqs } from "../../packages/worker/test/support/scripted-sqs.ts";
import { buildNodes, nodeBuilds } from "../../scripts/build/nodes.ts";

let builds = "";
let dir = "";
const running: ChildProcess[] = [];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  builds = await mkdtemp(join(tmpdir(), "steward-builds-"));
  buildNodes(builds);
});
afterAll(async () => {
  await rm(builds, { recursive: true, force: true });
});
beforeEach(async () => {
  // Away from the repository: nothing of it may be needed.
  dir = await mkdtemp(join(tmpdir(), "steward-node-"));
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  for (const close of closing.splice(0)) await close();
  await rm(dir, { recursive: true, force: true });
});

const programs = {
  worker: () => join(builds, "worker/steward-worker.mjs"),
  agent: () => join(builds, "agent/steward-agent.mjs"),
};

interface Told {
  code: number;
  text: string;
}

/** Runs a command of the program to its end, with nothing of this process's environment. */
async function tell(
  program: keyof typeof programs,
  args: string[],
  environment: Record<string, string> = {},
  input = "",
): Promise<Told> {
  const child = execFile(process.execPath, [programs[program](), ...args], { cwd: dir, env: environment });
  child.stdin?.end(input);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: string) => (text += part));
  const [code] = (await once(child, "close")) as [number];
  return { code, text };
}

/** Starts the program, and comes back when it has told that it is up. */
async function start(program: keyof typeof programs, environment: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [programs[program](), "run"], {
    cwd: dir,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  let told = "";
  child.stdout.on("data", (part: Buffer) => (told += part.toString()));
  await until(`${program} is up`, () => told.includes(`"${program}.started"`), 30_000);
  return child;
}

describe.each(["worker", "agent"] as const)("the single file of the %s", (program) => {
  it("says what it can do", async () => {
    const { code, text } = await tell(program, ["--help"]);
    expect(code).toBe(0);
    expect(text).toContain(`steward-${program} doctor`);
  });

  it("says on a machine that is not enrolled what is missing, and what to do", async () => {
    const environment = {
      STEWARD_STATE_DIR: dir,
      STEWARD_EXECUTOR: "simulate",
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "none",
      AWS_SECRET_ACCESS_KEY: "none",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      OLLAMA_HOST: "http://127.0.0.1:9",
    };
    const { code, text } = await tell(program, ["doctor"], environment);
    expect(code).toBe(1);
    expect(text).toContain(`FAIL  not enrolled\n      sudo steward-${program} install --url`);
    const report = await tell(program, ["doctor", "--json"], environment);
    expect(JSON.parse(report.text)).toMatchObject({
      ok: false,
      ...(program === "worker" ? { host: { cores: expect.any(Number) as number } } : {}),
    });
    expect((await tell(program, ["run"], environment)).text).toContain("not enrolled");
  });

  it("names every wrong variable at once", async () => {
    const wrong = { STEWARD_DRAIN_SECONDS: "soon", STEWARD_WORKER_SLOTS: "0", STEWARD_EXECUTOR: "magic" };
    const { code, text } = await tell(program, ["run"], wrong);
    expect(code).toBe(1);
    expect(text).toMatch(
      program === "worker" ? /STEWARD_WORKER_SLOTS[\s\S]*STEWARD_DRAIN_SECONDS/ : /STEWARD_EXECUTOR/,
    );
  });
});

it("the builds are programs, and the same sources give the same bytes", async () => {
  const again = join(dir, "again");
  buildNodes(again);
  for (const path of Object.keys(nodeBuilds)) {
    const first = await readFile(join(builds, path));
    expect(first.equals(await readFile(join(again, path))), path).toBe(true);
    expect(first.subarray(0, 20).toString()).toBe("#!/usr/bin/env node\n");
    expect((await stat(join(builds, path))).mode & 0o111).toBe(0o111);
    expect(first.toString(), "a path of this machine").not.toContain(process.cwd());
  }
});

describe("the built worker", () => {
  let door: NodesDoor;
  let environment: Record<string, string> = {};
  let sqs: Awaited<ReturnType<typeof startScriptedSqs>>;
  let ollama: Awaited<ReturnType<typeof startScriptedOllama>>;

  beforeEach(async () => {
    [door, sqs, ollama] = await Promise.all([startNodesDoor(), startScriptedSqs(), startScriptedOllama()]);
    closing.push(
      () => door.close(),
      () => sqs.close(),
      () => ollama.close(),
    );
    door.admits({ nodeId: newId("worker", 1), kind: "worker", name: "gpu" });
    door.on("claimJob", () => ({
      attempt: 1,
      deadlineInMs: 600_000,
      leaseInMs: 600_000,
      kind: "plan",
      system: "You plan.",
      prompt: "add john",
      schema: { type: "object" },
    }));
    door.on("completeJob", () => ({ accepted: true, status: "succeeded" }));
    door.on("releaseJob", () => undefined);
    // Nothing of AWS's is configured on this host.
    door.on("queueCredentials", () => ({
      accessKeyId: "ASIATEST",
      secretAccessKey: "test",
      sessionToken: "lent",
      expiresInSeconds: 3600,
      region: "eu-central-1",
      stage: "test",
    }));
    await writeFile(join(dir, "ca.pem"), door.ca.pem);
    environment = {
      STEWARD_STATE_DIR: join(dir, "state"),
      STEWARD_SERVER_CA_FILE: join(dir, "ca.pem"),
      STEWARD_DRAIN_SECONDS: "600",
      OLLAMA_HOST: ollama.host,
      STEWARD_WORKER_SLOTS: "2",
      AWS_ENDPOINT_URL: sqs.url,
    };
    const enrolled = await tell("worker", ["enrol", "--url", door.apiUrl, "--token", "-"], environment, "secret\n");
    expect(enrolled).toMatchObject({ code: 0, text: expect.stringContaining("Enrolled as gpu (wrk_") });
  });
  const send = () =>
    sqs.send("steward-test-inference-express", {
      v: 1,
      tenantId: newId("tenant", 1),
      jobId: newId("job", 1),
      secret: "secret",
    });

  it("enrols with a token from its standard input, beats, answers a job and drains on SIGTERM", async () => {
    expect(door.callsOf("enrol")[0]?.body).toMatchObject({ token: "secret" });
    const child = await start("worker", environment);
    const ready = ({ body }: { body: unknown }) => (body as { models: string[] }).models.includes("llama3.2:3b");
    expect(await until("a heartbeat with its model", () => door.callsOf("heartbeat").find(ready))).toMatchObject({
      certificate: expect.stringMatching(/^[0-9a-f]{64}$/),
      body: { capacity: { slots: 2, used: 0 }, draining: false },
    });
    ollama.answer({ pieces: ['{"understood":', '"yes"}'] });
    send();
    await until("the answer", () => door.callsOf("completeJob")[0]);
    expect(JSON.parse((await tell("worker", ["status"], environment)).text)).toMatchObject({ slots: 2, ready: true });
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("gives its jobs back when SIGUSR2 cuts the drain short", async () => {
    const child = await start("worker", environment);
    ollama.answer({ pieces: ["{"], end: "hang" });
    send();
    await until("the job", () => ollama.chats.length === 1);
    child.kill("SIGTERM");
    await until("draining", () =>
      door.callsOf("heartbeat").some(({ body }) => (body as { draining?: boolean }).draining === true),
    );
    expect(door.callsOf("releaseJob")).toEqual([]);
    child.kill("SIGUSR2");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(door.callsOf("releaseJob")[0]?.body).toMatchObject({ reason: "draining" });
  });
});

it("the built agent obeys a signed run, and answers its doorbell", async () => {
  const stateDir = join(dir, "state");
  const control = await createControlPlane(stateDir);
  closing.push(() => control.door.close());
  await writeFile(join(dir, "ca.pem"), control.door.ca.pem);
  const environment = {
    STEWARD_STATE_DIR: stateDir,
    STEWARD_SERVER_CA_FILE: join(dir, "ca.pem"),
    STEWARD_EXECUTOR: "simulate",
  };
  const child = await start("agent", environment);
  expect(await until("the run's result", () => control.run.result, 30_000)).toMatchObject({ attempt: 1 });
  expect((await tell("agent", ["ring"], environment)).code).toBe(0);
  const status = await tell("agent", ["status"], environment);
  expect(status.text).toMatch(/^node +nas \(apl_/);
  expect(JSON.parse((await tell("agent", ["status", "--json"], environment)).text)).toMatchObject({ connected: true });
  const doctor = await tell("agent", ["doctor"], environment);
  expect(doctor.text).toContain("accepts this machine");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
