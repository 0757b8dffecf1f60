import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJob, getJob, replaceJob } from "@steward/aws/records/job";
import { createTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { claimJob } from "@steward/control/claim-job";
import { completeJob, progressJob, releaseJob } from "@steward/control/complete-job";
import type { NodeCaller } from "@steward/control/context";
import { reduceJob } from "@steward/core/job/reduce-job";
import { afterAll, beforeAll, expect, it } from "vitest";
import { aJob, aTask } from "../../packages/aws/test/support/states.ts";
import { type House, openHouse } from "../../packages/control/test/support/house.ts";
import { enrol } from "../../packages/node-client/src/enrol.ts";
import { type NodesDoor, startNodesDoor } from "../../packages/node-client/test/support/nodes-door.ts";
import { until } from "../../packages/node-client/test/support/until.ts";
import { type ChatScript, startScriptedOllama } from "../../packages/worker/test/support/scripted-ollama.ts";
import { startScriptedSqs } from "../../packages/worker/test/support/scripted-sqs.ts";

/*
 * A worker that stands still (a stopped process, a frozen machine) while its leases end and its jobs go to another: when it
 * wakes, its own clock has not moved, and it believes in everything it held. A real worker process and real use cases
 * on a real table; only the server's clock is turned by hand, so that a lease ends exactly while the worker is stopped.
 */

const leaseMs = 200;
const atOnce = 250;
const rounds: [what: string, end: ChatScript][] = [
  ["completes", { pieces: ['{"understood":"","outOfScope":true,"steps":[]}'] }],
  ["gives back", { pieces: ["{"], end: "error" }],
];

let dir = "";
let house: House;
let door: NodesDoor;
let sqs: Awaited<ReturnType<typeof startScriptedSqs>>;
let ollama: Awaited<ReturnType<typeof startScriptedOllama>>;
let child: ChildProcess | undefined;
let stale: NodeCaller;
let other: NodeCaller;
let tenantId = "";
let taskId = "";
/** Ends of the stale worker's writes: the code of its refusal, or that it was taken. */
let writes: string[] = [];
let output = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-stale-"));
  [house, door, sqs, ollama] = await Promise.all([
    openHouse(),
    startNodesDoor(),
    startScriptedSqs(),
    startScriptedOllama(),
  ]);
  [stale, other] = [
    await house.machine(providerTenantId, "worker", "stale"),
    await house.machine(providerTenantId, "worker", "other"),
  ];
  tenantId = (await house.tenant()).tenantId;
  const task = aTask({ tenantId, status: "thinking", createdAtMs: house.nowMs() });
  taskId = task.taskId;
  await commit(house.table, [createTask(task)]);

  door.admits({ nodeId: stale.nodeId, kind: "worker", name: "stale" });
  const deps = { ...house, jobTimes: { leaseSeconds: leaseMs / 1_000 } };
  const noted = async <T>(what: string, write: Promise<T>) => {
    try {
      const answer = await write;
      writes.push(`${what}: taken`);
      return answer;
    } catch (error) {
      writes.push(`${what}: ${(error as { code?: string }).code}`);
      throw error;
    }
  };
  type Body<T extends (...args: never[]) => unknown> = Parameters<T>[3];
  const job = (params: Record<string, string>) => ({ jobId: params["jobId"] ?? "" });
  // The worker is told of an hour: however slow this machine is, it does not find out by its own clock.
  door.on("claimJob", async ({ params, body }) => ({
    ...(await claimJob(deps, stale, job(params), body as Body<typeof claimJob>)),
    leaseInMs: 3_600_000,
  }));
  door.on("progressJob", ({ params, body }) =>
    noted("progress", progressJob(deps, stale, job(params), body as Body<typeof progressJob>)),
  );
  door.on("completeJob", ({ params, body }) =>
    noted("complete", completeJob(deps, stale, job(params), body as Body<typeof completeJob>)),
  );
  door.on("releaseJob", ({ params, body }) =>
    noted("release", releaseJob(deps, stale, job(params), body as Body<typeof releaseJob>)),
  );
  await enrol({ apiUrl: door.apiUrl, token: "token", hostname: "stale", stateDir: dir });
  await writeFile(join(dir, "door-ca.pem"), door.ca.pem);
  child = spawn(process.execPath, [new URL("../../packages/worker/src/main.ts", import.meta.url).pathname, "run"], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      STEWARD_STATE_DIR: dir,
      STEWARD_STAGE: "test",
      STEWARD_QUEUE_ACCESS: "machine",
      STEWARD_SERVER_CA_FILE: join(dir, "door-ca.pem"),
      STEWARD_WORKER_SLOTS: String(atOnce),
      OLLAMA_HOST: ollama.host,
      AWS_ENDPOINT_URL: sqs.url,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (output += String(part)));
  await until("the worker polls", () => sqs.waiting().length > 0, 60_000);
});
afterAll(async () => {
  child?.kill("SIGCONT");
  child?.kill("SIGKILL");
  await Promise.all([door?.close(), sqs?.close(), ollama?.close(), house?.stop()]);
  await rm(dir, { recursive: true, force: true });
});

