/**
 * `npm run soak`: a whole installation at 80 % of its workers' capacity, for 10 minutes in which it settles (`--settle`)
 * and 20 more (`--minutes`), and whether it is at the end of them as it was at their beginning: the memory and the open
 * files of each process, the time that jobs wait, and what went wrong. Cloud, host and workers are the real processes; only the model is scripted, with times like a model's. Not
 * part of `npm test`: it takes as long as it says. `--json` for the figures alone. Ends with 1 where a bar is missed.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { createClients } from "@steward/aws/clients";
import { createClient } from "@steward/contracts/client";
import { resourceNames } from "@steward/contracts/names";
import { fetchTransport } from "@steward/local/fetch-transport";
import { readCredentials } from "@steward/local/host/function-environment";
import { serverCaFile } from "@steward/local/host/server-certificate";
import { startSteward } from "@steward/local/stack";
import type { Stack } from "@steward/local/stack-options";
import { enrol } from "@steward/node-client/enrol";
import { workerNodeOptions } from "@steward/worker/memory";
import { startScriptedModels } from "../test/support/scripted-models.ts";
import { type Figure, meets, percentile, table } from "./bench/report.ts";
import { type Sample, slopePerHour } from "./bench/trend.ts";

const load = 0.8;
const workers = 2;
const slotsEach = 4;
/** Of the log-normal service times: a model's answers differ by a factor of some. */
const meanServiceMs = 5_000;
const sigma = 0.6;
const sampleEveryMs = 5_000;
/** Memory and files are held to a slope where the run is long enough for one; below it is shown. */
const shortestHeldMinutes = 15;
const rssBarMbPerHour = 60;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    settle: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError("--minutes takes a number above 0");
/** Two dozen heaps grow to what their calls need, each at its own pace: what is measured begins after that. */
const settleMinutes = Number(values.settle ?? Math.min(10, minutes / 2));
if (!(settleMinutes >= 0)) throw new RangeError("--settle takes a number of minutes");
const say = (text: string) => void (values.json || process.stderr.write(text));

const figures = await soak();
process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : `${table(figures)}\n`);
process.exit(figures.every(meets) ? 0 : 1);

async function soak(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-soak-"));
  const stateDir = join(folder, "state");
  /** When each job's question reached the model, by its number. */
  const reached = new Map<number, number>();
  /** How long the model is to take over each, by its number. */
  const services = new Map<number, number>();
  const answer = { understood: "nothing of ours, whatever one may think of it", outOfScope: true, steps: [] };
  const tokens = Math.ceil(JSON.stringify(answer).length / 4);
  const models = await startScriptedModels({
    script: ({ prompt }) => {
      const number = Number([...prompt.matchAll(/number (\d+)x/g)].at(-1)?.[1] ?? Number.NaN);
      if (!reached.has(number)) reached.set(number, performance.now());
      // The scripted server remembers what it was asked: that is its memory, and not what is measured.
      models.requests.length = 0;
      return { kind: "answer", json: answer, tokenMs: (services.get(number) ?? meanServiceMs) / tokens };
    },
  });
  const env = { STEWARD_WORKER_SLOTS: String(slotsEach) };
  const stack = await startSteward({
    stateDir,
    executor: "simulate",
    appliances: 6,
    troubles: false,
    heartbeatIntervalSeconds: 10,
    reconcileSeconds: 60,
    sweepSeconds: 60,
    worker: { ollamaHost: models.url, env },
    outsiders: [
      { principal: "soak", grants: [{ actions: ["sqs:*"], resources: [`${resourceNames("local").prefix}-*`] }] },
    ],
  });
  const extra: number[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    for (let count = 1; count < workers; count += 1) {
      const more = await startAnotherWorker(stack, `soak-${count}`, { ...env, OLLAMA_HOST: models.url });
      extra.push(more.pid);
      stops.push(more.stop);
    }
    await startEscalate(stack);
    return await measure({ stack, extra, reached, services });
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    await stack.close();
    await models.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Nearly every function is used within the first minute, and stays loaded: that one at the first job that comes late, which
 * may be in the middle of what is measured. A message that says nothing has it loaded before.
 */
async function startEscalate({ stateDir, cloudUrl, stage }: Stack): Promise<void> {
  const credentials = readCredentials<"soak">(join(stateDir, "credentials.json"))("soak");
  const { sqs } = createClients({ endpointUrl: cloudUrl, region: "eu-central-1", credentials });
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: resourceNames(stage).queue("escalations") }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "nothing" }));
}

