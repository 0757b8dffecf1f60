import { access, constants, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SQSClient } from "@aws-sdk/client-sqs";
import { AppError } from "@steward/contracts/errors";
import { textLine } from "@steward/contracts/log-line";
import { lanes } from "@steward/contracts/names";
import { fullJitterMs } from "@steward/node-client/backoff";
import { systemClock } from "@steward/node-client/clock";
import { enrol, tokenOf } from "@steward/node-client/enrol";
import { readIdentity } from "@steward/node-client/identity";
import { isFinal } from "@steward/node-client/is-final";
import { describeError, jsonLines, type Log } from "@steward/node-client/log";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { readIfThere } from "@steward/node-client/state-files";
import { readEnv, type WorkerEnv } from "./env.ts";
import { findLanes, findOwnQueue } from "./find-queues.ts";
import { chooseSlots, modelFor, probeOllama } from "./probe.ts";
import { createQueueAccess, createQueueClient } from "./queue-access.ts";
import { startWorker, statusFile } from "./worker.ts";

const usage = `steward-worker: answers for this machine's GPUs

  steward-worker enrol --url https://api.steward.example --token <token>
  steward-worker run
  steward-worker status    what the running worker last wrote
  steward-worker doctor    what is wrong here

A token of - is read from the standard input, where no other program sees it.
SIGTERM drains: no more jobs, the running ones end. SIGUSR2 gives the running ones back at once.

STEWARD_STATE_DIR names the state folder (default /var/lib/steward-worker).`;

const log = jsonLines((line) => process.stdout.write(line), { app: "steward-worker" });

async function run(env: WorkerEnv): Promise<void> {
  const { slots, why } = chooseSlots(env.STEWARD_WORKER_SLOTS, env.OLLAMA_NUM_PARALLEL);
  const client = await createNodeClient({ stateDir: env.STEWARD_STATE_DIR, log, ...(await serverCa(env)) });
  const { sqs, stage } = await openQueues(env, client, log);
  const worker = await startWorker({
    client,
    stateDir: env.STEWARD_STATE_DIR,
    sqs,
    stage,
    ollamaHost: env.OLLAMA_HOST,
    slots,
    models: env.STEWARD_WORKER_MODELS,
    log,
  });
  log("worker.started", { nodeId: client.identity.nodeId, slots, why });
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

async function enrolHere(env: WorkerEnv, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { url: { type: "string" }, token: { type: "string" } } });
  if (values.url === undefined || values.token === undefined) {
    throw new AppError("invalid_request", "say where and with what: --url <api door> --token <token>");
  }
  const node = await enrol({
    apiUrl: values.url,
    token: await tokenOf(values.token),
    hostname: hostname(),
    stateDir: env.STEWARD_STATE_DIR,
  });
  process.stdout.write(`Enrolled as ${node.name} (${node.nodeId}).\nKey fingerprint: ${node.keyFingerprint}\n`);
}

async function status(env: WorkerEnv): Promise<void> {
  const text = await readIfThere(join(env.STEWARD_STATE_DIR, statusFile));
  if (text === undefined) throw new AppError("not_found", "no worker has run on this state folder yet");
  process.stdout.write(text);
}

/** What was found here, and what to do about what is missing. */
async function doctor(env: WorkerEnv): Promise<void> {
  let healthy = true;
  const say = (ok: boolean, what: string, next?: string) => {
    healthy &&= ok;
    process.stdout.write(`${ok ? "ok  " : "FAIL"}  ${what}${ok || next === undefined ? "" : `\n      ${next}`}\n`);
  };
  const { slots, why } = chooseSlots(env.STEWARD_WORKER_SLOTS, env.OLLAMA_NUM_PARALLEL);
  say(true, `${slots} slot(s): ${why}`);
  const writable = await access(env.STEWARD_STATE_DIR, constants.W_OK).then(
    () => true,
    () => false,
  );
  say(writable, `state folder ${env.STEWARD_STATE_DIR}`, "make it writable for this user, or set STEWARD_STATE_DIR");
  const probe = await probeOllama(env.OLLAMA_HOST);
  if (probe.reachable) {
    say(true, `Ollama at ${env.OLLAMA_HOST} has ${probe.models.join(", ") || "no models"}`);
    for (const lane of lanes) {
      const model = modelFor(lane, env.STEWARD_WORKER_MODELS, probe.models);
      const wanted = env.STEWARD_WORKER_MODELS[lane] ?? "any";
      say(model !== undefined, `lane ${lane}: ${model ?? "no model"} (wanted: ${wanted})`, `ollama pull ${wanted}`);
    }
  } else say(false, `Ollama at ${env.OLLAMA_HOST}: ${probe.why}`, "start it with `ollama serve`, or set OLLAMA_HOST");
  const identity = writable ? await readIdentity(env.STEWARD_STATE_DIR) : undefined;
  say(
    identity !== undefined,
    identity ? `enrolled as ${identity.name} (${identity.nodeId})` : "not enrolled",
    usage.split("\n")[2]?.trim(),
  );
  if (identity) {
    const client = await createNodeClient({ stateDir: env.STEWARD_STATE_DIR, ...(await serverCa(env)) });
    await client.call("getTrust", {}).then(
      () => say(true, `the nodes door ${identity.nodesUrl} accepts this machine`),
      (error: unknown) =>
        say(false, `the nodes door: ${describeError(error)}`, "check the network and STEWARD_SERVER_CA_FILE"),
    );
    const lent = env.STEWARD_QUEUE_ACCESS === "lent";
    const access = createQueueAccess({ call: client.call, log: () => {} });
    const sqs = lent ? createQueueClient(access) : new SQSClient({});
    const next = lent ? "see what the nodes door says" : "check the AWS_ variables and STEWARD_STAGE";
    try {
      const stage = lent ? (await access.keys()).stage : env.STEWARD_STAGE;
      await findLanes(sqs, stage);
      say(
        true,
        `the lanes of the stage ${stage}, with ${lent ? "keys that the nodes door lends" : "this machine's rights"}`,
      );
      const own = await findOwnQueue(sqs, stage, identity.nodeId);
      say(true, own === undefined ? "no queue of its own: it takes work from the lanes alone" : "a queue of its own");
    } catch (error) {
      say(false, `the lanes: ${describeError(error)}`, error instanceof AppError ? (error.next ?? next) : next);
    }
    sqs.destroy();
    await client.close();
  }
  process.exitCode = healthy ? 0 : 1;
}

async function serverCa(env: WorkerEnv): Promise<{ serverCa?: string }> {
  return env.STEWARD_SERVER_CA_FILE === undefined
    ? {}
    : { serverCa: await readFile(env.STEWARD_SERVER_CA_FILE, "utf8") };
}

async function main([command, ...args]: string[]): Promise<void> {
  if (command === "run" || command === undefined) return run(readEnv());
  if (command === "enrol") return enrolHere(readEnv(), args);
  if (command === "status") return status(readEnv());
  if (command === "doctor") return doctor(readEnv());
  process.stdout.write(`${usage}\n`);
  process.exitCode = command === "--help" || command === "help" ? 0 : 2;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(textLine(`steward-worker: ${describeError(error)}`));
  if (error instanceof AppError) {
    for (const { path, message } of error.fields ?? []) process.stderr.write(textLine(`  ${path}: ${message}`));
    if (error.next !== undefined) process.stderr.write(textLine(`  ${error.next}`));
  }
  process.exit(1);
});
