import type { AuditEntryView } from "@steward/contracts/audit";
import type { Client } from "@steward/contracts/client";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approve, type Installation, until, untilEnded } from "../support/installation.ts";
import { eventsOfRequest, signedInCommand } from "../support/one-request.ts";
import type { ModelRequest, Protocol, ScriptedModels, Script } from "../support/scripted-models.ts";
import { claudeKey, startWithModels, untilWorkerIsReady, type WithModels } from "../support/with-models.ts";

/*
 * What models do wrong, in either tier: the next tier answers, or a clear failure comes within the deadline. Each task
 * has its own script, found by the name in its sentence, so that all can go on at once.
 */

/** Time for the longest way: a lease that lapses, a message that the dead worker's long poll swallows, the next tier. */
const deadlineMs = 20_000;
let world: WithModels;
let installation: Installation;
let models: ScriptedModels;
let claude: ScriptedModels;
let acme: Client;

beforeAll(async () => {
  world = await startWithModels({
    heartbeatIntervalSeconds: 1,
    functionEnv: { STEWARD_JOB_DEADLINE_SECONDS: String(deadlineMs / 1000), STEWARD_LEASE_SECONDS: "2" },
  });
  ({ installation, models, claude } = world);
  acme = installation.as("acme");
  for (const server of [models, claude]) server.script(scripted);
});
afterAll(() => world.close());

const scripts = new Map<string, Partial<Record<Protocol, Script>>>();
const fault: Script = { kind: "status", status: 500, message: "no script" };

function scripted(request: ModelRequest): Script {
  return scripts.get(nameIn(request))?.[request.protocol] ?? fault;
}
function nameIn({ prompt }: ModelRequest): string {
  // The sentence comes last in every prompt; what stands before it may speak of colleagues too.
  return [...prompt.matchAll(/colleague (\w+)/g)].at(-1)?.[1] ?? "";
}
const asked = (name: string, protocol: Protocol) =>
  (protocol === "ollama" ? models : claude).requests.filter((request) => nameIn(request) === name);

/** What a good model says to "onboard our new colleague <name>", a sentence that the matcher leaves to models. */
const good = (name: string, more: object = {}): Script => ({
  kind: "answer",
  json: {
    understood: `Add the user ${name}.`,
    outOfScope: false,
    steps: [{ action: "users.add", variables: { username: name, ...more } }],
  },
});

async function onboard(name: string, script: Partial<Record<Protocol, Script>>): Promise<TaskView> {
  scripts.set(name, script);
  const task = await acme("submitTask", {
    body: { instruction: `onboard our new colleague ${name}`, targets: ["acme-berlin-01"] },
  });
  expect(task.status).toBe("thinking");
  return task;
}
const rested = (task: TaskView, withinMs = deadlineMs + 5_000) =>
  until(acme, task.id, ({ status }) => status !== "thinking" && status !== "queued", withinMs);

function expectPlanFor(name: string, task: TaskView, tier: "ollama" | "claude"): void {
  expect(task).toMatchObject({
    status: "awaiting_approval",
    plan: {
      steps: [
        {
          action: "users.add",
          variables: { username: name },
          provenance: { username: { source: "said", text: name } },
        },
      ],
    },
    planning: {
      tier,
      model: tier === "ollama" ? "llama3.2:3b" : expect.stringMatching(/^claude-/),
      grade: expect.any(Number),
      promptTokens: expect.any(Number),
      completionTokens: expect.any(Number),
      latencyMs: expect.any(Number),
    },
  });
  expect(task.planning?.grade).toBeGreaterThanOrEqual(0.8);
  expect(task.planning?.promptTokens).toBeGreaterThan(100);
  expect(task.planning?.completionTokens).toBeGreaterThan(10);
}

/** A clear no: it names the tiers and what each did, and what the person can do now. */
function expectClearFailure(task: TaskView, ...says: RegExp[]): void {
  expect(task).toMatchObject({ status: "failed", runs: [] });
  expect(task.plan).toBeUndefined();
  for (const words of says) expect(task.result?.message).toMatch(words);
  expect(task.result?.next?.length).toBeGreaterThan(0);
  expect(JSON.stringify(task)).not.toContain(claudeKey);
}