interface Soaked {
  stack: Stack;
  /** Workers beside the stack's own, by their processes. */
  extra: readonly number[];
  reached: ReadonlyMap<number, number>;
  services: Map<number, number>;
}

async function measure({ stack, extra, reached, services }: Soaked): Promise<Figure[]> {
  const tenants = stack.tenants.filter(({ slug }) => slug !== "provider");
  const clientOf = (slug: string) =>
    createClient({ baseUrl: stack.apiUrl, transport: fetchTransport, headers: () => stack.headersOf(slug) });
  const provider = clientOf("provider");
  const callers = await Promise.all(
    tenants.map(async ({ slug, id }) => {
      await provider("setTenantLimits", { params: { tenantId: id }, body: { tasksPerDay: 100_000 } });
      const call = clientOf(slug);
      const { items } = await call("listNodes", { query: { kind: "appliance" } });
      return { call, target: items[0]?.name ?? "" };
    }),
  );
  const processes = () => {
    const known = Object.entries(stack.pids()).flatMap(([role, pid]) =>
      role === "fleet" || pid === undefined ? [] : [[role, pid] as const],
    );
    return [...known, ...extra.map((pid, index) => [`worker ${index + 2}`, pid] as const)];
  };

  const rss = new Map<string, Sample[]>();
  const files = new Map<string, Sample[]>();
  const depths: number[] = [];
  const waits: { atMs: number; waitMs: number }[] = [];
  const accepted = new Map<number, { atMs: number; taskId: string; caller: number }>();
  let refused = 0;
  const beganMs = performance.now();
  const startMs = beganMs + settleMinutes * 60_000;
  const endMs = startMs + minutes * 60_000;
  const thirdMs = (minutes * 60_000) / 3;
  // The same jobs at the same times in each third: the p99 of a wait hangs on which long ones come together, and drawn
  // anew it differs by a factor of four between thirds of a system that is the same.
  const eachThird = someJobs(thirdMs);

  const submitAll = async () => {
    let number = 0;
    for (const { beginMs, jobs } of [
      { beginMs: beganMs, jobs: someJobs(settleMinutes * 60_000) },
      ...[0, 1, 2].map((third) => ({ beginMs: startMs + third * thirdMs, jobs: eachThird })),
    ]) {
      for (const { afterMs, serviceMs } of jobs) {
        await pause(Math.max(0, beginMs + afterMs - performance.now()));
        number += 1;
        const asked = number;
        const caller = asked % callers.length;
        const to = callers[caller];
        if (to === undefined) continue;
        services.set(asked, serviceMs);
        const instruction = `could you see to it that colleague number ${asked}x gets on board`;
        const atMs = performance.now();
        void to.call("submitTask", { body: { instruction, targets: [to.target] } }).then(
          ({ id }) => accepted.set(asked, { atMs, taskId: id, caller }),
          () => {
            refused += 1;
          },
        );
      }
    }
  };
  const sampleAll = async () => {
    while (performance.now() < endMs) {
      const atMs = performance.now();
      for (const [role, pid] of processes()) {
        push(rss, role, { atMs, value: rssMb(pid) });
        push(files, role, { atMs, value: openFiles(pid) });
      }
      const { queues } = await provider("queueStatus", {}).catch(() => ({ queues: [] }));
      const lanes = queues.filter(({ name }) => name.startsWith("inference-"));
      if (atMs >= startMs) depths.push(lanes.reduce((sum, { queued, inFlight }) => sum + queued + inFlight, 0));
      const share = (performance.now() - beganMs) / (endMs - beganMs);
      say(`\r${Math.round(share * 100)} %, ${accepted.size} tasks, ${depths.at(-1) ?? 0} queued or running   `);
      await pause(sampleEveryMs);
    }
  };
  await Promise.all([submitAll(), sampleAll()]);
  say("\nwaiting for what still runs …\n");
  await pause(Math.min(30_000, meanServiceMs * 6));

  let unended = 0;
  for (const [number, { atMs, taskId, caller }] of accepted) {
    const at = reached.get(number);
    if (at !== undefined && atMs >= startMs) waits.push({ atMs, waitMs: at - atMs });
    // A look at each would be a load of its own: every tenth, and all that never reached the model.
    if (at !== undefined && number % 10 !== 0) continue;
    await pause(120);
    const task = await callers[caller]?.call("getTask", { params: { taskId } }).catch(() => undefined);
    if (task === undefined || ["queued", "thinking"].includes(task.status)) unended += 1;
  }
  const third = (from: number) =>
    waits
      .filter(({ atMs }) => Math.min(2, Math.floor(((atMs - startMs) / (endMs - startMs)) * 3)) === from)
      .map(({ waitMs }) => waitMs);
  const [first, last] = [third(0), third(2)].map((some) => (some.length === 0 ? 0 : percentile(some, 0.99)));
  const held = minutes >= shortestHeldMinutes;
  const how = `${minutes} min after ${settleMinutes}, at ${load * 100} % of ${workers} × ${slotsEach} slots, ${callers.length} tenants, ${accepted.size} tasks`;
  const settled = (samples: readonly Sample[]) => samples.filter(({ atMs }) => atMs > startMs);
  return [
    { name: "refused submissions", value: refused, unit: "", bar: { at: "most", value: 0 }, how },
    {
      name: "tasks that had not ended",
      value: unended,
      unit: "",
      bar: { at: "most", value: 0 },
      how: "every tenth, and all that no model saw",
    },
    { name: "wait for a model, p99 of the first third", value: first ?? 0, unit: "ms", how: "from before the POST" },
    {
      name: "wait for a model, p99 of the last third",
      value: last ?? 0,
      unit: "ms",
      ...(held ? { bar: { at: "most" as const, value: 1.5 * (first ?? 0) + 1_000 } } : {}),
      how: "at most 1.5 × the first third's and a second; the same jobs came in each third",
    },
    { name: "jobs queued or running, p99", value: percentile(depths, 0.99), unit: "", how: "SQS's counts, every 5 s" },
    ...[...rss].flatMap(([role, samples]): Figure[] => {
      // The cloud holds every record in memory, and there are ever more of them.
      const isHeld = held && role !== "cloud";
      return [
        {
          name: `memory of ${role}, slope`,
          value: slopePerHour(settled(samples)),
          unit: "MB/h",
          ...(isHeld ? { bar: { at: "most" as const, value: rssBarMbPerHour } } : {}),
          how: `Theil–Sen over these minutes; ${Math.round(samples.at(-1)?.value ?? 0)} MB at the end`,
        },
        {
          name: `open files of ${role}, slope`,
          value: slopePerHour(settled(files.get(role) ?? [])),
          unit: "/h",
          ...(held ? { bar: { at: "most" as const, value: 30 } } : {}),
          how: `${files.get(role)?.at(-1)?.value ?? 0} at the end`,
        },
      ];
    }),
  ];
}

