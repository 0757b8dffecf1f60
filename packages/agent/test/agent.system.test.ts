import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import type { RunResult } from "@steward/contracts/run";
import { describe, expect, it } from "vitest";
import { until } from "../../node-client/test/support/until.ts";
import { unpack } from "../src/bundle-store.ts";
import { openLedger } from "../src/ledger.ts";
import { ringAgent } from "../src/single-agent.ts";
import { type ControlPlane, scriptedExecutor, tarGz } from "./support/control-plane.ts";
import { newKey } from "./support/signed-world.ts";
import { useAgents } from "./support/use-agents.ts";

let dir: string;
let control: ControlPlane;
const { start, stop, result, reported } = useAgents((given) => {
  ({ dir, control } = given);
});

describe("a run", () => {
  it("is fetched after the heartbeat names it, run once, and reported with its whole output", async () => {
    const { executor, steps } = scriptedExecutor((_, output) => {
      output("PLAY [all]\n");
      output("ok: ümlaut\n");
      return { result: { uid: 1001 } };
    });
    await start(executor);
    expect(await result()).toMatchObject({
      status: "succeeded",
      executor: "ansible",
      steps: [{ action: "users.add", status: "succeeded", changed: 1, result: { uid: 1001 } }],
    });
    expect(steps).toMatchObject([
      { playbook: "users_add", mode: "apply", variables: { username: "john" }, timeoutSeconds: 30 },
    ]);
    const { output } = await result();
    expect(output && control.output(output)).toBe("PLAY [all]\nok: ümlaut\n");
    await until("the new facts", () =>
      control.door.callsOf("putFacts").some(({ body }) => JSON.stringify(body).includes("john")),
    );
    const { outputDir } = await reported();
    await until("the spool is gone", async () => !(await readdir(join(outputDir, ".."))).includes("output"));
    const order = control.door.calls.map(({ route }) => route);
    expect(order.slice(0, 2)).toEqual(["enrol", "heartbeat"]);
    expect(order.indexOf("getEnvelope")).toBeLessThan(order.indexOf("startRun"));
  });

  it("is undone by its record, tried again, and undone only where it was done", async () => {
    let fails = false;
    const { executor, steps } = scriptedExecutor(({ mode }) =>
      fails && mode === "undo" ? { status: "failed", reason: "the disk is full" } : {},
    );
    const agent = await start(executor);
    await reported();
    const next = async (...asked: Parameters<typeof control.again>) => {
      control.again(...asked);
      await agent.ring();
      return result();
    };
    fails = true;
    expect(await next(2, "undo")).toMatchObject({
      attempt: 2,
      status: "failed",
      reason: "users.add could not be undone: the disk is full",
    });
    fails = false;
    expect(await next(3, "undo")).toMatchObject({ status: "succeeded", steps: [{ status: "undone", changed: 1 }] });
    // There is nothing left of it.
    expect(await next(4, "undo")).toMatchObject({ status: "succeeded", steps: [{ status: "skipped", changed: 0 }] });
    expect(await next(5)).toMatchObject({ attempt: 5, status: "succeeded", steps: [{ status: "succeeded" }] });
    expect(steps.map(({ mode, attempt }) => `${mode} ${attempt}`)).toEqual(["apply 1", "undo 2", "undo 3", "apply 5"]);
    expect(new Set(steps.map(({ runId, stepIndex }) => `${runId} ${stepIndex}`)).size).toBe(1);
    // Signed, approved, and of another plan than the run began with.
    control.again(6, "undo", { steps: [{ ...control.world.addJohn[0]!, variables: { username: "jane" } }] });
    await agent.ring();
    await until("the refusal", () => agent.status().refusals.some((why) => why.includes("plan_changed")));
    expect(steps).toHaveLength(4);
  });

  it("of another life of the machine undoes nothing, and says so", async () => {
    control.again(2, "undo");
    const { executor, steps } = scriptedExecutor();
    await start(executor);
    expect(await result()).toMatchObject({ status: "failed", reason: expect.stringContaining("does not remember") });
    expect(steps).toEqual([]);
  });

  it("has one effect, however often the bell rings and replies are lost", async () => {
    for (const route of ["pendingRuns", "getEnvelope", "startRun", "requestChunk", "recordRun"] as const)
      control.door.loseReplies(route, 1);
    const { executor, steps } = scriptedExecutor((_, output) => {
      output("once\n");
      return {};
    });
    const agent = await start(executor);
    await until("the first answer", () => agent.status().connected);
    await Promise.all(Array.from({ length: 5 }, () => agent.ring("any")));
    expect(await ringAgent(dir)).toBe(true);
    await reported();
    await agent.ring();
    await until("a look after the end", () => control.door.callsOf("pendingRuns").length > 2);
    expect(steps).toHaveLength(1);
    expect(
      new Set(control.door.callsOf("startRun").map(({ body }) => (body as { ledgerId: string }).ledgerId)).size,
    ).toBe(1);
    expect(control.door.callsOf("startRun").length).toBeGreaterThan(1);
    expect(control.run.result?.output && control.output(control.run.result.output)).toBe("once\n");
  });

  it("stores the secret that it makes before the step has it, whatever replies are lost, and tells nobody else", async () => {
    control.door.loseReplies("storeRunSecret", 2);
    const { executor, steps } = scriptedExecutor((step, output) => {
      const password = step.secrets?.["password"] ?? "";
      const stored = control.door.callsOf("storeRunSecret").length;
      output(`doveadm pw -p ${password}\nand ${Buffer.from(`x${password}`).toString("base64")} ${stored} stored\n`);
      return { secrets: ["password"], result: { hint: password }, reason: `it is ${password}` };
    });
    await start(executor);
    const ended = await result();
    const password = steps[0]?.secrets?.["password"] ?? "";
    expect(password).toMatch(/^[a-z2-9]{6}(?:-[a-z2-9]{6}){3}$/);
    const calls = control.door.callsOf("storeRunSecret");
    expect(calls.map(({ body }) => (body as { value: string }).value)).toEqual([password, password, password]);
    expect(calls[0]?.body).toMatchObject({ attempt: 1, step: 0, ledgerId: control.run.ledgerId });
    expect(ended.steps).toMatchObject([{ status: "succeeded", secrets: ["password"] }]);
    expect(JSON.stringify(ended)).not.toContain(password);
    const shown = ended.output === undefined ? "" : control.output(ended.output);
    expect(shown).toMatch(/^doveadm pw -p \[redacted\]\nand .*\[redacted\].* 3 stored\n$/);
    expect(shown).not.toContain(password);
    const { outputDir } = await reported();
    await until("the spool is gone", async () => !(await readdir(join(outputDir, ".."))).includes("output"));
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) expect(await readFile(join(entry.parentPath, entry.name), "latin1")).not.toContain(password);
    expect(JSON.stringify(control.events)).not.toContain(password);
  });

  it("fails without a secret that cannot be stored: nothing uses what nobody could be given", async () => {
    control.door.on("storeRunSecret", () => {
      throw new AppError("unprocessable", "the plan makes none");
    });
    const { executor, steps } = scriptedExecutor();
    await start(executor);
    expect(await result()).toMatchObject({ status: "failed", reason: expect.stringContaining("the plan makes none") });
    expect(steps).toEqual([]);
  });

  it("has its result when the disk takes nothing while it runs, as soon as the disk does again", async () => {
    const runs = join(dir, "runs");
    const { executor, steps } = scriptedExecutor(async () => {
      await rename(runs, join(dir, "full"));
      return {};
    });
    await start(executor);
    await until("the result that cannot be written", () => control.eventsOf("ledger.result_not_kept").length > 0);
    expect(control.eventsOf("ledger.step_not_kept")).toHaveLength(1);
    await rename(join(dir, "full"), runs);
    expect(await result()).toMatchObject({ status: "succeeded", steps: [{ status: "succeeded" }] });
    await reported();
    expect(steps).toHaveLength(1);
  });

  it("is told as it ended, also when what it found is refused", async () => {
    control.door.on("recordRun", ({ body }) => {
      if (JSON.stringify(body).includes("unheard-of")) throw new AppError("invalid_request", "no such thing");
      control.run.result ??= body as RunResult;
      control.run.status = "ended";
      return { accepted: true, status: "succeeded" };
    });
    await start(scriptedExecutor(() => ({ result: { found: "unheard-of" } })).executor);
    expect(await result()).toMatchObject({ status: "succeeded", steps: [{ status: "succeeded", changed: 1 }] });
    await reported();
  });

  it("is told without its output where the object store cannot be reached", async () => {
    control.door.storeAway(true);
    const { executor } = scriptedExecutor((_, output) => {
      output("nobody will read this\n");
      return {};
    });
    await start(executor);
    const ended = await until("a result", () => control.run.result, 30_000);
    expect(ended).toMatchObject({ status: "succeeded", steps: [{ status: "succeeded", changed: 1 }] });
    expect(ended.output).toBeUndefined();
    expect(control.eventsOf("output.refused")).toHaveLength(1);
    await reported();
  });

  it("that goes on while the object store is away has its whole output once the store is back", async () => {
    control.door.storeAway(true);
    const { executor } = scriptedExecutor(async (_, output) => {
      output("first\n");
      await until("more tries than a result waits for", () => control.door.puts() > 25, 30_000);
      control.door.storeAway(false);
      await until("the first chunk", () => control.door.objects.size > 1);
      output("last\n");
      return {};
    });
    await start(executor);
    const ended = await until("a result", () => control.run.result, 30_000);
    expect(ended.output && control.output(ended.output)).toBe("first\nlast\n");
  });

  it("is told in whole characters, whatever the machine says", async () => {
    const reason = `${"x".repeat(1999)}😀`;
    await start(scriptedExecutor(() => ({ status: "failed", reason, result: { name: "J\udcf6rg" } })).executor);
    expect(JSON.stringify(await result())).not.toMatch(/\\ud[89a-f]/);
    expect(await result()).toMatchObject({ status: "failed", steps: [{ result: { name: "J\ufffdrg" } }] });
  });

  it("is done by an agent whose kept release was signed with a key that is gone since", async () => {
    await (await control.startAgent(scriptedExecutor().executor)).close();
    // Killed in the middle of a refresh: the new trust document was kept, the release that goes with it was not.
    const { keyId, publicKey } = newKey();
    const keys = { ...control.world.trust.keys, release: [{ keyId, publicKey }] };
    await writeFile(join(dir, "trust.json"), JSON.stringify(control.world.trustDocument({ version: 2, keys })));
    await writeFile(join(dir, "release.json"), JSON.stringify(control.world.releaseDocument()));
    const agent = await start(scriptedExecutor().executor);
    expect(agent.status().releaseVersion).toBeUndefined();
  });

  it("stops at the step that fails, and undoes what was done where the plan says so", async () => {
    const step = (username: string) => ({
      action: "users.add",
      variables: { username },
      bundle: control.world.bundle,
      undo: "recorded" as const,
    });
    const rollout = { waves: [{ percent: 100 }], maxConcurrency: 1, undoOnFailure: true };
    control.served.envelope = control.world.envelope({
      steps: [step("ann"), step("bob"), step("eve"), step("tom")],
      plan: { rollout },
    }).document;
    const { executor, steps } = scriptedExecutor(({ variables }) =>
      variables["username"] === "eve" ? { status: "failed", reason: "no space" } : {},
    );
    await start(executor);
    expect(await result()).toMatchObject({
      status: "failed",
      reason: "users.add: no space",
      steps: [
        { status: "undone" },
        { status: "undone" },
        { status: "failed", reason: "no space" },
        { status: "skipped" },
      ],
    });
    expect(steps.map(({ mode, stepIndex }) => `${mode} ${stepIndex}`)).toEqual([
      "apply 0",
      "apply 1",
      "apply 2",
      "undo 1",
      "undo 0",
    ]);
  });

  it("of the simulate executor never claims to have succeeded", async () => {
    const { executor } = scriptedExecutor(() => ({ status: "simulated" }));
    await start({ ...executor, name: "simulate" });
    expect(await result()).toMatchObject({ status: "simulated", executor: "simulate" });
  });
});

