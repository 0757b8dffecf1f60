import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskView } from "@steward/contracts/task";
import { askModel } from "@steward/worker/ask-model";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../packages/local/src/free-ports.ts";
import { type Installation, until } from "../support/installation.ts";
import { requireOrSkip } from "../support/require.ts";
import type { ScriptedModels } from "../support/scripted-models.ts";
import { tinyModel } from "../support/tiny-model.ts";
import { startWithModels, type WithModels } from "../support/with-models.ts";

/*
 * A real Ollama, with a model that was made a moment ago and says gibberish. The worker is the real one, by the real
 * protocol; what the model says must end in the next tier, or in a failure that says why. Opt-in, because few machines have
 * one: STEWARD_OLLAMA names the program (no network is needed), or STEWARD_OLLAMA_HOST a server that may be given a model.
 */

const program = process.env["STEWARD_OLLAMA"] ?? "";
const given = process.env["STEWARD_OLLAMA_HOST"] ?? "";
const usable = given !== "" || (program !== "" && spawnSync(program, ["--version"]).status === 0);
const model = "steward-tiny";

requireOrSkip(
  "ollama",
  usable,
  "set STEWARD_OLLAMA to the path of ollama",
)("a real Ollama", () => {
  let folder: string;
  let server: ChildProcess | undefined;
  let host: string;
  let world: WithModels;
  let installation: Installation;
  let claude: ScriptedModels;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "steward-ollama-"));
    host = given === "" ? await startServer() : given;
    await makeModel();
    world = await startWithModels({
      worker: {
        ollamaHost: host,
        env: {
          STEWARD_WORKER_SLOTS: "2",
          STEWARD_WORKER_MODELS: ["express", "standard", "bulk"].map((lane) => `${lane}=${model}`).join(","),
        },
      },
      functionEnv: { STEWARD_JOB_DEADLINE_SECONDS: "120", STEWARD_LEASE_SECONDS: "10" },
    });
    ({ installation, claude } = world);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    // Not SIGKILL: it ends the runners that it started.
    if (server?.kill("SIGTERM") === true) await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  async function startServer(): Promise<string> {
    const address = `127.0.0.1:${await freePort()}`;
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, OLLAMA_HOST: address, OLLAMA_MODELS: folder };
    server = spawn(program, ["serve"], { env, stdio: "ignore" });
    const answers = () =>
      fetch(`http://${address}/api/version`).then(
        () => true,
        () => false,
      );
    for (const untilMs = Date.now() + 30_000; !(await answers()); ) {
      if (Date.now() > untilMs) throw new Error("ollama does not answer");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return `http://${address}`;
  }
  async function makeModel(): Promise<void> {
    const { bytes, sha256 } = tinyModel(7);
    const post = async (path: string, body: string | Uint8Array<ArrayBuffer>) => {
      const answer = await fetch(`${host}${path}`, { method: "POST", body });
      expect([path, answer.status]).toEqual([path, path === "/api/create" ? 200 : 201]);
      await answer.text();
    };
    await post(`/api/blobs/sha256:${sha256}`, new Uint8Array(bytes));
    const template = "{{ .System }}\n{{ .Prompt }}\n";
    const files = { "tiny.gguf": `sha256:${sha256}` };
    await post("/api/create", JSON.stringify({ model, files, template, stream: false }));
  }

  const submit = (name: string): Promise<TaskView> =>
    installation.as("acme")("submitTask", {
      body: { instruction: `onboard our new colleague ${name}`, targets: ["acme-berlin-01"] },
    });
  const rested = (task: TaskView) =>
    until(installation.as("acme"), task.id, ({ status }) => status !== "thinking" && status !== "queued", 150_000);

  it("has its gibberish refused, and the next tier asked", { timeout: 160_000 }, async () => {
    claude.script(() => ({
      kind: "answer",
      json: {
        understood: "Add the user nadia.",
        outOfScope: false,
        steps: [{ action: "users.add", variables: { username: "nadia" } }],
      },
    }));
    const task = await rested(await submit("nadia"));
    expect(task).toMatchObject({
      status: "awaiting_approval",
      plan: { steps: [{ action: "users.add", variables: { username: "nadia" } }] },
      planning: { tier: "claude" },
    });
    expect(claude.requests.length).toBeGreaterThan(0);
  });

  it("where the next tier fails too, the task fails, and says why", { timeout: 160_000 }, async () => {
    claude.script(() => ({ kind: "status", status: 500, message: "scripted" }));
    const task = await rested(await submit("oscar"));
    expect(task.status).toBe("failed");
    expect(task.result?.message ?? "").not.toBe("");
    expect(task.plan).toBeUndefined();
  });

  it("holds its answer to the schema, and stops when it is told to", { timeout: 120_000 }, async () => {
    const schema = { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] };
    const ask = { host, model, system: "Say yes.", prompt: "yes?", schema, onTokens: () => {} };
    const answered = await askModel({ ...ask, signal: new AbortController().signal });
    expect(JSON.parse(answered.output)).toEqual({ yes: expect.any(Boolean) });
    expect(answered.promptTokens).toBeGreaterThan(0);
    expect(answered.completionTokens).toBeGreaterThan(0);

    const cut = new AbortController();
    const { schema: _none, ...freely } = ask;
    await expect(askModel({ ...freely, onTokens: () => cut.abort(), signal: cut.signal })).rejects.toThrow();
    // A server that went on would keep the next one waiting: it has one place by default.
    const again = await askModel({ ...ask, signal: AbortSignal.timeout(60_000) });
    expect(JSON.parse(again.output)).toHaveProperty("yes");
  });
});
