import { newId } from "@steward/contracts/ids";
import type { SignedDocument } from "@steward/contracts/signed";
import { describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { type ControlPlane, scriptedExecutor } from "./support/control-plane.ts";
import { signDocument } from "./support/signed-world.ts";
import { useAgents } from "./support/use-agents.ts";

let control: ControlPlane;
const { start, stop } = useAgents((given) => {
  ({ control } = given);
});

describe("a configuration", () => {
  it("is fetched when the server names another revision, verified, kept over a restart, and told", async () => {
    const { door, world } = control;
    const signed = (revision: number, changes: object = {}, key = world.keys.dispatch) =>
      signDocument("steward-config-v1", key, {
        v: 1,
        tenantId: world.tenantId,
        nodeId: world.applianceId,
        revision,
        issuedAtMs: Date.now(),
        expiresAtMs: Date.now() + 3_600_000,
        config: { watch: { filesystems: ["/gone"] } },
        ...changes,
      });
    let config: { revision: number; document?: SignedDocument } = { revision: 4, document: signed(4) };
    door.on("fetchConfig", () => config);
    door.on("heartbeat", () => ({
      serverTimeMs: Date.now(),
      nextIntervalSeconds: 60,
      configRevision: config.revision,
      pendingRuns: [],
    }));
    control.run.status = "ended";
    const lastBeat = () => door.callsOf("heartbeat").at(-1)?.body as { configRevision: number; conditions: unknown[] };
    let agent = await start(scriptedExecutor().executor);
    await until("it is taken up", () => agent.status().configRevision === 4);
    // At once: the interval is a minute.
    await until("it is told", () => lastBeat().configRevision === 4);
    await agent.beat();
    await agent.beat();
    expect(lastBeat().conditions).toContainEqual(
      expect.objectContaining({ kind: "disk", subject: "/gone", level: "critical" }),
    );

    // Older, expired, another's, and signed by a key that signs something else: the last good one stays.
    for (const [revision, document] of [
      [3, signed(3)],
      [5, signed(5, { expiresAtMs: Date.now() - 1 })],
      [6, signed(6, { nodeId: newId("appliance", 1) })],
      [7, signed(7, {}, world.keys.release)],
      [8, signed(4, { config: {} })],
    ] as const) {
      config = { revision, document };
      await agent.beat();
      await until("it is refused", () => control.eventsOf("config.refused").length > 0);
      control.events.length = 0;
      await agent.beat();
      expect(agent.status().configRevision).toBe(4);
      expect(lastBeat().conditions).toContainEqual(expect.objectContaining({ kind: "configuration" }));
    }
    await stop(agent);
    agent = await start(scriptedExecutor().executor);
    expect(agent.status().configRevision).toBe(4);
    config = { revision: 9, document: signed(9, { config: {} }) };
    await agent.beat();
    await until("the newer one", () => agent.status().configRevision === 9);
    await until("it is told", () => lastBeat().configRevision === 9);
  });
});
