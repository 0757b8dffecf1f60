import { type ChildProcess, fork } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import type { RouteName } from "@steward/contracts/routes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { openLedger } from "../src/ledger.ts";
import { type ControlPlane, createControlPlane, scriptedExecutor } from "./support/control-plane.ts";
import { useAgents } from "./support/use-agents.ts";

describe("an agent process killed with SIGKILL, twice at the same point, still ends its run with at most one effect", () => {
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

describe("an agent that is killed", () => {
  let dir: string;
  let control: ControlPlane;
  const { start, stop, result } = useAgents((given) => {
    ({ dir, control } = given);
  });

  /** The folder as it was at that moment: what a kill leaves behind. */
  const killedAt = async (state: string) => {
    const copy = `${dir}-${state}`;
    await cp(dir, copy, { recursive: true });
    return copy;
  };
  const restore = async (copy: string) => {
    await rm(dir, { recursive: true });
    await cp(copy, dir, { recursive: true });
    await rm(copy, { recursive: true });
  };

  it("before the start was answered asks again with the same id, and runs once", async () => {
    let copy = "";
    control.door.on("startRun", async ({ body }) => {
      copy ||= await killedAt("prepared");
      control.run.ledgerId = (body as { ledgerId: string }).ledgerId;
      control.run.status = "running";
      throw new AppError("unavailable", "the reply is lost");
    });
    const dead = scriptedExecutor();
    const first = await start(dead.executor);
    await until("the start", () => copy !== "");
    await stop(first);
    await restore(copy);
    control.door.on("startRun", ({ body }) => {
      if ((body as { ledgerId: string }).ledgerId !== control.run.ledgerId)
        throw new AppError("stale_attempt", "another ledger");
      return { startedAtMs: Date.now(), deadlineMs: Date.now() + 60_000, serverTimeMs: Date.now() };
    });
    const { executor, steps } = scriptedExecutor();
    await start(executor);
    expect(await result()).toMatchObject({ status: "succeeded" });
    expect(dead.steps.length + steps.length).toBe(1);
  });

  it("after the start reports the run as interrupted with what was done, and never repeats it, even if killed again", async () => {
    const step = (username: string) => ({
      action: "users.add",
      variables: { username },
      bundle: control.world.bundle,
      undo: "recorded" as const,
    });
    control.served.envelope = control.world.envelope({ steps: [step("ann"), step("bob")] }).document;
    let copy = "";
    const first = scriptedExecutor(async ({ stepIndex }, output, signal) => {
      output(`step ${stepIndex}\n`);
      if (stepIndex === 0) return {};
      await until("the first chunk on the disk", async () =>
        (await openLedger(dir)).entries().some(({ steps }) => steps.length === 1),
      );
      copy ||= await killedAt("started");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { status: "failed" };
    });
    const dead = await start(first.executor);
    await until("the second step", () => copy !== "");
    control.door.on("recordRun", () => {
      throw new AppError("unavailable", "away");
    });
    await stop(dead);
    await restore(copy);

    // The second life cannot report either, and is killed as well.
    const second = scriptedExecutor();
    const again = await start(second.executor);
    await until("a try to report", () => control.door.callsOf("recordRun").length > 0);
    await stop(again);

    control.door.on("recordRun", ({ body }) => {
      control.run.result = body as NonNullable<typeof control.run.result>;
      return { accepted: true, status: "failed" };
    });
    const third = scriptedExecutor();
    await start(third.executor);
    expect(await result()).toMatchObject({ status: "failed", reason: "interrupted", steps: [{ status: "succeeded" }] });
    expect([...second.steps, ...third.steps]).toEqual([]);
    expect(first.steps).toHaveLength(2);
  });

  it("in an orderly stop ends its run as interrupted, with the output so far", async () => {
    const { executor, steps } = scriptedExecutor(async (_, output, signal) => {
      output("so far\n");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { status: "failed" };
    });
    const agent = await start(executor);
    await until("the step", () => steps.length === 1);
    await stop(agent);
    await start(scriptedExecutor().executor);
    expect(await result()).toMatchObject({ status: "failed", reason: "interrupted" });
    expect(control.run.result?.output && control.output(control.run.result.output)).toBe("so far\n");
  });
});