describe("a good answer of Ollama", () => {
  it("becomes a plan with its provenance, is approved, and runs", async () => {
    const task = await rested(await onboard("nora", { ollama: good("nora") }));
    expectPlanFor("nora", task, "ollama");
    expect(task.planning?.attempts).toBe(1);
    expect(asked("nora", "anthropic")).toEqual([]);
    // What the model was given: the allowed actions and the request as data, held to a schema; no secret.
    const [request] = asked("nora", "ollama");
    expect(request?.schema).toMatchObject({ type: "object", required: ["understood", "outOfScope", "steps"] });
    expect(request?.system).toContain('"users.add"');
    expect(request?.prompt).toContain(JSON.stringify("onboard our new colleague nora"));
    expect(`${request?.system}${request?.prompt}`).not.toContain("birch");
    await approve(acme, task);
    expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
  });

  it("one id leads from the command through worker and appliance to the trail", async () => {
    scripts.set("ida", { ollama: good("ida") });
    const steward = await signedInCommand(installation, "acme");
    const words = "onboard our new colleague ida";
    const { id, requestId = "", status } = await steward.run<TaskView>("ask", words, "--on", "acme-berlin-01", "--yes");
    expect([status, requestId]).toEqual(["simulated", expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect((await acme("getTask", { params: { taskId: id } })).requestId).toBe(requestId);
    const runs = ["run.started", "run.ended", "run.reported"].map((event) => `acme-berlin-01 ${event}`);
    const logged = () => eventsOfRequest(installation, requestId);
    await expect.poll(logged, { timeout: 20_000 }).toEqual(expect.arrayContaining(["worker job.ended", ...runs]));
    const { items } = await steward.run<{ items: AuditEntryView[] }>("audit", "ls", "--request", requestId);
    steward.close();
    const people = ["submit-task per", "approve-plan per"];
    const machines = ["complete-job wrk", "start-run apl", "record-run apl", "send-run steward:dispatch"];
    const did = items.map(({ what, who }) => `${what} ${who.split("_")[0]}`);
    expect(did).toEqual(expect.arrayContaining([...people, ...machines, "finish-task steward:dispatch"]));
  });

  it("a value that nobody said but the defaults give is marked assumed", async () => {
    scripts.set("", {
      ollama: {
        kind: "answer",
        json: {
          understood: "",
          outOfScope: false,
          steps: [
            { action: "samba.share.add", variables: { users: ["nora"], share: "nora", path: "/srv/samba/nora" } },
          ],
        },
      },
    });
    const task = await acme("submitTask", {
      body: { instruction: "nora should get a share", targets: ["acme-berlin-01"] },
    });
    expect(await rested(task)).toMatchObject({
      status: "awaiting_approval",
      plan: {
        steps: [{ provenance: { users: { source: "said" }, path: { source: "assumed" } } }],
      },
    });
  });
});

describe.concurrent("Ollama falls short and Claude answers", () => {
  const shortfalls: [what: string, name: string, script: Script][] = [
    ["500", "ann", { kind: "status", status: 500, message: "out of memory" }],
    ["no such model any more (404)", "bea", { kind: "status", status: 404, message: "model not found" }],
    ["silent from the start", "cleo", { kind: "hang", afterTokens: 0 }],
    ["hanging mid-stream", "dora", { kind: "hang", afterTokens: 7 }],
    ["cut mid-stream", "emmy", { kind: "cut", afterTokens: 7 }],
    ["prose", "fay", { kind: "text", text: "Sure! I would be happy to help you add a user." }],
    ["JSON of another shape", "gwen", { kind: "answer", json: { action: "users.add", username: "gwen" } }],
    ["half an object", "hope", { kind: "text", text: '{"understood":"","outOfScope":false,"ste' }],
    ["no protocol at all", "iris", { kind: "garbage" }],
    [
      "an unknown action",
      "june",
      {
        kind: "answer",
        json: { understood: "", outOfScope: false, steps: [{ action: "users.create", variables: {} }] },
      },
    ],
    ["an invented value", "kate", good("kate", { groups: ["video"] })],
    ["an invented key", "lucy", good("lucy", { sshKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"a".repeat(43)}` })],
    ["a template in a value", "mary", good("mary", { groups: ["{{ lookup('pipe','id') }}"] })],
    ["nothing", "nell", { kind: "answer", json: { understood: "", outOfScope: false, steps: [] } }],
  ];
  it.each(shortfalls)("%s", async (_, name, script) => {
    const startedMs = performance.now();
    const task = await rested(await onboard(name, { ollama: script, anthropic: good(name) }));
    expectPlanFor(name, task, "claude");
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs);
    expect(asked(name, "ollama").length).toBeGreaterThan(0);
    expect(asked(name, "anthropic")).toHaveLength(1);
  });
});

describe.concurrent("both fall short", () => {
  const shortfalls: [what: string, name: string, script: Script, says: RegExp][] = [
    ["Claude's prose", "vera", { kind: "text", text: "I am sorry, I cannot do that." }, /claude: The model did not/],
    ["Claude's answer too long", "wanda", { kind: "text", text: "{", stopReason: "max_tokens" }, /cut off/],
    ["Claude refusing", "xena", { kind: "text", text: "", stopReason: "refusal" }, /refused to answer/],
    ["Claude inventing", "yara", good("eve"), /claude: /],
  ];
  it.each(shortfalls)("%s: a clear failure within the deadline", async (_, name, script, says) => {
    const startedMs = performance.now();
    const ollama: Script = { kind: "text", text: "no idea" };
    const task = await rested(await onboard(name, { ollama, anthropic: script }));
    expectClearFailure(task, /ollama: The model did not answer in the form/, says);
    // The reconciler looks once a second.
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs + 4_000);
  });

  it("a bad answer of Claude is paid for once", async () => {
    const ollama: Script = { kind: "text", text: "no idea" };
    const task = await onboard("zita", { ollama, anthropic: { kind: "text", text: "neither have I" } });
    expectClearFailure(await rested(task), /claude: /);
    expect(asked("zita", "anthropic")).toHaveLength(1);
  });

  it("out of scope is a clear no, in one tier", async () => {
    const task = await onboard("abby", {
      ollama: { kind: "answer", json: { understood: "", outOfScope: true, steps: [] } },
    });
    expect(await rested(task)).toMatchObject({ status: "failed", planning: { tier: "ollama" } });
    expect(asked("abby", "anthropic")).toEqual([]);
  });
});

describe("the worker dies", () => {
  it("in the middle of a job: the job is taken again, by it or by Claude", async () => {
    const task = await onboard("bella", { ollama: { kind: "hang", afterTokens: 3 }, anthropic: good("bella") });
    await untilAsked("bella", "ollama");
    installation.stack.kill("worker");
    scripts.set("bella", { ollama: good("bella"), anthropic: good("bella") });
    const done = await rested(task);
    expect(done).toMatchObject({
      status: "awaiting_approval",
      plan: { steps: [{ variables: { username: "bella" } }] },
    });
    await installation.stack.up("worker");
    await untilWorkerIsReady(installation);
    // What the dead one was polling for may still be given to it, and is not seen for half a minute: until one comes through.
    for (const name of ["lara", "luca", "lena", "lewis"]) {
      const lure = await onboard(name, { ollama: good(name), anthropic: good(name) });
      const isAsked = untilAsked(name, "ollama").then(
        () => true,
        () => false,
      );
      await rested(lure);
      if (await isAsked) return;
    }
    throw new Error("no worker takes jobs any more");
  });
});

describe("nobody is there", () => {
  it("Claude for a moment: asked again with a pause, until it answers", async () => {
    await claude.refuseConnections();
    let task: TaskView;
    try {
      task = await onboard("edda", { ollama: { kind: "text", text: "no idea" }, anthropic: good("edda") });
      await untilAsked("edda", "ollama");
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    } finally {
      await claude.acceptConnections();
    }
    expectPlanFor("edda", await rested(task), "claude");
    // What the function said of it is found by the request, too.
    expect(eventsOfRequest(installation, task.requestId ?? "")).toContain("host claude_failed");
  });

  it("Ollama from one moment to the next: Claude answers within the deadline, and at once when a heartbeat has told", async () => {
    await untilWorkerIsReady(installation);
    await models.refuseConnections();
    try {
      const startedMs = performance.now();
      expectPlanFor("carla", await rested(await onboard("carla", { anthropic: good("carla") })), "claude");
      expect(performance.now() - startedMs).toBeLessThan(deadlineMs);
      await untilWorkerIsReady(installation, false);
      const toldMs = performance.now();
      expectPlanFor("dina", await rested(await onboard("dina", { anthropic: good("dina") })), "claude");
      expect(performance.now() - toldMs).toBeLessThan(3_000);
      expect(asked("dina", "anthropic")).toHaveLength(1);
    } finally {
      await models.acceptConnections();
    }
  });
});

async function untilAsked(name: string, protocol: Protocol): Promise<void> {
  const lateMs = Date.now() + 10_000;
  while (asked(name, protocol).length === 0) {
    if (Date.now() > lateMs) throw new Error(`${protocol} was never asked about ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a question", () => {
  const nextText = async (ask: Client, task: TaskView, answerFrom: number) =>
    ask("getTask", { params: { taskId: task.id }, query: { wait: 10, since: task.version, answerFrom } });

  it("is answered word by word from numbered sources, which the answer cites; nothing of anybody else is among them", async () => {
    const text = "Open the Explorer and type the path of the share into the address bar, then sign in [1].";
    scripts.set("vera", { ollama: { kind: "text", text: `${text}\nPROPOSAL: add user vera`, tokenMs: 60 } });
    const task = await acme("askSupport", {
      body: {
        question: "How does our colleague vera open the share from the Explorer in Windows? Please add user vera.",
        targets: ["acme-berlin-01"],
      },
    });
    expect(task).toMatchObject({ kind: "support", status: "thinking" });
    let now = await nextText(acme, task, 0);
    let seen = "";
    while (now.status === "thinking") {
      expect(now.growing?.offset ?? seen.length).toBe(seen.length);
      seen += now.growing?.text ?? "";
      now = await nextText(acme, task, seen.length);
    }
    // What is shown early is a beginning of what comes out.
    expect(seen.length).toBeGreaterThan(20);
    expect(text.startsWith(seen.trim())).toBe(true);
    expect(now).toMatchObject({
      status: "succeeded",
      answer: {
        source: "model",
        text,
        citations: [{ number: 1, source: "documentation", href: "docs/files.md#from-windows" }],
        proposal: { instruction: "add user vera" },
      },
      planning: { tier: "ollama" },
    });
    expect(now.plan).toBeUndefined();
    const request = asked("vera", "ollama").at(-1);
    expect(request?.schema).toBeUndefined();
    expect(request?.prompt).toContain("acme-berlin-01");
    expect(request?.prompt).not.toMatch(/acme-berlin-02|birch/);
  });

  it("goes to Claude where Ollama cites nothing", async () => {
    scripts.set("olga", {
      ollama: { kind: "text", text: "Just open the Explorer." },
      anthropic: { kind: "text", text: "Open the Explorer and type the path of the share [1]." },
    });
    const question = "How does our colleague olga open a share from Windows?";
    const task = await rested(await acme("askSupport", { body: { question } }));
    expect(task).toMatchObject({ status: "succeeded", planning: { tier: "claude" }, answer: { source: "model" } });
  });

  it("is not answered by what no source says: whoever asked is told that nobody knows, and what is nearest", async () => {
    const made = {
      kind: "text",
      text: "Run `steward windows --mount Z:` and open https://share.example/z [1].",
    } as const;
    scripts.set("rita", { ollama: made, anthropic: made });
    const question = "How does our colleague rita open a share from Windows?";
    const task = await rested(await acme("askSupport", { body: { question } }));
    expect(task).toMatchObject({ status: "failed", answer: { source: "documentation" } });
    expect(task.result?.message).toMatch(/^I do not know/);
    expect(task.answer?.citations.map(({ href }) => href)).toContain("docs/files.md#from-windows");
    expect(JSON.stringify(task)).not.toContain("share.example");
  });

  it("about something else is told so at once, and no model is asked", async () => {
    const task = await acme("askSupport", { body: { question: "who won the football championship" } });
    expect(task).toMatchObject({ status: "failed", result: { message: expect.stringMatching(/^I do not know/) } });
    expect(task.answer).toBeUndefined();
  });

  it("has no power: whatever an answer says, nothing is planned and nothing runs", async () => {
    const text = "Done, I have removed the user [1].";
    scripts.set("hugo", { ollama: { kind: "text", text: `${text}\nPROPOSAL: remove the user anna` } });
    const task = await acme("askSupport", {
      query: { wait: 20 },
      body: { question: "How is the user of our colleague hugo removed, I have a share?", targets: ["acme-berlin-01"] },
    });
    expect(task.answer?.proposal).toBeUndefined();
    expect(task).toMatchObject({ kind: "support", runs: [] });
    const tasks = await acme("listTasks", { query: {} });
    expect(tasks.items.filter(({ instruction }) => /anna/.test(instruction ?? ""))).toEqual([]);
  });
});

/** Last: while Claude is known to be down nobody is asked there, which would be news to every other test. */
describe.concurrent("Claude is down, however it shows", () => {
  const outages: [what: string, name: string, script: Script, says: RegExp][] = [
    ["Claude 500", "olga", { kind: "status", status: 500 }, /claude: Claude has a fault/],
    ["Claude 401", "pia", { kind: "status", status: 401 }, /claude: Claude could not be asked/],
    ["Claude overloaded", "rose", { kind: "status", status: 529 }, /claude: Claude has a fault/],
    ["Claude silent", "sue", { kind: "hang", afterTokens: 0 }, /time for it is over|did not answer in time/],
    [
      "Claude hanging mid-stream",
      "tess",
      { kind: "hang", afterTokens: 5 },
      /time for it is over|did not answer in time/,
    ],
    ["Claude's connection cut", "uma", { kind: "cut", afterTokens: 5 }, /claude: /],
  ];
  it.each(outages)("%s: a clear failure within the deadline", async (_, name, script, says) => {
    const startedMs = performance.now();
    const task = await rested(await onboard(name, { ollama: { kind: "text", text: "no idea" }, anthropic: script }));
    const knownToBeDown = /Claude is down, and there is no time to wait for it/;
    expectClearFailure(
      task,
      /ollama: The model did not answer in the form/,
      new RegExp(`${says.source}|${knownToBeDown.source}`),
    );
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs + 4_000);
    // What each tier took is shown, though none of them was good enough.
    expect(task.planning?.tiers).toMatchObject([{ tier: "ollama", attempts: 2, fellShort: expect.any(String) }, {}]);
  });
});
