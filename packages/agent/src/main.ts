import { execFile } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { AppError } from "@steward/contracts/errors";
import { textLine } from "@steward/contracts/log-line";
import { systemClock } from "@steward/node-client/clock";
import { enrol, tokenOf } from "@steward/node-client/enrol";
import { readIdentity } from "@steward/node-client/identity";
import { describeError, jsonLines } from "@steward/node-client/log";
import { createNodeClient } from "@steward/node-client/node-client";
import { readIfThere } from "@steward/node-client/state-files";
import { startAgent } from "./agent.ts";
import { type AgentEnv, readEnv } from "./env.ts";
import { createAnsibleExecutor, hostPlace } from "./executor/ansible-executor.ts";
import type { Executor } from "./executor/executor.ts";
import { createSimulateExecutor } from "./executor/simulate-executor.ts";
import { ringAgent } from "./single-agent.ts";
import { openTrustStore } from "@steward/node-client/trust-store";

const usage = `steward-agent: carries out what was approved for this machine, and nothing else

  steward-agent enrol --url https://api.steward.example --token <token>
  steward-agent run
  steward-agent ring       make the running agent fetch now
  steward-agent status     what the running agent last wrote
  steward-agent doctor     what is wrong here

A token of - is read from the standard input, where no other program sees it.
STEWARD_STATE_DIR names the state folder (default /var/lib/steward-agent).`;

const log = jsonLines((line) => process.stdout.write(line), { app: "steward-agent" });

function executorOf(env: AgentEnv): Executor {
  if (env.STEWARD_EXECUTOR === "simulate") return createSimulateExecutor({ facts: { hostname: hostname() } });
  const place = hostPlace(join(env.STEWARD_STATE_DIR, "work"));
  return createAnsibleExecutor({ place, ansiblePlaybook: [env.STEWARD_ANSIBLE_PLAYBOOK] });
}

async function run(env: AgentEnv): Promise<void> {
  const executor = executorOf(env);
  const agent = await startAgent({ stateDir: env.STEWARD_STATE_DIR, executor, log, ...(await serverCa(env)) });
  log("agent.started", { nodeId: agent.status().nodeId, executor: executor.name });
  process.send?.({ event: "ready" });
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    agent
      .close()
      .then(() => executor.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log("agent.ended_badly", { error: describeError(error) });
          process.exit(1);
        },
      );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);
  if (process.send) process.on("disconnect", end);
}

async function enrolHere(env: AgentEnv, args: string[]): Promise<void> {
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
  process.stdout.write(
    `Enrolled as ${node.name} (${node.nodeId}).\nKey fingerprint: ${node.keyFingerprint}\n` +
      "Whoever invited this machine compares the fingerprint and confirms it; nothing runs here before.\n",
  );
}

async function status(env: AgentEnv): Promise<void> {
  const text = await readIfThere(join(env.STEWARD_STATE_DIR, "status.json"));
  if (text === undefined) throw new AppError("not_found", "no agent has been in touch from this state folder yet");
  process.stdout.write(text);
}

async function ring(env: AgentEnv): Promise<void> {
  if (await ringAgent(env.STEWARD_STATE_DIR)) return;
  throw new AppError("unavailable", `no agent is running on ${env.STEWARD_STATE_DIR}`, {
    next: "start it with `steward-agent run`",
  });
}

async function doctor(env: AgentEnv): Promise<void> {
  let healthy = true;
  const say = (ok: boolean, what: string, next?: string) => {
    healthy &&= ok;
    process.stdout.write(`${ok ? "ok  " : "FAIL"}  ${what}${ok || next === undefined ? "" : `\n      ${next}`}\n`);
  };
  const { STEWARD_STATE_DIR: stateDir } = env;
  const writable = await access(stateDir, constants.W_OK).then(
    () => true,
    () => false,
  );
  say(writable, `state folder ${stateDir}`, "make it writable for this user, or set STEWARD_STATE_DIR");
  if (env.STEWARD_EXECUTOR === "ansible") {
    await promisify(execFile)(env.STEWARD_ANSIBLE_PLAYBOOK, ["--version"], { timeout: 20_000 }).then(
      ({ stdout }) => say(true, stdout.split("\n")[0] ?? "ansible-playbook"),
      (error: unknown) =>
        say(false, `${env.STEWARD_ANSIBLE_PLAYBOOK}: ${describeError(error)}`, "install Debian's package ansible-core"),
    );
    say(process.getuid?.() === 0, "runs as root", "playbooks change the system: run the agent as root");
  } else say(true, "executor simulate: nothing is changed here");
  const identity = writable ? await readIdentity(stateDir) : undefined;
  say(
    identity !== undefined,
    identity ? `enrolled as ${identity.name} (${identity.nodeId})` : "not enrolled",
    usage.split("\n")[2]?.trim(),
  );
  if (identity) {
    const client = await createNodeClient({ stateDir, ...(await serverCa(env)) });
    say(true, `certificate until ${new Date(client.certificate().notAfterMs).toISOString()}`);
    const next = "check the network, the machine's clock and STEWARD_SERVER_CA_FILE";
    // Read only: the running agent owns the folder and beats by itself.
    await client.call("getTrust", {}).then(
      () => say(true, `the nodes door ${identity.nodesUrl} accepts this machine`),
      (error: unknown) => say(false, `the nodes door: ${describeError(error)}`, next),
    );
    const store = {
      stateDir,
      rootPublicKey: identity.rootPublicKey,
      call: client.call,
      nowMs: () => undefined,
      clock: systemClock,
    };
    const known = (await openTrustStore(store)).current();
    if (known) say(true, `trust document ${known.trust.version}, release ${known.release.version}`);
    await client.close();
  }
  process.exitCode = healthy ? 0 : 1;
}

async function serverCa(env: AgentEnv): Promise<{ serverCa?: string }> {
  return env.STEWARD_SERVER_CA_FILE === undefined
    ? {}
    : { serverCa: await readFile(env.STEWARD_SERVER_CA_FILE, "utf8") };
}

async function main([command, ...args]: string[]): Promise<void> {
  if (command === "run") return run(readEnv());
  if (command === "enrol") return enrolHere(readEnv(), args);
  if (command === "ring") return ring(readEnv());
  if (command === "status") return status(readEnv());
  if (command === "doctor") return doctor(readEnv());
  process.stdout.write(`${usage}\n`);
  process.exitCode = command === "--help" || command === "help" ? 0 : 2;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(textLine(`steward-agent: ${describeError(error)}`));
  if (error instanceof AppError) {
    for (const { path, message } of error.fields ?? []) process.stderr.write(textLine(`  ${path}: ${message}`));
    if (error.next !== undefined) process.stderr.write(textLine(`  ${error.next}`));
  }
  process.exit(1);
});
