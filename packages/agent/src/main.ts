import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "@steward/contracts/errors";
import { placesOf, type Service } from "@steward/node-client/install";
import { describeError, jsonLines } from "@steward/node-client/log";
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
import { type AgentStatus, startAgent } from "./agent.ts";
import { examine, findingsText, statusText } from "./doctor.ts";
import { type AgentEnv, readEnv } from "./env.ts";
import { createAnsibleExecutor, hostPlace } from "./executor/ansible-executor.ts";
import type { Executor } from "./executor/executor.ts";
import { createSimulateExecutor } from "./executor/simulate-executor.ts";
import { createServiceUpgrader } from "./service-upgrader.ts";
import { ringAgent } from "./single-agent.ts";
import { agentVersion } from "./version.ts";

const usage = `steward-agent: carries out what was approved for this machine, and nothing else

  sudo steward-agent install --url https://api.steward.example --token -
                               folders, systemd units and enrolment; again: mends what is missing
  sudo steward-agent upgrade   to the newest build of the signed release; comes back when it does not beat
                               --version <version>
  sudo steward-agent uninstall takes the agent off the machine
  sudo steward-agent status    what the running agent last wrote     --json   for programs
  sudo steward-agent doctor    what is wrong here, and what to do    --json   for programs
  sudo steward-agent ring      make the running agent fetch now

  steward-agent enrol --url https://api.steward.example --token <token>
  steward-agent run

upgrade, uninstall, status, doctor and ring read /etc/steward/agent.env, as the service does; what the shell has set wins.
A token of - is read from the standard input, where no other program sees it.
STEWARD_STATE_DIR names the state folder (default /var/lib/steward-agent).`;

const service: Service = { program: "agent" };
const log = jsonLines((line) => process.stdout.write(line), { app: "steward-agent" });

function executorOf(env: AgentEnv): Executor {
  if (env.STEWARD_EXECUTOR === "simulate") return createSimulateExecutor({ facts: { hostname: hostname() } });
  const place = hostPlace(join(env.STEWARD_STATE_DIR, "work"));
  return createAnsibleExecutor({ place, ansiblePlaybook: [env.STEWARD_ANSIBLE_PLAYBOOK] });
}

async function run(env: AgentEnv): Promise<void> {
  const executor = executorOf(env);
  const { STEWARD_STATE_DIR: stateDir } = env;
  const isService = existsSync(placesOf(service).program) && stateDir === placesOf(service).state;
  const agent = await startAgent({
    stateDir,
    executor,
    log,
    ...(executor.name === "ansible" && isService ? { upgrader: createServiceUpgrader({ service, stateDir }) } : {}),
    ...(await serverCaOf(env.STEWARD_SERVER_CA_FILE)),
  });
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

async function install(args: string[]): Promise<void> {
  const { enrol } = parseInstall(args);
  await installHere(service, { folder: import.meta.dirname, settings: {}, enrol });
}

async function upgrade(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      version: { type: "string" },
      settle: { type: "boolean" },
      // The agent's own, where it asks.
      id: { type: "string" },
      "server-time": { type: "string" },
    },
  });
  const { version: wanted, id, settle, "server-time": serverTime } = values;
  const serverTimeMs = serverTime === undefined ? undefined : Number(serverTime);
  const about = { version: agentVersion, settings, log, wanted, id, settle, serverTimeMs };
  if (!(await upgradeHere(service, about))) process.exitCode = 1;
}

async function status(env: AgentEnv, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" } } });
  checkMayRead(env.STEWARD_STATE_DIR);
  const text = await readIfThere(join(env.STEWARD_STATE_DIR, statusFile));
  if (text === undefined) throw new AppError("not_found", "no agent has been in touch from this state folder yet");
  process.stdout.write(values.json === true ? text : statusText(JSON.parse(text) as AgentStatus, Date.now()));
}

async function ring(env: AgentEnv): Promise<void> {
  if (await ringAgent(env.STEWARD_STATE_DIR)) return;
  throw new AppError("unavailable", `no agent is running on ${env.STEWARD_STATE_DIR}`, {
    next: "start it with `steward-agent run`",
  });
}

async function doctor(env: AgentEnv, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" } } });
  const findings = await examine(env, { ...(await serverCaOf(env.STEWARD_SERVER_CA_FILE)), service });
  const ok = findings.every((finding) => finding.ok);
  process.stdout.write(values.json === true ? `${JSON.stringify({ ok, findings })}\n` : findingsText(findings));
  process.exitCode = ok ? 0 : 1;
}

/** Of a command that somebody types on the host. */
function hostEnv(): AgentEnv {
  return readEnv(withSettingsFile(placesOf(service).settings, process.env));
}

function settings(): HostSettings {
  const { STEWARD_STATE_DIR: stateDir, STEWARD_SERVER_CA_FILE: serverCaFile } = hostEnv();
  return { stateDir, serverCaFile };
}

async function main([command, ...args]: string[]): Promise<void> {
  if (command === "run") return run(readEnv());
  if (command === "enrol") return enrolHere(service, args, readEnv().STEWARD_STATE_DIR);
  if (command === "install") return install(args);
  if (command === "upgrade") return upgrade(args);
  if (command === "uninstall") return uninstallHere(service, { settings, log });
  if (command === "ring") return ring(hostEnv());
  if (command === "status") return status(hostEnv(), args);
  if (command === "doctor") return doctor(hostEnv(), args);
  if (command === "--version") {
    process.stdout.write(`${agentVersion}\n`);
    return;
  }
  process.stdout.write(`${usage}\n`);
  process.exitCode = command === "--help" || command === "help" ? 0 : 2;
}

main(process.argv.slice(2)).catch(endBadly("steward-agent"));