describe("nothing runs", () => {
  const neverRuns = async (code: string) => {
    const { executor, steps } = scriptedExecutor();
    const agent = await start(executor);
    await until("the refusal", () => agent.status().refusals.some((text) => text.includes(code)));
    await agent.beat();
    expect(control.door.callsOf("heartbeat").at(-1)?.body).toMatchObject({
      conditions: [{ kind: "run", subject: expect.stringContaining(code), level: "warning" }],
    });
    expect(control.door.callsOf("startRun")).toHaveLength(0);
    expect(steps).toHaveLength(0);
  };

  it("when the envelope is signed by a stranger", async () => {
    control.served.envelope = control.world.envelope({ key: newKey() }).document;
    await neverRuns("not_signed");
  });

  it("when the trust document is signed by another root", async () => {
    control.served.trust = control.world.trustDocument({}, newKey());
    await neverRuns("forbidden");
  });

  it("when the trust document has ended", async () => {
    control.served.trust = control.world.trustDocument({ expiresAtMs: control.world.trust.issuedAtMs + 1 });
    await neverRuns("expired");
  });

  it("when its key was dropped from a newer trust document", async () => {
    const { keyId, publicKey } = newKey();
    const keys = { ...control.world.trust.keys, dispatch: [{ keyId, publicKey }] };
    control.served.trust = control.world.trustDocument({ version: 2, keys });
    await neverRuns("not_signed");
  });

  it("when the bundle is not the one that its digest names", async () => {
    control.door.objects.set("/objects/bundle", await tarGz([{ name: "playbooks/users_add.yml", content: "evil" }]));
    await neverRuns("forbidden");
  });

  it("when the server does not know the run by this ledger id: a restored disk", async () => {
    control.run.ledgerId = "00000000-0000-4000-8000-000000000000";
    const { executor, steps } = scriptedExecutor();
    await start(executor);
    await until("the refusal", () => control.eventsOf("run.not_started").length > 0);
    expect(steps).toHaveLength(0);
    expect((await openLedger(dir)).entries()).toMatchObject([{ state: "dropped" }]);
  });

  it("while the gate says no, and then it does", async () => {
    control.door.on("pendingRuns", () => ({ runs: [] }));
    const { executor, steps } = scriptedExecutor();
    const agent = await start(executor);
    await until("the first answer", () => agent.status().connected);
    control.door.on("startRun", () => {
      throw new AppError("denied_by_gate", "a freeze is in force");
    });
    control.door.on("pendingRuns", () => ({ runs: [control.world.runId] }));
    await agent.ring();
    await until("the refusal", () => agent.status().refusals.some((text) => text.includes("denied_by_gate")));
    expect(steps).toHaveLength(0);
    expect((await openLedger(dir)).entries()).toMatchObject([{ state: "prepared" }]);
  });
});