/** A worker besides the installation's own, as it would run on another host. */
async function startAnotherWorker(stack: Stack, name: string, env: Record<string, string>) {
  const provider = createClient({
    baseUrl: stack.apiUrl,
    transport: fetchTransport,
    headers: () => stack.headersOf("provider"),
  });
  const stateDir = join(stack.stateDir, name);
  const { token } = await provider("inviteNode", { body: { kind: "worker", name } });
  const { nodeId, keyFingerprint } = await enrol({ apiUrl: stack.apiUrl, token, hostname: name, stateDir });
  await provider("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
  const child = spawn(process.execPath, [join(import.meta.dirname, "../packages/worker/src/main.ts"), "run"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env["PATH"] ?? "",
      STEWARD_STATE_DIR: stateDir,
      STEWARD_DRAIN_SECONDS: "1",
      STEWARD_SERVER_CA_FILE: serverCaFile(stack.stateDir),
      AWS_ENDPOINT_URL: stack.cloudUrl,
      NODE_OPTIONS: workerNodeOptions,
      ...env,
    },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  };
  return { pid: child.pid ?? 0, stop };
}

function push(series: Map<string, Sample[]>, name: string, sample: Sample): void {
  if (Number.isNaN(sample.value)) return;
  const samples = series.get(name) ?? [];
  samples.push(sample);
  series.set(name, samples);
}

/** NaN where the process has just ended. */
function rssMb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

/** Jobs as they come by chance, for so long: when, and how long the model takes over each. */
function someJobs(forMs: number): { afterMs: number; serviceMs: number }[] {
  const perMs = (load * workers * slotsEach) / meanServiceMs;
  const jobs: { afterMs: number; serviceMs: number }[] = [];
  for (let afterMs = 0; ; ) {
    afterMs += -Math.log(1 - Math.random()) / perMs;
    if (afterMs >= forMs) return jobs;
    jobs.push({ afterMs, serviceMs: logNormal(meanServiceMs, sigma) });
  }
}

function logNormal(mean: number, deviation: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return mean * Math.exp(deviation * normal - deviation ** 2 / 2);
}
