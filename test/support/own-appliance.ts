import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import type { RouteName } from "@steward/contracts/routes";
import { enrol } from "@steward/node-client/enrol";
import type { Log } from "@steward/node-client/log";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { type Agent, startAgent } from "../../packages/agent/src/agent.ts";
import { createAnsibleExecutor, hostPlace } from "../../packages/agent/src/executor/ansible-executor.ts";
import { plausibleFacts } from "../../packages/agent/src/executor/simulate-executor.ts";
import { countingPlaybook } from "./effects.ts";
import type { Installation } from "./installation.ts";

/** What a test does to one call of the agent: `send` carries it out, as often as it is called. */
export type Around = (name: RouteName, send: () => Promise<unknown>) => Promise<unknown>;

/** An appliance whose agent the test starts and stops itself, and whose ledger it may copy, and put back. */
export interface OwnAppliance {
  name: string;
  nodeId: string;
  /** Where the effects are. Not a part of what is restored: it is what really happened. */
  disk: string;
  /** The agent's own folder: identity, certificate, ledger. */
  stateDir: string;
  /** The real agent with the real executor and the counting program, from `stateDir` or a copy of it. */
  start(options?: { around?: Around; stateDir?: string; disk?: string; log?: Log }): Promise<Agent>;
  /** A copy of the agent's folder, as of now. */
  snapshot(): string;
  /** Puts a copy back in the place of the folder. The agent must not be running. */
  restore(snapshot: string): void;
  /** Ends every agent of it. */
  stop(): Promise<void>;
}

/** Invites, enrols and confirms a machine of the tenant that `call` is an admin of. Answers its id. */
export async function enrolMachine(
  { stack: { apiUrl } }: Pick<Installation, "stack">,
  call: Client,
  { kind, name, stateDir }: { kind: "appliance" | "worker"; name: string; stateDir: string },
): Promise<string> {
  const doorbell = kind === "appliance" ? { tags: [], doorbell: "pull" as const } : {};
  const { token } = await call("inviteNode", { body: { kind, name, ...doorbell } });
  const { nodeId, keyFingerprint } = await enrol({ apiUrl, token, hostname: name, stateDir });
  await call("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
  return nodeId;
}

/** Invites, enrols and confirms an appliance in `folder`, for the tenant that `call` is an admin of. */
export async function enrolOwnAppliance(
  installation: Pick<Installation, "stack" | "serverCa">,
  call: Client,
  { name, folder }: { name: string; folder: string },
): Promise<OwnAppliance> {
  const stateDir = join(folder, name, "state");
  const disk = join(folder, name, "disk");
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  mkdirSync(disk, { recursive: true });
  const nodeId = await enrolMachine(installation, call, { kind: "appliance", name, stateDir });
  const stops: (() => Promise<void>)[] = [];
  let snapshots = 0;
  return {
    name,
    nodeId,
    disk,
    stateDir,
    async start(options = {}) {
      const folderOfAgent = options.stateDir ?? stateDir;
      const client = await createNodeClient({ stateDir: folderOfAgent, serverCa: installation.serverCa });
      const executor = createAnsibleExecutor({
        place: { ...hostPlace(join(folderOfAgent, "work")), knownFacts: async () => plausibleFacts(name) },
        ansiblePlaybook: [countingPlaybook],
        environment: { STEWARD_DISK: options.disk ?? disk },
      });
      const agent = await startAgent({
        stateDir: folderOfAgent,
        executor,
        client: options.around === undefined ? client : wrap(client, options.around),
        log: options.log ?? (() => {}),
      });
      let stopping: Promise<void> | undefined;
      const stop = () => {
        stopping ??= (async () => {
          await agent.close();
          await executor.close();
          await client.close();
        })();
        return stopping;
      };
      stops.push(stop);
      return { ...agent, close: stop };
    },
    snapshot() {
      snapshots += 1;
      const copy = join(folder, name, `snapshot-${snapshots}`);
      cpSync(stateDir, copy, { recursive: true });
      return copy;
    },
    restore(snapshot) {
      rmSync(stateDir, { recursive: true });
      cpSync(snapshot, stateDir, { recursive: true });
    },
    async stop() {
      await Promise.all(stops.map((end) => end()));
    },
  };
}

/** The same client, with a test between it and whoever calls. */
export function wrap(client: NodeClient, around: Around): NodeClient {
  return { ...client, call: (name, input) => around(name, () => client.call(name, input)) as never };
}
