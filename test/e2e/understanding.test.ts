import type { Client } from "@steward/contracts/client";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approve, until, untilEnded } from "../support/installation.ts";
import { startWithModels, untilWorkerIsReady, type WithModels } from "../support/with-models.ts";

/** Sentences as people say them, through the front door; nothing but the matcher is there to read them. */

let world: WithModels;
let acme: Client;
const target = "acme-berlin-01";

beforeAll(async () => {
  world = await startWithModels({ worker: false, claude: false });
  acme = world.installation.as("acme");
});
afterAll(() => world.close());

const ask = (instruction: string): Promise<TaskView> =>
  acme("submitTask", { body: { instruction, targets: [target] } });
const rested = (task: TaskView) =>
  until(acme, task.id, ({ status }) => status !== "thinking" && status !== "queued", 30_000);

describe("what was promised", () => {
  it('"give john a share": a plan whose path is marked assumed', async () => {
    const task = await ask("give john a share");
    expect(task).toMatchObject({
      status: "awaiting_approval",
      plan: {
        steps: [
          {
            action: "samba.share.add",
            variables: { users: ["john"], path: "/srv/samba/john" },
            provenance: { users: { source: "said", text: "john" }, path: { source: "assumed" } },
          },
        ],
      },
    });
    await approve(acme, task);
    expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
  });

  it('"add a user": one question, then its answer makes the plan', async () => {
    const task = await ask("add a user");
    expect(task).toMatchObject({
      status: "needs_input",
      question: { action: "users.add", variable: "username", text: "What should the user be called?" },
    });
    expect(task.plan).toBeUndefined();
    const answered = await acme("answerTask", { params: { taskId: task.id }, body: { answer: "mia" } });
    expect(answered).toMatchObject({
      status: "awaiting_approval",
      plan: { steps: [{ variables: { username: "mia" } }] },
    });
    expect(answered.question).toBeUndefined();
    await approve(acme, answered);
    expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
  });

  it('"what\'s the weather": a clear no without a model, which says what can be done and how to get one', async () => {
    const task = await rested(await ask("what's the weather"));
    expect(task).toMatchObject({ status: "failed", runs: [] });
    expect(task.result?.message).toMatch(
      /None of the actions does this\. What can be done, among others: .*add a user/,
    );
    expect(task.result?.message).toContain("no Claude key is set");
    expect(task.result?.next?.join("\n")).toMatch(/Say: .*\n.*start Ollama.*steward secrets set anthropic/s);
  });
});

