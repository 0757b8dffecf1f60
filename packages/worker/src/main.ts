import { join } from "node:path";
import { parseArgs } from "node:util";
import { SQSClient } from "@aws-sdk/client-sqs";
import { AppError } from "@steward/contracts/errors";
import { fullJitterMs } from "@steward/node-client/backoff";
import { systemClock } from "@steward/node-client/clock";
import { readIdentity } from "@steward/node-client/identity";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, jsonLines, type Log } from "@steward/node-client/log";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { placesOf, type Service } from "@steward/node-client/install";
import {
  endBadly,
  enrolHere,
  type HostSettings,
  installHere,
  parseInstall,
  serverCaOf,
  uninstallHere,
  upgradeHere,
} from "@steward/node-client/service-commands";
import { checkMayRead, withSettingsFile } from "@steward/node-client/settings-file";
import { readIfThere } from "@steward/node-client/state-files";
import { statusFile } from "@steward/node-client/upgrade-installed";
import { examine, reportText } from "./doctor.ts";
import type { Finding } from "./doctor-findings.ts";
import { readEnv, slotSettings, type WorkerEnv } from "./env.ts";
import { findLanes, findOwnQueue } from "./find-queues.ts";
import { createQueueAccess, createQueueClient } from "./queue-access.ts";
import { workerVersion } from "./version.ts";
import { startWorker } from "./worker.ts";

const usage = `steward-worker: answers for this machine's GPUs

  sudo steward-worker install --url https://api.steward.example --token -
                                user, folders, systemd unit and enrolment; again: mends what is missing
  sudo steward-worker upgrade   to the newest build of the signed release; comes back when it does not beat
                                --version <version>
  sudo steward-worker uninstall takes the machine off the list, and the worker off the machine
  sudo steward-worker status    what the running worker last wrote
  sudo steward-worker doctor    what is here, why so many slots, what is wrong and what to do
                                --json   for programs      --measure   the throughput, now

  steward-worker enrol --url https://api.steward.example --token <token>
  steward-worker run

upgrade, uninstall, status and doctor read /etc/steward/worker.env, as the service does; what the shell has set wins.
A token of - is read from the standard input, where no other program sees it.
SIGTERM drains: no more jobs, the running ones end. SIGUSR2 gives the running ones back at once.

STEWARD_STATE_DIR names the state folder (default /var/lib/steward-worker).`;

const service: Service = { program: "worker", user: "steward-worker" };
const log = jsonLines((line) => process.stdout.write(line), { app: "steward-worker" });

async function run(env: WorkerEnv): Promise<void> {
  const client = await createNodeClient({
    stateDir: env.STEWARD_STATE_DIR,
    log,
    ...(await serverCaOf(env.STEWARD_SERVER_CA_FILE)),
  });
  const { sqs, stage } = await openQueues(env, client, log);
  const worker = await startWorker({
    client,
    stateDir: env.STEWARD_STATE_DIR,
    sqs,
    stage,
    ollamaHost: env.OLLAMA_HOST,
    settings: slotSettings(env),
    pullModels: env.STEWARD_WORKER_PULL === "missing",
    models: env.STEWARD_WORKER_MODELS,
    log,
  });
  log("worker.started", { nodeId: client.identity.nodeId, slots: worker.status().slots });
  // Under a supervisor with a channel: it waits for this, and the worker does not outlive it.
  process.send?.({ event: "ready" });

  const end = async (withinMs: number) => {
    await worker.drain(withinMs);
    sqs.destroy();
    await client.close();
    process.exit(0);
  };
  let ending = false;
  const drain = (withinMs = env.STEWARD_DRAIN_SECONDS * 1000) => {
    if (ending) return;
    ending = true;
    end(withinMs).catch((error: unknown) => {
      log("worker.ended_badly", { error: describeError(error) });
      process.exit(1);
    });
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => drain());
  // The machine has less time than the jobs: also while it drains.
  process.on("SIGUSR2", () => {
    if (ending) void worker.drain(0);
    else drain(0);
  });
  if (process.send) process.on("disconnect", () => drain());
}

/** The queues, and their stage. Waits for a door that is away, or that nobody has told yet to let this worker in. */
async function openQueues(env: WorkerEnv, client: NodeClient, log: Log): Promise<{ sqs: SQSClient; stage: string }> {
  if (env.STEWARD_QUEUE_ACCESS === "machine") return { sqs: new SQSClient({}), stage: env.STEWARD_STAGE };
  const access = createQueueAccess({ call: client.call, log });
  for (let failures = 1; ; failures += 1) {
    try {
      const { stage } = await access.keys();
      return { sqs: createQueueClient(access), stage };
    } catch (error) {
      if (isFinal(error)) throw error;
      await systemClock.sleep(fullJitterMs({ failures, baseMs: 250, capMs: 15_000, random: Math.random }));
    }
  }
}

async function status(env: WorkerEnv): Promise<void> {
  checkMayRead(env.STEWARD_STATE_DIR);
  const text = await readIfThere(join(env.STEWARD_STATE_DIR, statusFile));
  if (text === undefined) throw new AppError("not_found", "no worker has run on this state folder yet");
  process.stdout.write(text);
}

