import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { until } from "../../../node-client/test/support/until.ts";
import type { Agent } from "../../src/agent.ts";
import { openLedger } from "../../src/ledger.ts";
import { type ControlPlane, createControlPlane } from "./control-plane.ts";

/** For each test a state folder and a control plane of its own, which `give` is told of, and the agents on them. */
export function useAgents(give: (given: { dir: string; control: ControlPlane }) => void) {
  let dir: string;
  let control: ControlPlane;
  let agents: Agent[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "steward-agent-"));
    control = await createControlPlane(dir);
    give({ dir, control });
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    agents = [];
    await control.door.close();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    start: async (...given: Parameters<ControlPlane["startAgent"]>): Promise<Agent> => {
      const agent = await control.startAgent(...given);
      agents.push(agent);
      return agent;
    },
    /** Before the test ends: nothing closes it again. */
    stop: async (agent: Agent): Promise<void> => {
      agents = agents.filter((one) => one !== agent);
      await agent.close();
    },
    result: () => until("a result", () => control.run.result),
    reported: () =>
      until("the ledger's last state", async () =>
        (await openLedger(dir)).entries().find(({ state }) => state === "reported"),
      ),
  };
}
