import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteName } from "@steward/contracts/routes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { type ControlPlane, createControlPlane } from "./support/control-plane.ts";

let dir = "";
let stateDir = "";
let control: ControlPlane;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-killed-"));
  stateDir = join(dir, "state");
  control = await createControlPlane(stateDir);
  await writeFile(join(dir, "ca.pem"), control.door.ca.pem);
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await control.door.close();
  await rm(dir, { recursive: true, force: true });
});

/** One life of the agent, until it is killed by the hook or the test. */
function live(onEffect: () => void = () => {}): Promise<void> {
  const program = new URL("./support/agent-process.ts", import.meta.url);
  const started = fork(program, [stateDir, join(dir, "ca.pem"), join(dir, "effects")], { silent: true });
  child = started;
  started.on("message", onEffect);
  return new Promise((resolve) => started.on("exit", () => resolve()));
}
const effects = async () =>
  (await readFile(join(dir, "effects"), "utf8").catch(() => "")).trim().split("\n").filter(Boolean);
const kill = () => child?.kill("SIGKILL");

describe("an agent process killed with SIGKILL, twice at the same point, still ends its run with at most one effect", () => {
  const points: RouteName[] = [
    "heartbeat",
    "getTrust",
    "getRelease",
    "getEnvelope",
    "getBundle",
    "startRun",
    "requestChunk",
    "recordRun",
  ];
  it.each(points)("%s: carried out, unanswered", async (point) => {
    let kills = 0;
    control.door.onCarriedOut((name) => {
      if (name !== point || kills >= 2) return;
      kills += 1;
      kill();
    });
    // A result that was recorded before the kill is an end already; then there is nothing left to be killed at.
    while (kills < 2 && control.run.status !== "ended") await live();
    void live();
    expect(await until("the result", () => control.run.result, 30_000)).toMatchObject({ attempt: 1 });
    expect(kills).toBeGreaterThan(0);
    const done = await effects();
    expect(done.length).toBeLessThanOrEqual(1);
    const { status, reason } = control.run.result ?? {};
    // Whoever says it succeeded has done it; whoever was cut off in the middle says so.
    if (status === "succeeded") expect(done).toHaveLength(1);
    else expect(reason).toBe("interrupted");
  });

  it("in the middle of a step: interrupted, never repeated", async () => {
    await live(kill);
    void live(kill);
    expect(await until("the result", () => control.run.result, 30_000)).toMatchObject({
      status: "failed",
      reason: "interrupted",
    });
    expect(await effects()).toHaveLength(1);
  });

  it("in the middle of an undo: interrupted, and undone at the next one", async () => {
    void live();
    await until("the run", () => control.run.result, 30_000);
    control.again(2, "undo");
    await until("the agent", () => child?.kill("SIGKILL"));
    await live(kill);
    void live();
    const cut = await until("the result of the undo", () => control.run.result, 30_000);
    expect(cut).toMatchObject({ attempt: 2, status: "failed", reason: "interrupted" });
    kill();
    control.again(3, "undo");
    void live();
    const undone = await until("the next undo", () => control.run.result, 30_000);
    expect(undone).toMatchObject({ attempt: 3, status: "succeeded", steps: [{ status: "undone" }] });
    expect(await effects()).toHaveLength(3);
  });
});