describe("sentences for every action", () => {
  const sentences: [string, string, Record<string, unknown>][] = [
    ["add user john", "users.add", { username: "john" }],
    ["please create an account for Maria", "users.add", { username: "maria" }],
    ["lena needs an account", "users.add", { username: "lena" }],
    ["create user tom in group video", "users.add", { username: "tom", groups: ["video"] }],
    ["remove user anna", "users.remove", { username: "anna" }],
    ["delete the account of ben", "users.remove", { username: "ben" }],
    ["list users", "users.list", {}],
    ["who has an account?", "users.list", {}],
    ["show me every login", "users.list", {}],
    ["set up samba", "samba.server.setup", {}],
    ["set up a file server in the workgroup HOME", "samba.server.setup", { workgroup: "HOME" }],
    ["create a samba share photos", "samba.share.add", { share: "photos" }],
    ["give anna a share called music", "samba.share.add", { share: "music", users: ["anna"] }],
    ["share /srv/media as films", "samba.share.add", { share: "films", path: "/srv/media" }],
    ["set up dns for home.example", "dns.server.setup", { domain: "home.example" }],
    ["point printer to 192.168.1.20", "dns.record.add", { name: "printer", type: "A", value: "192.168.1.20" }],
    ["add a dns record nas A 192.168.1.5", "dns.record.add", { name: "nas", type: "A", value: "192.168.1.5" }],
    ["remove the share photos", "samba.share.remove", { share: "photos" }],
    ["lena forgot her samba password", "samba.password.reset", { username: "lena" }],
    ["delete the A record of printer", "dns.record.remove", { name: "printer", type: "A" }],
    ["set up a certificate authority", "pki.ca.setup", {}],
    ["issue a certificate for nas.lan", "pki.certificate.issue", { hostname: "nas.lan", days: 365 }],
    ["renew the certificate of nas.lan", "pki.certificate.renew", { hostname: "nas.lan" }],
    ["restart smbd", "service.restart", { service: "smbd" }],
    ["the ssh service hangs, restart it", "service.restart", { service: "ssh" }],
    ["how full is the disk?", "disk.usage", {}],
    ["how much space is left", "disk.usage", {}],
    ["tell me about this machine", "system.facts", {}],
    ["ping", "system.ping", {}],
    ["is it alive?", "system.ping", {}],
  ];
  it.each(sentences)("%j is %s", async (instruction, action, variables) => {
    const task = await rested(await ask(instruction));
    const [step, ...others] = task.plan?.steps ?? [];
    expect([instruction, task.status, step?.action, others]).toEqual([instruction, "awaiting_approval", action, []]);
    expect(step?.variables).toMatchObject(variables);
    for (const [name, { source, text }] of Object.entries(step?.provenance ?? {})) {
      expect([name, source]).toEqual([name, expect.stringMatching(/^(said|assumed|fact)$/)]);
      // Whatever is said to be said has been said.
      if (source === "said") expect(instruction.toLowerCase()).toContain(text?.toLowerCase());
    }
  });

  it.each([
    ["restart samba", "service", "smbd"],
    ["restart a service", "service", "smbd"],
    ["remove a user", "username", ""],
    ["create a share", "share", ""],
    ["set up a dns server", "domain", ""],
  ])("%j asks for the %s", async (instruction, variable, choice) => {
    const task = await rested(await ask(instruction));
    expect(task).toMatchObject({ status: "needs_input", question: { variable } });
    if (choice !== "") expect(task.question?.choices).toContain(choice);
  });

  it("several things at once, in their order", async () => {
    const task = await ask("add user john, create a samba share photos and restart smbd");
    expect(task.plan?.steps.map(({ action, variables }) => [action, Object.values(variables)[0]])).toEqual([
      ["users.add", "john"],
      ["samba.share.add", "photos"],
      ["service.restart", "smbd"],
    ]);
    expect(task.plan?.risk).toBe("medium");
    await approve(acme, task);
    const ended = await untilEnded(acme, task.id);
    expect(ended.runs?.[0]?.steps.map(({ action }) => action)).toEqual([
      "users.add",
      "samba.share.add",
      "service.restart",
    ]);
  });

  it("says the risk and that something cannot be undone", async () => {
    const task = await ask("restart ssh");
    expect(task.plan).toMatchObject({
      risk: "high",
      steps: [{ undo: "none", riskReasons: ["could cut off the appliance"] }],
    });
    expect(task.gate).toMatchObject({ approver: "retype" });
  });

  it.each(["", "   ", "???", "asdf qwer", "I love you", "tell me a joke", "buy milk", "42"])(
    "%j is no request: a clear no, and no plan",
    async (instruction) => {
      if (instruction.trim() === "") {
        await expect(ask(instruction)).rejects.toMatchObject({ code: "invalid_request" });
        return;
      }
      const task = await rested(await ask(instruction));
      expect(task).toMatchObject({ status: "failed", runs: [] });
      expect(task.plan).toBeUndefined();
      expect(task.result?.next?.length).toBeGreaterThan(0);
    },
  );
});

describe("with a model", () => {
  let modelled: WithModels;
  beforeAll(async () => {
    modelled = await startWithModels({ appliances: 1 });
    await untilWorkerIsReady(modelled.installation);
  });
  afterAll(() => modelled.close());

  it('"what\'s the weather" is a clear no as well: out of scope', async () => {
    modelled.models.script({ kind: "answer", json: { understood: "The weather.", outOfScope: true, steps: [] } });
    const call = modelled.installation.as("acme");
    const { id } = await call("submitTask", { body: { instruction: "what's the weather", targets: [target] } });
    const task = await untilEnded(call, id);
    expect(task).toMatchObject({ status: "failed", planning: { tier: "ollama" }, runs: [] });
    expect(task.result?.message).toMatch(/None of the actions does this/);
    expect(task.result?.message).not.toContain("key");
  });

  it("a model that wants to please with the weather gets no further", async () => {
    const steps = [{ action: "disk.usage", variables: {} }];
    const script = { kind: "answer" as const, json: { understood: "", outOfScope: false, steps } };
    modelled.models.script(script);
    modelled.claude.script(script);
    const call = modelled.installation.as("acme");
    const { id } = await call("submitTask", { body: { instruction: "what's the weather", targets: [target] } });
    const task = await untilEnded(call, id);
    expect(task).toMatchObject({ status: "failed", runs: [] });
    expect(task.plan).toBeUndefined();
  });
});

it("a question is answered without any model: with what the documentation says, which is called so", async () => {
  const task = await rested(
    await acme("askSupport", { body: { question: "how do I reach my files from Windows?", targets: [target] } }),
  );
  expect(task).toMatchObject({
    status: "succeeded",
    answer: { source: "documentation", citations: [{ number: 1 }, { number: 2 }, { number: 3 }] },
    result: { message: expect.stringMatching(/^From the documentation, .*no model has read it/) },
  });
  expect(task.answer?.citations.map(({ href }) => href)).toContain("docs/files.md#from-windows");
  expect(task.result?.next?.join(" ")).toMatch(/ollama pull .*steward tasks escalate tsk_/);
});