async function doctor(env: WorkerEnv, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" }, measure: { type: "boolean" } } });
  const report = await examine({
    stateDir: env.STEWARD_STATE_DIR,
    ollamaHost: env.OLLAMA_HOST,
    models: env.STEWARD_WORKER_MODELS,
    pull: env.STEWARD_WORKER_PULL,
    settings: slotSettings(env),
    measure: values.measure === true,
    others: (writable) => examineConnections(env, writable),
  });
  process.stdout.write(values.json === true ? `${JSON.stringify(report)}\n` : reportText(report));
  process.exitCode = report.ok ? 0 : 1;
}

/** What has to do with the control plane: enrolment, door, queues. */
async function examineConnections(env: WorkerEnv, writable: boolean): Promise<Finding[]> {
  const identity = writable ? await readIdentity(env.STEWARD_STATE_DIR) : undefined;
  const findings: Finding[] = [
    identity === undefined
      ? { id: "enrolled", level: "fail", text: "not enrolled", next: usage.split("\n")[2]?.trim() ?? "" }
      : { id: "enrolled", level: "ok", text: `enrolled as ${identity.name} (${identity.nodeId})` },
  ];
  if (identity) {
    const client = await createNodeClient({
      stateDir: env.STEWARD_STATE_DIR,
      ...(await serverCaOf(env.STEWARD_SERVER_CA_FILE)),
    });
    const door = await client.call("getTrust", {}).then(
      (): Finding => ({ id: "door", level: "ok", text: `the nodes door ${identity.nodesUrl} accepts this machine` }),
      (error: unknown): Finding => ({
        id: "door",
        level: "fail",
        text: `the nodes door: ${describeError(error)}`,
        next: "check the network and STEWARD_SERVER_CA_FILE",
      }),
    );
    findings.push(door);
    const lent = env.STEWARD_QUEUE_ACCESS === "lent";
    const access = createQueueAccess({ call: client.call, log: () => {} });
    const sqs = lent ? createQueueClient(access) : new SQSClient({});
    const next = lent ? "see what the nodes door says" : "check the AWS_ variables and STEWARD_STAGE";
    try {
      const stage = lent ? (await access.keys()).stage : env.STEWARD_STAGE;
      await findLanes(sqs, stage);
      const by = lent ? "keys that the nodes door lends" : "this machine's rights";
      findings.push({ id: "lanes", level: "ok", text: `the lanes of the stage ${stage}, with ${by}` });
      const own = await findOwnQueue(sqs, stage, identity.nodeId);
      const text = own === undefined ? "no queue of its own: it takes work from the lanes alone" : "a queue of its own";
      findings.push({ id: "own-queue", level: "ok", text });
    } catch (error) {
      findings.push({
        id: "lanes",
        level: "fail",
        text: `the lanes: ${describeError(error)}`,
        next: error instanceof AppError ? (error.next ?? next) : next,
      });
    }
    sqs.destroy();
    await client.close();
  }
  return findings;
}

async function install(args: string[]): Promise<void> {
  const { enrol, values } = parseInstall(args, ["models", "slots"]);
  const wanted = {
    ...(values.models === undefined ? {} : { STEWARD_WORKER_MODELS: values.models }),
    ...(values.slots === undefined ? {} : { STEWARD_WORKER_SLOTS: values.slots }),
  };
  // What the unit would stumble over is said now.
  readEnv(wanted);
  await installHere(service, { folder: import.meta.dirname, settings: wanted, enrol });
}

async function upgrade(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { version: { type: "string" }, settle: { type: "boolean" } } });
  const about = { version: workerVersion, settings, log, wanted: values.version, settle: values.settle };
  if (!(await upgradeHere(service, about))) process.exitCode = 1;
}

/** Of a command that somebody types on the host. Into the process too: the AWS SDK reads its region there. */
function hostEnv(): WorkerEnv {
  Object.assign(process.env, withSettingsFile(placesOf(service).settings, process.env));
  return readEnv();
}

function settings(): HostSettings {
  const { STEWARD_STATE_DIR: stateDir, STEWARD_SERVER_CA_FILE: serverCaFile } = hostEnv();
  return { stateDir, serverCaFile };
}

async function main([command, ...args]: string[]): Promise<void> {
  if (command === "run" || command === undefined) return run(readEnv());
  if (command === "enrol") return enrolHere(service, args, readEnv().STEWARD_STATE_DIR);
  if (command === "install") return install(args);
  if (command === "upgrade") return upgrade(args);
  if (command === "uninstall") return uninstallHere(service, { settings, log });
  if (command === "--version") {
    process.stdout.write(`${workerVersion}\n`);
    return;
  }
  if (command === "status") return status(hostEnv());
  if (command === "doctor") return doctor(hostEnv(), args);
  process.stdout.write(`${usage}\n`);
  process.exitCode = command === "--help" || command === "help" ? 0 : 2;
}

main(process.argv.slice(2)).catch(endBadly("steward-worker"));