describe("a start that was asked for and never answered", () => {
  /** Attempt 1 is prepared, and nobody answers. */
  const prepared = async () => {
    let up = false;
    const startRun = control.door.handlerOf("startRun");
    control.door.on("startRun", (call) => {
      if (!up) throw new AppError("unavailable", "away");
      return startRun(call);
    });
    const { executor, steps } = scriptedExecutor();
    const agent = await start(executor);
    await until("a try to start", () => control.door.callsOf("startRun").length > 0);
    return { agent, steps, comesUp: () => (up = true) };
  };
  const states = async () => (await openLedger(dir)).entries().map(({ attempt, state }) => `${attempt} ${state}`);

  it("is let go when the run is over: the agent asks for it no more", async () => {
    const { agent, steps } = await prepared();
    control.run.status = "ended";
    control.door.on("getEnvelope", () => {
      throw new AppError("expired", "the run has ended: cancelled");
    });
    await until("the last state", async () => (await states()).includes("1 dropped"));
    const asked = control.door.callsOf("getEnvelope").length;
    const looked = control.door.callsOf("pendingRuns").length;
    await agent.ring();
    await until("a look after that", () => control.door.callsOf("pendingRuns").length > looked);
    await stop(agent);
    expect(control.door.callsOf("getEnvelope")).toHaveLength(asked);
    expect(steps).toEqual([]);
  });

  it("is let go when the run goes on as another attempt", async () => {
    const { steps, comesUp } = await prepared();
    control.again(2);
    comesUp();
    await reported();
    expect((await states()).sort()).toEqual(["1 dropped", "2 reported"]);
    expect(steps.map(({ attempt }) => attempt)).toEqual([2]);
  });

  it("and is then refused, because the run was cancelled, does not keep the next attempt from beginning", async () => {
    const startRun = control.door.handlerOf("startRun");
    let refused = 0;
    control.door.on("startRun", (call) => {
      if ((call.body as { attempt: number }).attempt > 1) return startRun(call);
      refused += 1;
      // Cancelled, and tried again by a person, before the agent has looked at its list again.
      control.again(2);
      throw new AppError("stale_attempt", "this attempt has ended");
    });
    const { executor, steps } = scriptedExecutor();
    await start(executor);
    await reported();
    expect(refused).toBe(1);
    expect((await states()).sort()).toEqual(["1 dropped", "2 reported"]);
    expect(steps.map(({ attempt }) => attempt)).toEqual([2]);
  });
});