/** In small groups: the table is one process. */
async function each<T, R>(list: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < list.length; at += 25) results.push(...(await Promise.all(list.slice(at, at + 25).map(act))));
  return results;
}

async function holdAndStop(script: ChatScript) {
  const wake = Promise.withResolvers<void>();
  ollama.answer({ after: wake.promise, script });
  const jobs = await each(Array.from({ length: atOnce }), async () => {
    const nowMs = house.nowMs();
    const job = aJob({
      tenantId,
      taskId,
      jobId: newId("job", nowMs),
      secretHash: sha256Hex("first"),
      createdAtMs: nowMs,
      deadlineAtMs: nowMs + 600_000,
      dueAtMs: nowMs + 600_000,
    });
    await commit(house.table, [createJob(job)]);
    return job;
  });
  for (const { jobId } of jobs) {
    sqs.send("steward-test-inference-express", { v: 1, tenantId, jobId, secret: "first" });
  }
  await until("the model is asked for each", () => ollama.open() === atOnce, 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${ollama.open()} of ${atOnce}; ${output.slice(-2_000)}`);
  });
  child?.kill("SIGSTOP");
  return { jobs, wake };
}

it.each(rounds)(
  "a worker that was stopped past its lease and then %s: 0 of 500 writes are taken",
  async (what, script) => {
    writes = [];
    for (const half of [1, 2]) {
      const { jobs, wake } = await holdAndStop(script);
      house.passTime(leaseMs + 1);
      // What the reconciler does when a lease is over, and the claim of a worker that is quicker than the one that wakes.
      const taken = await each(jobs, async ({ jobId }) => {
        const job = await getJob(house.table, { tenantId, jobId });
        if (job === undefined) throw new Error("the job is there");
        const nowMs = house.nowMs();
        const queued = reduceJob(job, { type: "requeue", secretHash: sha256Hex("second") }, nowMs).state;
        const claim = { type: "claim", owner: other.nodeId, claimId: randomUUID(), leaseMs } as const;
        // Both in one write, which says that it follows on what was read.
        const state = { ...reduceJob(queued, claim, nowMs).state, version: job.version + 1 };
        expect(state).toMatchObject({ attempt: 2, lease: { owner: other.nodeId } });
        await commit(house.table, [replaceJob(job, state)]);
        return state;
      });
      wake.resolve();
      child?.kill("SIGCONT");
      await until("each write of the worker that woke is answered", () => writes.length >= half * atOnce, 60_000);
      expect(await each(jobs, ({ jobId }) => getJob(house.table, { tenantId, jobId }))).toEqual(taken);
      await until("the worker has let go of all", () => ollama.open() === 0);
    }
    expect(writes).toHaveLength(2 * atOnce);
    expect(new Set(writes)).toEqual(new Set([`${what === "completes" ? "complete" : "release"}: stale_attempt`]));
  },
  // A thousand claims and a thousand refusals: on a machine that does much else, minutes.
  300_000,
);
