import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteName } from "@steward/contracts/routes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { openLedger } from "../src/ledger.ts";
import { type ControlPlane, createControlPlane } from "./support/control-plane.ts";

let dir = "";
let stateDir = "";
let control: ControlPlane;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-reboot-"));
  stateDir = join(dir, "state");
  control = await createControlPlane(stateDir);
  await writeFile(join(dir, "ca.pem"), control.door.ca.pem);
  await writeFile(join(dir, "boot-id"), "boot-1");
  const addJohn = { action: "users.add", variables: { username: "john" }, undo: "recorded" } as const;
  const { bundle } = control.world.release.actions[0] ?? { bundle: "" };
  control.served.envelope = control.world.envelope({
    steps: [
      { ...addJohn, bundle },
      { action: "system.ping", variables: {}, undo: "none", bundle },
      { ...addJohn, bundle },
    ],
  }).document;
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await control.door.close();
  await rm(dir, { recursive: true, force: true });
});

const kill = () => child?.kill("SIGKILL");
const effects = async () =>
  (await readFile(join(dir, "effects"), "utf8").catch(() => "")).trim().split("\n").filter(Boolean);
const result = () => until("the result", () => control.run.result, 30_000);

/** One life of the agent, until it is killed. */
function live(on: (message: unknown) => void): Promise<void> {
  const program = new URL("./support/rebooting-agent-process.ts", import.meta.url);
  const started = fork(program, [stateDir, join(dir, "ca.pem"), dir], { silent: true });
  child = started;
  started.on("message", on);
  return new Promise((resolve) => started.on("exit", () => resolve()));
}

/** What a machine does that is told to restart: everything on it dies, and then another boot begins. */
function machine(more: (message: unknown) => void = () => {}) {
  let boots = 1;
  return (message: unknown) => {
    more(message);
    if (message === "asked" && child?.killed === false) child.send("go");
    if (message !== "restarting") return;
    boots += 1;
    // First of all who listens for the exit: whoever starts the next life finds the next boot.
    child?.prependListener("exit", () => writeFileSync(join(dir, "boot-id"), `boot-${boots}`));
    kill();
  };
}

describe("a step that restarts the machine", () => {
  it("is done after another boot and the first heartbeat after it; the steps behind it go on, and the output is whole", async () => {
    const obeying = machine();
    await live(obeying);
    expect(control.run.result).toBeUndefined();
    void live(obeying);
    const done = await result();
    expect(done).toMatchObject({
      status: "succeeded",
      steps: [{ status: "succeeded" }, { action: "system.ping", status: "succeeded" }, { status: "succeeded" }],
    });
    expect(await effects()).toEqual(["step 0", "restart", "step 2"]);
    expect(done.output && control.output(done.output)).toBe(
      "working on 0\nworking on 1\n\nThe machine starts again.\n\nThe machine is back.\nworking on 2\n",
    );
    const routes = control.door.calls.map(({ route }) => route);
    const [, second = 0] = routes.flatMap((route, at) => (route === "startRun" ? [at] : []));
    expect(routes.lastIndexOf("heartbeat", second), "it beats before it goes on").toBeGreaterThan(
      routes.indexOf("startRun"),
    );
  });

  it("is asked of the machine again where the agent was killed before the machine was told, twice", async () => {
    for (let life = 0; life < 2; life += 1) await live((message) => message === "asked" && kill());
    expect(await effects()).toEqual(["step 0"]);
    const obeying = machine();
    await live(obeying);
    void live(obeying);
    expect(await result()).toMatchObject({ status: "succeeded" });
    expect(await effects()).toEqual(["step 0", "restart", "step 2"]);
  });

  it.each<RouteName>(["heartbeat", "startRun", "recordRun"])(
    "has each effect once when the agent is killed twice after the restart, at %s",
    async (point) => {
      const obeying = machine();
      await live(obeying);
      let kills = 0;
      control.door.onCarriedOut((name) => {
        if (name !== point || kills >= 2) return;
        kills += 1;
        kill();
      });
      while (kills < 2 && control.run.status !== "ended") await live(obeying);
      void live(obeying);
      expect(await result()).toMatchObject({ status: "succeeded" });
      expect(kills).toBeGreaterThan(0);
      expect(await effects()).toEqual(["step 0", "restart", "step 2"]);
    },
  );

  it("is no licence to repeat what comes behind it: killed there, the run is interrupted", async () => {
    const obeying = machine((message) => message === "step 2" && kill());
    await live(obeying);
    await live(obeying);
    void live(obeying);
    expect(await result()).toMatchObject({
      status: "failed",
      reason: "interrupted",
      steps: [{ status: "succeeded" }, { status: "succeeded" }],
    });
    expect(await effects()).toEqual(["step 0", "restart", "step 2"]);
  });

  it("goes no further where the server says that the run is over: a machine restored from a snapshot", async () => {
    await live(machine());
    control.run.status = "ended";
    void live(machine());
    const ended = await until("the end in the ledger", async () =>
      (await openLedger(stateDir)).entries().find(({ state }) => state === "finished" || state === "reported"),
    );
    expect(ended.result).toMatchObject({ status: "failed", steps: [{ status: "succeeded" }, { status: "failed" }] });
    expect(await effects()).toEqual(["step 0", "restart"]);
  });

  it("obeys no command that was changed on the disk meanwhile", async () => {
    await live(machine());
    const [entry] = (await openLedger(stateDir)).entries();
    const file = join(stateDir, "runs", `${entry?.runId}.1`, "reboot-1.json");
    const kept = JSON.parse(await readFile(file, "utf8"));
    const payload = Buffer.from(kept.envelope.payload, "base64").toString().replace('"john"', '"eve"');
    kept.envelope.payload = Buffer.from(payload).toString("base64");
    await writeFile(file, JSON.stringify(kept));
    void live(machine());
    expect(await result()).toMatchObject({ status: "failed", reason: expect.stringContaining("not_signed") });
    expect(await effects()).toEqual(["step 0", "restart"]);
  });
});