it("what ended a week ago is forgotten by an agent that goes on running", async () => {
  const agent = await start(scriptedExecutor().executor);
  await reported();
  const heartbeat = control.door.handlerOf("heartbeat");
  control.door.on("heartbeat", (call) => ({
    ...(heartbeat(call) as object),
    serverTimeMs: Date.now() + 8 * 86_400_000,
  }));
  await agent.beat();
  await until("an empty ledger", async () => (await openLedger(dir)).entries().length === 0);
});

describe("trust", () => {
  it("only grows: an older release, or the same version with other content, is refused after a restart too", async () => {
    const first = scriptedExecutor();
    const agent = await start(first.executor);
    await reported();
    expect(agent.status()).toMatchObject({ trustVersion: 1, releaseVersion: 3 });
    await stop(agent);

    control.run.status = "sent";
    delete control.run.ledgerId;
    control.served.envelope = control.world.envelope({
      plan: { releaseVersion: 2 },
      envelope: { attempt: 2 },
    }).document;
    for (const release of [{ version: 2 }, { actions: [] }]) {
      control.served.release = control.world.releaseDocument(release);
      const { executor, steps } = scriptedExecutor();
      const again = await start(executor);
      await until("the refusal", () => again.status().refusals.some((text) => text.includes("forbidden")));
      expect(steps).toHaveLength(0);
      await stop(again);
    }
  });
});

describe("a state folder", () => {
  it("has one agent at a time", async () => {
    await start(scriptedExecutor().executor);
    await expect(control.startAgent(scriptedExecutor().executor)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("a bundle", () => {
  it.each([
    ["an absolute path", { name: "/etc/cron.d/evil", content: "x" }],
    ["a path that climbs out", { name: "roles/../../evil", content: "x" }],
    ["a symbolic link", { name: "link", type: "symlink", linkname: "/etc/passwd" }],
    ["a hard link", { name: "link", type: "link", linkname: "a" }],
  ] as const)("with %s is refused", async (_, entry) => {
    await writeFile(join(dir, "canary"), "");
    await expect(
      unpack(await tarGz([{ name: "a", content: "a" }, entry]), join(dir, "unpacked")),
    ).rejects.toMatchObject({ code: "forbidden" });
    expect(await readdir(dir)).not.toContain("evil");
  });
});
