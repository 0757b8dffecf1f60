import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { conditionKinds } from "@steward/contracts/heartbeat";
import { systemClock } from "@steward/node-client/clock";
import { readIdentity } from "@steward/node-client/identity";
import { commandOf, pinnedRoot, placesOf, type Service, unitOf } from "@steward/node-client/install";
import { describeError } from "@steward/node-client/log";
import { createNodeClient } from "@steward/node-client/node-client";
import { readIfThere } from "@steward/node-client/state-files";
import { openTrustStore } from "@steward/node-client/trust-store";
import { statusFile } from "@steward/node-client/upgrade-installed";
import { journalOf } from "@steward/node-client/upgrade";
import type { AgentStatus } from "./agent.ts";
import type { AgentEnv } from "./env.ts";

export interface Finding {
  id: string;
  ok: boolean;
  text: string;
  next?: string;
}

/** What is right and wrong here, and what to do about it. Read only: the running agent owns the folder and beats by itself. */
export async function examine(
  env: AgentEnv,
  { serverCa, service }: { serverCa?: string; service: Service },
): Promise<Finding[]> {
  const { STEWARD_STATE_DIR: stateDir } = env;
  const findings: Finding[] = [];
  const say = (id: string, ok: boolean, text: string, next?: string) =>
    void findings.push({ id, ok, text, ...(ok || next === undefined ? {} : { next }) });
  const writable = await access(stateDir, constants.W_OK).then(
    () => true,
    () => false,
  );
  say("state-folder", writable, `state folder ${stateDir}`, "make it writable for this user, or set STEWARD_STATE_DIR");
  if (env.STEWARD_EXECUTOR === "ansible") {
    const program = env.STEWARD_ANSIBLE_PLAYBOOK;
    await promisify(execFile)(program, ["--version"], { timeout: 20_000 }).then(
      ({ stdout }) => say("ansible", true, stdout.split("\n")[0] ?? "ansible-playbook"),
      (error: unknown) =>
        say("ansible", false, `${program}: ${describeError(error)}`, "install Debian's package ansible-core"),
    );
    say("root", process.getuid?.() === 0, "runs as root", "playbooks change the system: run the agent as root");
  } else say("executor", true, "executor simulate: nothing is changed here");
  const identity = writable ? await readIdentity(stateDir) : undefined;
  say(
    "enrolled",
    identity !== undefined,
    identity ? `enrolled as ${identity.name} (${identity.nodeId})` : "not enrolled",
    `sudo ${commandOf(service)} install --url https://api.steward.example --token -`,
  );
  const places = placesOf(service);
  if (stateDir === places.state) await examineService(service, say);
  if (identity === undefined) return findings;

  const client = await createNodeClient({ stateDir, ...(serverCa === undefined ? {} : { serverCa }) });
  say("certificate", true, `certificate until ${new Date(client.certificate().notAfterMs).toISOString()}`);
  const next = "check the network, the machine's clock and STEWARD_SERVER_CA_FILE";
  await client.call("getTrust", {}).then(
    () => say("door", true, `the nodes door ${identity.nodesUrl} accepts this machine`),
    (error: unknown) => say("door", false, `the nodes door: ${describeError(error)}`, next),
  );
  const { rootPublicKey } = identity;
  const store = { stateDir, rootPublicKey, call: client.call, nowMs: () => undefined, clock: systemClock };
  const known = (await openTrustStore(store)).current();
  if (known) say("trust", true, `trust document ${known.trust.version}, release ${known.release.version}`);
  await client.close();
  const text = await readIfThere(join(stateDir, statusFile));
  for (const line of text === undefined ? [] : conditionLines(JSON.parse(text) as AgentStatus)) {
    say("condition", false, line, "the agent tells it; see docs/agent.md");
  }
  return findings;
}

async function examineService(
  service: Service,
  say: (id: string, ok: boolean, text: string, next?: string) => void,
): Promise<void> {
  const places = placesOf(service);
  const active = await promisify(execFile)("systemctl", ["is-active", unitOf(service)], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  say("service", active, `the service ${unitOf(service)}`, `systemctl status ${commandOf(service)}`);
  say("root-key", pinnedRoot(places) !== undefined, "upgrades are held to a root key", "run the installer once more");
  const journal = await readIfThere(journalOf(places.program));
  const next = `sudo ${commandOf(service)} upgrade --settle`;
  if (journal !== undefined) say("upgrade", false, "an upgrade is under way, or was cut short", next);
}

/** For people. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ ok, text, next }) => `${ok ? "ok  " : "FAIL"}  ${text}\n${next === undefined ? "" : `      ${next}\n`}`)
    .join("");
}

/** `nowMs`: by this machine's own clock, as the agent's start is. */
export function statusText(status: AgentStatus, nowMs: number): string {
  const hours = Math.floor(Math.max(0, nowMs - status.startedAtMs) / 3_600_000);
  const rows: [string, string | undefined][] = [
    ["node", `${status.name} (${status.nodeId})`],
    ["agent", `${status.version}, ${status.executor}, for ${hours} h (pid ${status.pid})`],
    ["door", status.connected ? "in touch" : "does not answer"],
    ["certificate", `until ${status.certificateNotAfter}`],
    ["configuration", status.configRevision === 0 ? "none of its own" : `revision ${status.configRevision}`],
    ["release", status.releaseVersion === undefined ? "none yet" : String(status.releaseVersion)],
    ["running", status.running ?? "nothing"],
    ["unreported", status.unreported === 0 ? undefined : `${status.unreported} results wait to be taken`],
  ];
  const lines = rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(14)}${value}`]));
  return `${[...lines, ...conditionLines(status)].join("\n")}\n`;
}

/** An agent before 0.2 has written none. */
function conditionLines({ conditions = [] }: Partial<Pick<AgentStatus, "conditions">>): string[] {
  const known: Readonly<Record<string, string>> = conditionKinds;
  return conditions.map(({ kind, subject, level }) => {
    const what = Object.hasOwn(known, kind) ? known[kind] : kind;
    return `${level}: ${what}${subject === undefined ? "" : ` (${subject})`}`;
  });
}
