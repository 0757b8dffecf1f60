import { describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { type ControlPlane, scriptedExecutor } from "./support/control-plane.ts";
import { useAgents } from "./support/use-agents.ts";

let control: ControlPlane;
const { start, stop, result } = useAgents((given) => {
  ({ control } = given);
});

describe("a step that replaces the agent", () => {
  it.each([
    ["is done when the upgrade says so, in the life of the other build", "upgraded", "succeeded"],
    ["fails when the build was taken back, with why", "returned", "failed"],
  ] as const)("%s; it is not run again", async (_, type, status) => {
    const { executor, steps } = scriptedExecutor(() => ({ wantsUpgrade: "newest" }));
    const begun: string[] = [];
    let isOver = false;
    const upgrader = {
      begin: async ({ id, serverTimeMs }: { id: string; serverTimeMs: number }) => {
        expect(serverTimeMs).toBeGreaterThan(0);
        begun.push(id);
      },
      unitState: async () => (begun.length > 0 && !isOver ? "activating" : "inactive"),
      endOf: async (id: string) =>
        !isOver || id !== begun[0]
          ? undefined
          : ({
              type,
              version: "9.0.0",
              ...(type === "returned" ? { why: "it got no heartbeat out in time" } : {}),
            } as never),
    };
    const first = await start(executor, { upgrader });
    await until("the upgrade", () => begun.length === 1);
    // The other build takes its place: the run waits for it, and is no interrupted one.
    await stop(first);
    expect(control.run.result).toBeUndefined();
    isOver = true;
    await start(executor, { upgrader });
    const ended = await result();
    expect(ended).toMatchObject({ status, steps: [{ action: "users.add", status }] });
    if (type === "returned") expect(ended.steps[0]?.reason).toContain("9.0.0 was taken back");
    expect([steps.length, begun.length]).toEqual([1, 1]);
  });

  it("fails as an upgrade where nobody can read how it ended", async () => {
    const upgrader = {
      begin: async () => {},
      unitState: async () => "inactive",
      endOf: async () => Promise.reject(new Error("EACCES")),
    };
    await start(scriptedExecutor(() => ({ wantsUpgrade: "newest" })).executor, { upgrader });
    expect((await result()).steps[0]?.reason).toMatch(/^the upgrade could not be followed: .*EACCES/);
  });

  it("fails at once where the agent is no service", async () => {
    const { executor } = scriptedExecutor(() => ({ wantsUpgrade: "9.0.0" }));
    await start(executor);
    expect(await result()).toMatchObject({
      status: "failed",
      steps: [{ reason: "nothing here can be upgraded" }],
    });
  });
});
